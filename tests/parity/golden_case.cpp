#include "tests/parity/golden_case.h"

#include <ATen/ATen.h>

#include "config/fault.h"

namespace lectern::parity {

namespace {
constexpr double kDebugOfPeak = 1e-5;
}

using nlohmann::json;

std::set<std::string> case_names(const Golden& golden) {
  std::set<std::string> names;
  const json shapes = json::parse(golden.text("shapes"));
  for (const auto& [tensor, shape] : shapes.items()) {
    const std::size_t dot = tensor.find('.');
    if (dot == std::string::npos || !golden.has(tensor)) continue;
    const std::string rest = tensor.substr(dot + 1);  // else it is a tensor of a checkpoint
    if (rest.starts_with("in") || rest.starts_with("out") || rest.starts_with("dbg"))
      names.insert(tensor.substr(0, dot));
  }
  if (names.empty()) throw Fault(Exit::bad_input, golden.name() + ": no cases");
  return names;
}

GoldenCase::GoldenCase(const Golden& golden, const std::string& name, at::Device device, Report& report)
    : golden_(golden),
      prefix_(name.empty() ? "" : name + "."),
      device_(device),
      report_(report),
      stated_(json::parse(golden.text("float32_vs_float64"))) {}

json GoldenCase::facts() const { return json::parse(golden_.text("cases")).at(name()); }

double GoldenCase::limit(const std::string& tensor) const {
  const auto found = stated_.find(prefix_ + tensor);
  if (found != stated_.end()) return kTimes * found->at("max_abs").get<double>();
  return kDebugOfPeak * golden_.tensor(prefix_ + tensor).abs().max().item<double>();
}

at::Tensor GoldenCase::like(const at::Tensor& wanted, const at::Tensor& got) const {
  const at::Tensor found = got.cpu().contiguous();
  return found.numel() == wanted.numel() ? found.view_as(wanted) : found;
}

void GoldenCase::compare(const std::string& name, const at::Tensor& got, const char* given) const {
  if (has(name)) compare(name, got, limit(name), given);
}

void GoldenCase::compare(const std::string& name, const at::Tensor& got, double limit, const char* given) const {
  const at::Tensor wanted = golden_.tensor(prefix_ + name);
  report_.largest_error(prefix_ + name + given, like(wanted, got), wanted, limit);
}

void GoldenCase::equal(const std::string& name, const at::Tensor& got) const {
  if (!has(name)) return;
  const at::Tensor wanted = golden_.tensor(prefix_ + name);
  report_.equal(prefix_ + name, like(wanted, got), wanted);
}

void GoldenCase::number(const std::string& name, double got, double wanted, double limit) const {
  const auto tensor = [](double value) { return at::full({}, value, at::kDouble); };
  report_.largest_error(prefix_ + name, tensor(got), tensor(wanted), limit);
}

}  // namespace lectern::parity
