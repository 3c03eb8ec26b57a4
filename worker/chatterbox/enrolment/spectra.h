// What the networks of enrolment hear of samples: power spectra, and bands of them. Computed in float64, so that what
// the networks get differs from the reference only by the reference's own rounding.
#pragma once

#include <ATen/core/Tensor.h>

namespace lectern::chatterbox::enrolment {

// Periodic Hann, [length] float64.
at::Tensor hann_window(int64_t length);

// Whole frames of `window`'s length every `hop` samples -> |X|^2, [frames, length / 2 + 1] float64. signal: [n], at
// least one frame long.
at::Tensor power_spectra(const at::Tensor& signal, const at::Tensor& window, int64_t hop);

// The signal with `width` samples mirrored at each end (the outermost is not repeated), float64. Longer than `width`.
at::Tensor mirrored(const at::Tensor& signal, int64_t width);

// Triangles that are evenly wide on Slaney's mel scale, each with area 1, from 0 Hz to `high_hz`: [bands, bins]
// float32, as librosa makes them.
at::Tensor slaney_filters(int64_t rate_hz, int64_t window, int64_t bands, double high_hz);

}  // namespace lectern::chatterbox::enrolment
