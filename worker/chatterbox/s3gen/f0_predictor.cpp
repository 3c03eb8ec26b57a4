#include "worker/chatterbox/s3gen/f0_predictor.h"

namespace lectern::chatterbox::s3gen {

namespace {
constexpr int64_t kBands = 80, kChannels = 512;
}

ConvRNNF0Predictor::ConvRNNF0Predictor(const Place& place) : classifier(place / "classifier", kChannels, 1) {
  for (int i = 0; i < 5; ++i) {
    condnet.emplace_back(place / "condnet" / (2 * i), i == 0 ? kBands : kChannels, kChannels,
                         ConvShape{.kernel = 3, .padding = 1});
  }
}

at::Tensor ConvRNNF0Predictor::forward(const at::Tensor& mel) const {
  at::Tensor x = mel;
  for (const Conv1d& conv : condnet) {
    x = conv.forward(x);
    at::elu_(x);
  }
  return at::linear(x.transpose(1, 2), classifier.weight, classifier.bias).squeeze(2).abs_();
}

}  // namespace lectern::chatterbox::s3gen
