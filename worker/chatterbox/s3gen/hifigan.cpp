#include "worker/chatterbox/s3gen/hifigan.h"

#include <numbers>

namespace lectern::chatterbox::s3gen {

namespace {

constexpr double kRate = 24000, kSineLoudness = 0.1, kVoicedNoise = 0.003, kVoicedAboveHz = 10;
constexpr double kLargestMagnitude = 100, kLimit = 0.99;
constexpr int64_t kBlockFrames = 200;  // of the source, to keep its float64 temporaries small

struct Stage {
  int64_t in, out;
  ConvShape up, source_down;
  int64_t source_kernel;
};
constexpr Stage kStages[] = {
    {512, 256, {.kernel = 16, .stride = 8, .padding = 4}, {.kernel = 30, .stride = 15, .padding = 7}, 7},
    {256, 128, {.kernel = 11, .stride = 5, .padding = 3}, {.kernel = 6, .stride = 3, .padding = 1}, 7},
    {128, 64, {.kernel = 7, .stride = 3, .padding = 2}, {}, 11}};
constexpr int64_t kKernels[] = {3, 7, 11};
constexpr std::size_t kBlocksPerStage = std::size(kKernels);

// Turns of the first harmonic since the start, in float64: thousands of them must keep an exact fraction. f0 [B, F]
// is held for 480 samples -> [B, 1, S].
at::Tensor turns_of(const at::Tensor& f0, const at::Tensor& turns_before) {
  const at::Tensor step = (f0.to(at::kDouble) / kRate).unsqueeze(2);  // [B, F, 1]
  const at::Tensor inside = at::arange(1, kSamplesPerFrame + 1, step.options());
  const at::Tensor frame_ends = (step * double(kSamplesPerFrame)).cumsum(1);
  const at::Tensor before = frame_ends - step * double(kSamplesPerFrame) + turns_before;
  return (before + step * inside).view({f0.size(0), 1, -1});
}

}  // namespace

ResBlock::ResBlock(const Place& place, int64_t channels, int64_t kernel) {
  for (int i = 0; i < 3; ++i) {
    const auto conv = [&](const char* name, int64_t dilation) {
      return Conv1d(place / name / i, channels, channels,
                    {.kernel = kernel, .padding = (kernel - 1) * dilation / 2, .dilation = dilation});
    };
    convs1.push_back(conv("convs1", 2 * i + 1));
    convs2.push_back(conv("convs2", 1));
    activations1.emplace_back(place / "activations1" / i, channels);
    activations2.emplace_back(place / "activations2" / i, channels);
  }
}

at::Tensor ResBlock::forward(const at::Tensor& input) const {
  at::Tensor x = input;
  for (std::size_t i = 0; i < convs1.size(); ++i) {
    const at::Tensor y = activations2[i].forward_(convs1[i].forward(activations1[i].forward(x)));
    x = convs2[i].forward(y).add_(x);
  }
  return x;
}

SourceModuleHnNSF::SourceModuleHnNSF(const Place& place) : l_linear(place / "l_linear", kHarmonics, 1) {}

at::Tensor SourceModuleHnNSF::forward(const at::Tensor& f0, const at::Tensor& phase, const at::Tensor& noise) const {
  const int64_t frames = f0.size(1);
  const at::Tensor harmonic = at::arange(1, kHarmonics + 1, f0.options().dtype(at::kDouble)).view({1, -1, 1});
  const at::Tensor start = phase * harmonic.ne(1);
  at::Tensor turns = at::zeros({f0.size(0), 1, 1}, harmonic.options());
  std::vector<at::Tensor> blocks;
  for (int64_t from = 0; from < frames; from += kBlockFrames) {
    const int64_t to = std::min(from + kBlockFrames, frames);
    const at::Tensor pitch = f0.slice(1, from, to), fundamental = turns_of(pitch, turns);
    turns = fundamental.slice(2, -1).clone();
    const at::Tensor each = fundamental * harmonic;
    const at::Tensor angle = (each - each.floor()).mul_(2 * std::numbers::pi).to(at::kFloat).add_(start);
    const at::Tensor voiced =
        at::repeat_interleave(pitch.gt(kVoicedAboveHz).to(at::kFloat), kSamplesPerFrame, 1).unsqueeze(1);
    const at::Tensor loudness = voiced * kVoicedNoise + (1 - voiced) * (kSineLoudness / 3);
    const at::Tensor hiss = noise.slice(2, from * kSamplesPerFrame, to * kSamplesPerFrame) * loudness;
    const at::Tensor waves = angle.sin().mul_(voiced * kSineLoudness).add_(hiss);
    blocks.push_back(at::matmul(l_linear.weight, waves).add_(l_linear.bias).tanh_());
  }
  return at::cat(blocks, 2);
}

HiFTGenerator::HiFTGenerator(const Place& place)
    : m_source(place / "m_source"),
      conv_pre(place / "conv_pre", 80, 512, {.kernel = 7, .padding = 3}),
      conv_post(place / "conv_post", 64, 18, {.kernel = 7, .padding = 3}),
      f0_predictor(place / "f0_predictor"),
      spectrum(place.scope.device()) {
  for (std::size_t i = 0; i < std::size(kStages); ++i) {
    const Stage& stage = kStages[i];
    ups.emplace_back(place / "ups" / int(i), stage.in, stage.out, stage.up);
    source_downs.emplace_back(place / "source_downs" / int(i), 18, stage.out, stage.source_down);
    source_resblocks.emplace_back(place / "source_resblocks" / int(i), stage.out, stage.source_kernel);
    for (std::size_t j = 0; j < kBlocksPerStage; ++j) {
      resblocks.emplace_back(place / "resblocks" / int(i * kBlocksPerStage + j), stage.out, kKernels[j]);
    }
  }
}

at::Tensor HiFTGenerator::decode(const at::Tensor& mel, const at::Tensor& s, const Watcher& watch) const {
  const at::Tensor source = spectrum.transform(s);
  at::Tensor x = conv_pre.forward(mel);
  for (std::size_t i = 0; i < ups.size(); ++i) {
    x = ups[i].forward(at::leaky_relu_(x, 0.1));
    if (i + 1 == ups.size()) x = at::reflection_pad1d(x, {1, 0});
    x.add_(source_resblocks[i].forward(source_downs[i].forward(source)));
    at::Tensor sum;
    for (std::size_t j = 0; j < kBlocksPerStage; ++j) {
      const at::Tensor y = resblocks[i * kBlocksPerStage + j].forward(x);
      sum = j == 0 ? y : sum.add_(y);
      watch("resblock", y);
    }
    x = sum.div_(double(kBlocksPerStage));
  }
  x = conv_post.forward(at::leaky_relu_(x, 0.01));
  watch("conv_post", x);
  const at::Tensor magnitude = at::exp(x.slice(1, 0, 9)).clamp_max_(kLargestMagnitude);
  const at::Tensor angle = at::sin(x.slice(1, 9, 18));
  return spectrum.inverse(at::cat({magnitude * angle.cos(), magnitude * angle.sin()}, 1)).clamp_(-kLimit, kLimit);
}

at::Tensor HiFTGenerator::inference(const at::Tensor& mel, const at::Tensor& phase, const at::Tensor& noise,
                                    const Watcher& watch) const {
  const at::Tensor f0 = f0_predictor.forward(mel);
  watch("f0", f0);
  const at::Tensor s = m_source.forward(f0, phase, noise);
  watch("s", s);
  return decode(mel, s, watch);
}

}  // namespace lectern::chatterbox::s3gen
