#include "worker/kokoro/layers.h"

namespace lectern::kokoro {

LSTM::LSTM(const Scope& scope, int64_t in, int64_t hidden) : hidden(hidden) {
  for (const char* direction : {"", "_reverse"}) {
    const auto take = [&](const char* name, at::IntArrayRef shape) {
      parameters.push_back(scope.tensor(std::string(name) + direction, shape));
    };
    take("weight_ih_l0", {4 * hidden, in});
    take("weight_hh_l0", {4 * hidden, hidden});
    take("bias_ih_l0", {4 * hidden});
    take("bias_hh_l0", {4 * hidden});
  }
  if (at::cudnn_is_acceptable(parameters[0])) {
    constexpr int64_t kLstmMode = 2;  // cuDNN's number; one chunk of memory saves it a copy at every call
    at::_cudnn_rnn_flatten_weight(parameters, 4, in, kLstmMode, hidden, /*proj_size=*/0, /*num_layers=*/1,
                                  /*batch_first=*/true, /*bidirectional=*/true);
  }
}

at::Tensor LSTM::forward(const at::Tensor& x) const {
  const at::Tensor zeros = at::zeros({2, x.size(0), hidden}, x.options());
  return std::get<0>(at::lstm(x, {zeros, zeros}, parameters, /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0.0,
                              /*train=*/false, /*bidirectional=*/true, /*batch_first=*/true));
}

}  // namespace lectern::kokoro
