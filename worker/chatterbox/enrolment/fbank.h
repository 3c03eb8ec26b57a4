// Mel bands on a logarithmic scale as Kaldi computes them (reference: torchaudio.compliance.kaldi.fbank with 80 bands
// and its defaults, without dither), less their mean over time (xvector.py, extract_feature).
#pragma once

#include <ATen/core/Tensor.h>

namespace lectern::chatterbox::enrolment {

// Samples [n] at 16 kHz, at least 400 -> [1 + (n - 400) / 160, 80] float32.
at::Tensor fbank(const at::Tensor& wav);

}  // namespace lectern::chatterbox::enrolment
