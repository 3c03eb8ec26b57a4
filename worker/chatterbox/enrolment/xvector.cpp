#include "worker/chatterbox/enrolment/xvector.h"

namespace lectern::chatterbox::enrolment {

namespace {

using s3gen::Place;

constexpr int64_t kBands = 80, kChannels = 32, kGrowth = 32, kBottleneck = 128, kEmbedding = 192;
constexpr int64_t kSegment = 100;  // frames that share a context

at::Tensor square_kernel(const Place& place, const char* name, int64_t in) {
  return (place / name).tensor("weight", {kChannels, in, 3, 3});
}

at::Tensor convolved(const at::Tensor& image, const at::Tensor& kernel, int64_t stride) {
  const int64_t edge = kernel.size(2) / 2;
  return at::conv2d(image, kernel, {}, at::IntArrayRef{stride, 1}, at::IntArrayRef{edge, edge});
}

at::Tensor rectified(at::Tensor x) { return x.relu_(); }

std::vector<BasicResBlock> layer(const Place& place) {
  std::vector<BasicResBlock> blocks;
  for (int i = 0; i < 2; ++i) blocks.emplace_back(place / i, i == 0 ? 2 : 1);
  return blocks;
}

// Means over time of segments of 100 frames, each repeated over its segment; the last may be shorter.
at::Tensor segment_means(const at::Tensor& x) {
  const at::Tensor means = at::avg_pool1d(x, kSegment, kSegment, 0, /*ceil_mode=*/true);
  return means.unsqueeze(-1).expand({-1, -1, -1, kSegment}).flatten(2).slice(2, 0, x.size(2));
}

}  // namespace

BatchNorm::BatchNorm(const Place& place, int64_t channels, bool affine)
    : running_mean(place.tensor("running_mean", {channels})), running_var(place.tensor("running_var", {channels})) {
  if (!affine) return;
  weight = place.tensor("weight", {channels});
  bias = place.tensor("bias", {channels});
}

at::Tensor BatchNorm::forward(const at::Tensor& x) const {
  return at::batch_norm(x, weight, bias, running_mean, running_var, /*training=*/false, /*momentum=*/0.0, /*eps=*/1e-5,
                        /*cudnn_enabled=*/false);
}

BasicResBlock::BasicResBlock(const Place& place, int64_t stride)
    : conv1(square_kernel(place, "conv1", kChannels)),
      conv2(square_kernel(place, "conv2", kChannels)),
      bn1(place / "bn1", kChannels),
      bn2(place / "bn2", kChannels),
      stride(stride) {
  if (stride == 1) return;
  shortcut_0 = (place / "shortcut" / 0).tensor("weight", {kChannels, kChannels, 1, 1});
  shortcut_1.emplace_back(place / "shortcut" / 1, kChannels);
}

at::Tensor BasicResBlock::forward(const at::Tensor& x) const {
  const at::Tensor inner = rectified(bn1.forward(convolved(x, conv1, stride)));
  at::Tensor out = bn2.forward(convolved(inner, conv2, 1));
  out.add_(shortcut_0.defined() ? shortcut_1[0].forward(convolved(x, shortcut_0, stride)) : x);
  return rectified(out);
}

FCM::FCM(const Place& place)
    : conv1(square_kernel(place, "conv1", 1)),
      bn1(place / "bn1", kChannels),
      layer1(layer(place / "layer1")),
      layer2(layer(place / "layer2")),
      conv2(square_kernel(place, "conv2", kChannels)),
      bn2(place / "bn2", kChannels) {}

at::Tensor FCM::forward(const at::Tensor& bands) const {
  at::Tensor x = rectified(bn1.forward(convolved(bands.unsqueeze(1), conv1, 1)));
  for (const BasicResBlock& block : layer1) x = block.forward(x);
  for (const BasicResBlock& block : layer2) x = block.forward(x);
  return rectified(bn2.forward(convolved(x, conv2, 2))).flatten(1, 2);
}

CAMLayer::CAMLayer(const Place& place, int64_t dilation)
    : linear_local((place / "linear_local").tensor("weight", {kGrowth, kBottleneck, 3})),
      linear1(place / "linear1", kBottleneck, kBottleneck / 2, {}),
      linear2(place / "linear2", kBottleneck / 2, kGrowth, {}),
      dilation(dilation) {}

at::Tensor CAMLayer::forward(const at::Tensor& x) const {
  const at::Tensor local = at::conv1d(x, linear_local, {}, 1, dilation, dilation);
  const at::Tensor context = x.mean(2, /*keepdim=*/true) + segment_means(x);
  return local * at::sigmoid(linear2.forward(rectified(linear1.forward(context))));
}

CAMDenseTDNNLayer::CAMDenseTDNNLayer(const Place& place, int64_t in, int64_t dilation)
    : nonlinear1(place / "nonlinear1" / "batchnorm", in),
      linear1((place / "linear1").tensor("weight", {kBottleneck, in, 1})),
      nonlinear2(place / "nonlinear2" / "batchnorm", kBottleneck),
      cam_layer(place / "cam_layer", dilation) {}

at::Tensor CAMDenseTDNNLayer::forward(const at::Tensor& x) const {
  const at::Tensor narrow = at::conv1d(rectified(nonlinear1.forward(x)), linear1);
  return cam_layer.forward(rectified(nonlinear2.forward(narrow)));
}

CAMDenseTDNNBlock::CAMDenseTDNNBlock(const Place& xvector, int number, int64_t layers, int64_t in, int64_t dilation)
    : transit_nonlinear(xvector / ("transit" + std::to_string(number)) / "nonlinear" / "batchnorm",
                        in + layers * kGrowth) {
  const int64_t out = in + layers * kGrowth;
  transit_linear = (xvector / ("transit" + std::to_string(number)) / "linear").tensor("weight", {out / 2, out, 1});
  const Place block = xvector / ("block" + std::to_string(number));
  for (int64_t i = 0; i < layers; ++i) {
    tdnnd.emplace_back(block / ("tdnnd" + std::to_string(i + 1)), in + i * kGrowth, dilation);
  }
}

at::Tensor CAMDenseTDNNBlock::forward(at::Tensor x) const {
  for (const CAMDenseTDNNLayer& layer : tdnnd) x = at::cat({x, layer.forward(x)}, 1);
  return at::conv1d(rectified(transit_nonlinear.forward(x)), transit_linear);
}

CAMPPlus::CAMPPlus(const Place& place)
    : head(place / "head"),
      tdnn_linear((place / "xvector" / "tdnn" / "linear").tensor("weight", {128, kChannels * kBands / 8, 5})),
      tdnn_nonlinear(place / "xvector" / "tdnn" / "nonlinear" / "batchnorm", 128),
      out_nonlinear(place / "xvector" / "out_nonlinear" / "batchnorm", 512),
      dense_linear((place / "xvector" / "dense" / "linear").tensor("weight", {kEmbedding, 1024, 1})),
      dense_nonlinear(place / "xvector" / "dense" / "nonlinear" / "batchnorm", kEmbedding, /*affine=*/false) {
  struct Shape {
    int64_t layers, dilation;
  };
  int64_t channels = 128;
  int number = 0;
  for (const auto [layers, dilation] : {Shape{12, 1}, Shape{24, 2}, Shape{16, 2}}) {
    blocks.emplace_back(place / "xvector", ++number, layers, channels, dilation);
    channels = (channels + layers * kGrowth) / 2;
  }
}

at::Tensor CAMPPlus::forward(const at::Tensor& fbank) const {
  at::Tensor x = head.forward(fbank.t().unsqueeze(0).contiguous());
  x = rectified(tdnn_nonlinear.forward(at::conv1d(x, tdnn_linear, {}, /*stride=*/2, /*padding=*/2)));
  for (const CAMDenseTDNNBlock& block : blocks) x = block.forward(x);
  x = rectified(out_nonlinear.forward(x));
  const at::Tensor statistics = at::cat({x.mean(2), x.std(at::IntArrayRef{2}, /*unbiased=*/true)}, 1);
  return dense_nonlinear.forward(at::conv1d(statistics.unsqueeze(2), dense_linear)).squeeze(2);
}

}  // namespace lectern::chatterbox::enrolment
