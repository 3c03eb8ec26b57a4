#include "tests/parity/golden.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <cmath>

#include "config/fault.h"
#include "worker/weights/state.h"

namespace lectern::parity {

at::Tensor Golden::tensor(const std::string& name) const {
  return weights::view_of(file_.tensor(name), name, file_.mapping());
}

std::string Golden::text(const std::string& key) const {
  const auto found = file_.metadata().find(key);
  if (found == file_.metadata().end()) {
    throw Fault(Exit::bad_input, file_.path().string() + ": no '" + key + "' in its metadata");
  }
  return found->second;
}

void Report::line(const std::string& stage, const std::string& figure, const std::string& limit, bool ok) {
  fmt::print("{:<28} {:>12} {:>12} {}\n", stage, figure, limit, ok ? "ok" : "FAIL");
  failed_ |= !ok;
}

bool Report::same_shape(const std::string& stage, const at::Tensor& got, const at::Tensor& golden) {
  if (got.sizes() == golden.sizes()) return true;
  line(stage, weights::shape_text(got.sizes()), weights::shape_text(golden.sizes()), false);
  return false;
}

void Report::largest_error(const std::string& stage, const at::Tensor& got, const at::Tensor& golden,
                           double tolerance) {
  if (!same_shape(stage, got, golden)) return;
  const double error = (got.to(at::kDouble) - golden.to(at::kDouble)).abs().max().item<double>();
  line(stage, fmt::format("{:.2e}", error), fmt::format("{:.0e}", tolerance), error <= tolerance);
}

void Report::equal(const std::string& stage, const at::Tensor& got, const at::Tensor& golden) {
  if (!same_shape(stage, got, golden)) return;
  const auto different = got.ne(golden).sum().item<int64_t>();
  line(stage, std::to_string(different), "0", different == 0);
}

void Report::signal_to_noise(const std::string& stage, const at::Tensor& got, const at::Tensor& golden,
                             double at_least_db) {
  if (!same_shape(stage, got, golden)) return;
  const at::Tensor signal = golden.to(at::kDouble), noise = got.to(at::kDouble) - signal;
  const double ratio = signal.square().sum().item<double>() / noise.square().sum().item<double>();
  const double db = 10 * std::log10(ratio);
  line(stage, fmt::format("{:.1f} dB", db), fmt::format(">= {:.0f} dB", at_least_db), db >= at_least_db);
}

}  // namespace lectern::parity
