// The two Euler steps from noise to a mel spectrogram (reference: flow_matching.py, CausalConditionalCFM, mean flow).
#pragma once

#include "worker/chatterbox/s3gen/decoder.h"

namespace lectern::chatterbox::s3gen {

struct CausalConditionalCFM {
  ConditionalDecoder estimator;
  explicit CausalConditionalCFM(const Place& place) : estimator(place / "estimator") {}
  // z [B, T, 80] float32, the state at the start; the rest as the estimator's -> [B, T, 80] float32.
  at::Tensor forward(const at::Tensor& z, const at::Tensor& mu, const at::Tensor& spks, const at::Tensor& cond,
                     const at::Tensor& mask, const Watcher& watch) const;
};

}  // namespace lectern::chatterbox::s3gen
