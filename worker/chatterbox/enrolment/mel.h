// The flow's own spectrogram (reference: models/s3gen/utils/mel.py, mel_spectrogram) and the rate that embed_ref brings
// it to (torchaudio's Resample with its defaults).
#pragma once

#include <ATen/core/Tensor.h>

namespace lectern::chatterbox::enrolment {

// Samples [n] at 24 kHz -> [80, n / 480] float32.
at::Tensor mel_spectrogram(const at::Tensor& wav);

// Samples [n] at 24 kHz -> [ceil(2 n / 3)] at 16 kHz, by a windowed sinc. The T3 prompt goes through libsoxr instead
// (worker/audio/resample.h), as it does in the reference.
at::Tensor sinc_resampled(const at::Tensor& wav);

}  // namespace lectern::chatterbox::enrolment
