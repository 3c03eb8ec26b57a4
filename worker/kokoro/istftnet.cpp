#include "worker/kokoro/istftnet.h"

#include <cmath>

#include "worker/kokoro/adain_snake.h"

namespace lectern::kokoro {

namespace {

constexpr int64_t kStyle = 128;
constexpr double kEps = 1e-5;

Conv1d same(const Scope& scope, int64_t channels, int64_t kernel, int64_t dilation) {
  return {scope, channels, channels, {.kernel = kernel, .padding = (kernel - 1) * dilation / 2, .dilation = dilation}};
}

}  // namespace

AdaIN1d::AdaIN1d(const Scope& scope, int64_t channels) : fc(scope / "fc", kStyle, 2 * channels) {}

AdaIN1d::Affine AdaIN1d::affine(const at::Tensor& style) const {
  const auto parts = fc.forward(style).squeeze(0).chunk(2, 0);  // gamma, beta
  return {parts[0] + 1, parts[1]};
}

at::Tensor AdaIN1d::forward(const at::Tensor& x, const at::Tensor& style) const {
  const auto [scale, shift] = affine(style);
  return at::instance_norm(x, scale, shift, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.1, kEps,
                           /*cudnn_enabled=*/true);
}

AdainResBlk1d::AdainResBlk1d(const Scope& scope, int64_t in, int64_t out, bool upsample)
    : upsample(upsample),
      norm1(scope / "norm1", in),
      norm2(scope / "norm2", out),
      conv1(scope / "conv1", in, out, {.kernel = 3, .padding = 1}),
      conv2(scope / "conv2", out, out, {.kernel = 3, .padding = 1}) {
  if (upsample) {
    const ConvShape shape{.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .groups = in};
    pool.emplace_back(scope / "pool", in, in, shape);
  }
  if (in != out) conv1x1.emplace_back(scope / "conv1x1", in, out, ConvShape{.bias = false});
}

at::Tensor AdainResBlk1d::forward(const at::Tensor& x, const at::Tensor& style) const {
  at::Tensor residual = at::leaky_relu(norm1.forward(x, style), 0.2);
  if (upsample) residual = pool[0].forward(residual);
  residual = conv1.forward(residual);
  residual = conv2.forward(at::leaky_relu(norm2.forward(residual, style), 0.2));
  at::Tensor shortcut = upsample ? at::repeat_interleave(x, 2, 2) : x;
  if (!conv1x1.empty()) shortcut = conv1x1[0].forward(shortcut);
  return (residual + shortcut) / std::sqrt(2.0);
}

AdaINResBlock1::AdaINResBlock1(const Scope& scope, int64_t channels, int64_t kernel) {
  for (int i = 0; i < 3; ++i) {
    convs1.push_back(same(scope / "convs1" / i, channels, kernel, 2 * i + 1));
    convs2.push_back(same(scope / "convs2" / i, channels, kernel, 1));
    adain1.emplace_back(scope / "adain1" / i, channels);
    adain2.emplace_back(scope / "adain2" / i, channels);
    alpha1.push_back((scope / "alpha1").tensor(std::to_string(i), {1, channels, 1}));
    alpha2.push_back((scope / "alpha2").tensor(std::to_string(i), {1, channels, 1}));
  }
}

at::Tensor AdaINResBlock1::forward(const at::Tensor& input, const at::Tensor& style, const Watcher& watch) const {
  at::Tensor x = input;
  for (std::size_t i = 0; i < convs1.size(); ++i) {
    const at::ScalarType type = convs1[i].weight.scalar_type();
    const auto [scale1, shift1] = adain1[i].affine(style);
    at::Tensor y = convs1[i].forward(adain_snake(x, scale1, shift1, alpha1[i], kEps, type));
    watch("resblock_half", y);
    const auto [scale2, shift2] = adain2[i].affine(style);
    y = convs2[i].forward(adain_snake(y, scale2, shift2, alpha2[i], kEps, type));
    x = i == 0 ? at::add(x, y) : x.add_(y);
    watch("resblock", x);
  }
  return x;
}

void AdaINResBlock1::convert(at::ScalarType type) {
  for (Conv1d& conv : convs1) conv.convert(type);
  for (Conv1d& conv : convs2) conv.convert(type);
}

Generator::Generator(const Scope& scope)
    : m_source(scope / "m_source"),
      conv_post(scope / "conv_post", 128, 22, {.kernel = 7, .padding = 3}),
      stft(scope.device()) {
  ups.emplace_back(scope / "ups" / 0, 512, 256, ConvShape{.kernel = 20, .stride = 10, .padding = 5});
  ups.emplace_back(scope / "ups" / 1, 256, 128, ConvShape{.kernel = 12, .stride = 6, .padding = 3});
  noise_convs.emplace_back(scope / "noise_convs" / 0, 22, 256, ConvShape{.kernel = 12, .stride = 6, .padding = 3});
  noise_convs.emplace_back(scope / "noise_convs" / 1, 22, 128, ConvShape{});
  noise_res.emplace_back(scope / "noise_res" / 0, 256, 7);
  noise_res.emplace_back(scope / "noise_res" / 1, 128, 11);
  for (int i = 0; i < 6; ++i) resblocks.emplace_back(scope / "resblocks" / i, i < 3 ? 256 : 128, 3 + 4 * (i % 3));
}

at::Tensor Generator::forward(at::Tensor x, const at::Tensor& style, const at::Tensor& har,
                              const Watcher& watch) const {
  for (std::size_t i = 0; i < ups.size(); ++i) {
    x = ups[i].forward(at::leaky_relu(x, 0.1));
    if (i + 1 == ups.size()) x = at::reflection_pad1d(x, {1, 0});
    x.add_(noise_res[i].forward(noise_convs[i].forward(har), style, watch));
    at::Tensor sum;
    for (std::size_t j = 0; j < 3; ++j) {
      const at::Tensor y = resblocks[3 * i + j].forward(x, style, watch);
      sum = j == 0 ? y : sum.add_(y);
    }
    x = sum.div_(3);
    watch(i == 0 ? "gen_stage0" : "gen_stage1", x);
  }
  x = conv_post.forward(at::leaky_relu_(x, 0.01));
  watch("conv_post", x);
  return stft.inverse(at::exp(x.slice(1, 0, 11)), at::sin(x.slice(1, 11, 22)));
}

Decoder::Decoder(const Scope& scope)
    : encode(scope / "encode", 514, 1024, false),
      F0_conv(scope / "F0_conv", 1, 1, {.kernel = 3, .stride = 2, .padding = 1}),
      N_conv(scope / "N_conv", 1, 1, {.kernel = 3, .stride = 2, .padding = 1}),
      asr_res(scope / "asr_res" / 0, 512, 64, {}),
      generator(scope / "generator") {
  for (int i = 0; i < 4; ++i) decode.emplace_back(scope / "decode" / i, 1090, i < 3 ? 1024 : 512, i == 3);
}

at::Tensor Decoder::features(const at::Tensor& asr, const at::Tensor& F0_curve, const at::Tensor& N_curve,
                             const at::Tensor& style, const Watcher& watch) const {
  const at::Tensor F0 = F0_conv.forward(F0_curve.unsqueeze(1));
  const at::Tensor N = N_conv.forward(N_curve.unsqueeze(1));
  at::Tensor x = encode.forward(at::cat({asr, F0, N}, 1), style);
  watch("dec_encode", x);
  const at::Tensor residual = asr_res.forward(asr);
  for (const AdainResBlk1d& block : decode) {
    x = block.forward(at::cat({x, residual, F0, N}, 1), style);
    watch("decode", x);
  }
  return x;
}

at::Tensor Decoder::forward(const at::Tensor& asr, const at::Tensor& F0, const at::Tensor& N, const at::Tensor& style,
                            std::uint64_t noise_seed, const Watcher& watch) const {
  const at::Tensor x = features(asr, F0, N, style, watch);
  watch("dec_out", x);
  const at::Tensor har_source = generator.m_source.forward(F0, noise_seed);
  watch("har_source", har_source);
  const at::Tensor har = generator.stft.transform(har_source);
  watch("har", har);
  return generator.forward(x, style, har, watch);
}

}  // namespace lectern::kokoro
