// The device that work goes to: what the driver has, what config.yaml asks for, and whether libtorch can use it.
#include <fmt/format.h>

#include "cli/checkup/checkup.h"
#include "config/quantity.h"
#include "config/device_memory.h"

namespace lectern::cli {
namespace {

// "cuda:0 with 6 GB, 5.1 GB of it free; firefox (pid 4711) 0.3 GB"
std::string describe(const std::string& device) {
  std::string why;
  const auto memory = open_device_memory(device, why);
  const auto state = memory ? memory->look() : std::nullopt;
  if (!state) return device + " (the driver does not tell its memory)";
  const std::string holders = describe_holders(*state);
  return fmt::format("{} with {}, {} of it free{}", device, size_of(state->total_bytes), size_of(state->free_bytes),
                     holders.empty() ? "" : "; held by " + holders);
}

}  // namespace

void Checkup::device() {
  const std::string& wished = settings_.device;
  const int devices = count_devices();
  std::string all, why;
  for (int i = 0; i < devices; ++i) all += (i > 0 ? "; " : "") + describe("cuda:" + std::to_string(i));
  if (wished == "cpu") return ok("the CPU, as config.yaml says" + (all.empty() ? "" : "; there is " + all));
  if (wished == "auto" && !open_device_memory("cuda:0", why)) return ok("the CPU: " + why);
  for (const std::string& chosen : device_list(wished == "auto" ? "cuda:0" : wished)) {
    if (chosen == "cpu" || open_device_memory(chosen, why)) continue;
    return error("device-missing", "config.yaml asks for " + wished + ": " + why,
                 "install the driver, or set device: auto in config.yaml");
  }
  if (engine_.is_null()) return ok(all);  // what it could do with it is not known
  const nlohmann::json& torch = engine_["torch"];
  if (!torch.value("cuda", false))
    return error("device-unusable", "work would go to " + all + ", but this libtorch is CPU only",
                 "set device: cpu in config.yaml, or use a libtorch with CUDA");
  if (!torch.value("cuda_usable", false))
    return error("device-unusable", "work would go to " + all + ", but libtorch cannot use it",
                 "install the driver that this libtorch needs, or set device: cpu in config.yaml");
  ok(all);
}

}  // namespace lectern::cli
