#include "worker/audio/resample.h"

#include <soxr.h>

#include <cstdint>
#include <string>

#include "config/fault.h"

namespace lectern::audio {

std::vector<float> resampled(std::span<const float> samples, int from_hz, int to_hz) {
  if (from_hz == to_hz || samples.empty()) return {samples.begin(), samples.end()};
  const auto wanted = (static_cast<std::uint64_t>(samples.size()) * static_cast<std::uint64_t>(to_hz) +
                       static_cast<std::uint64_t>(from_hz) - 1) /
                      static_cast<std::uint64_t>(from_hz);
  std::vector<float> out(wanted, 0.0f);  // libsoxr may leave the last one out
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  std::size_t written = 0;
  const soxr_error_t error = soxr_oneshot(from_hz, to_hz, 1, samples.data(), samples.size(), nullptr, out.data(),
                                          out.size(), &written, nullptr, &quality, nullptr);
  if (error != nullptr) throw Fault(Exit::no_space, std::string("cannot resample: ") + error);
  return out;
}

}  // namespace lectern::audio
