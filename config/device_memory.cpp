// NVML's declarations are repeated here: its header is not part of Debian, its C interface is stable by version suffix.
#include "config/device_memory.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace lectern {
namespace {

using NvmlDevice = void*;
constexpr int kSuccess = 0, kBufferTooSmall = 7;
constexpr unsigned long long kNotTold = ~0ull;  // NVML_VALUE_NOT_AVAILABLE

struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlProcess {  // nvmlProcessInfo_v2_t
  unsigned pid;
  unsigned long long used_bytes;
  unsigned gpu_instance, compute_instance;
};

// The library and the functions of it that are used. Initialised once, for the life of the process.
class Nvml {
 public:
  static Nvml& instance() {
    static Nvml nvml;
    return nvml;
  }
  bool usable() const { return error_.empty(); }
  const std::string& error() const { return error_; }

  int (*device_count)(unsigned*) = nullptr;
  int (*device_handle)(unsigned, NvmlDevice*) = nullptr;
  int (*device_by_uuid)(const char*, NvmlDevice*) = nullptr;
  int (*memory_info)(NvmlDevice, NvmlMemory*) = nullptr;
  int (*compute_processes)(NvmlDevice, unsigned*, NvmlProcess*) = nullptr;
  int (*total_energy)(NvmlDevice, unsigned long long*) = nullptr;  // millijoules; older drivers and cards lack it

 private:
  Nvml() {
    const char* name = std::getenv("LECTERN_NVML");  // another path of the library
    library_ = dlopen(name && *name ? name : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library_) {
      error_ = "there is no NVIDIA driver (libnvidia-ml.so.1 cannot be loaded)";
      return;
    }
    int (*init)() = nullptr;
    find("nvmlInit_v2", init);
    find("nvmlDeviceGetCount_v2", device_count);
    find("nvmlDeviceGetHandleByIndex_v2", device_handle);
    find("nvmlDeviceGetHandleByUUID", device_by_uuid);
    find("nvmlDeviceGetMemoryInfo", memory_info);
    find("nvmlDeviceGetComputeRunningProcesses_v3", compute_processes);
    total_energy =
        reinterpret_cast<decltype(total_energy)>(dlsym(library_, "nvmlDeviceGetTotalEnergyConsumption"));
    if (!error_.empty()) return;
    if (const int code = init(); code != kSuccess)
      error_ = fmt::format("the NVIDIA driver does not start (NVML error {})", code);
  }
  template <class F>
  void find(const char* name, F& function) {
    function = reinterpret_cast<F>(dlsym(library_, name));
    if (!function) error_ = fmt::format("the NVIDIA driver lacks {}; it is too old", name);
  }

  void* library_ = nullptr;
  std::string error_;
};

class NvmlDeviceMemory : public DeviceMemory {
 public:
  explicit NvmlDeviceMemory(NvmlDevice device) : device_(device) {}

  std::optional<DeviceMemoryState> look() override {
    Nvml& nvml = Nvml::instance();
    NvmlMemory memory{};
    if (nvml.memory_info(device_, &memory) != kSuccess) return std::nullopt;
    DeviceMemoryState state{memory.total, memory.free, {}, std::nullopt};
    if (unsigned long long mj = 0; nvml.total_energy && nvml.total_energy(device_, &mj) == kSuccess)
      state.energy_j = static_cast<double>(mj) / 1000;
    std::vector<NvmlProcess> processes(64);
    for (int tries = 0; tries < 3; ++tries) {
      auto count = static_cast<unsigned>(processes.size());
      const int code = nvml.compute_processes(device_, &count, processes.data());
      if (code == kBufferTooSmall) {
        processes.resize(count + 64);
        continue;
      }
      if (code != kSuccess) break;
      for (unsigned i = 0; i < count; ++i)
        state.holders.push_back({processes[i].pid, processes[i].used_bytes == kNotTold ? 0 : processes[i].used_bytes});
      break;
    }
    return state;
  }

 private:
  NvmlDevice device_;
};

// CUDA_VISIBLE_DEVICES as CUDA reads it: the driver's numbers or names of those that there are, in their order, up to
// the first that is none. nullopt: all there are.
std::optional<std::vector<std::string>> visible_devices() {
  const char* const list = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!list) return std::nullopt;
  std::vector<std::string> names;
  std::istringstream words(list);
  for (std::string name; std::getline(words, name, ',');) {
    std::erase(name, ' ');
    if (name.empty() || name[0] == '-') break;
    names.push_back(name);
  }
  return names;
}

// Engines are started so that CUDA numbers devices as the driver does (CUDA_DEVICE_ORDER).
NvmlDevice find_device(Nvml& nvml, std::size_t index) {
  NvmlDevice device = nullptr;
  std::string name = std::to_string(index);
  if (const auto visible = visible_devices()) {
    if (index >= visible->size()) return nullptr;
    name = (*visible)[index];
  }
  char* end = nullptr;
  const auto number = static_cast<unsigned>(std::strtoul(name.c_str(), &end, 10));
  const int code = *end == '\0' ? nvml.device_handle(number, &device) : nvml.device_by_uuid(name.c_str(), &device);
  return code == kSuccess ? device : nullptr;
}

std::string program_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name.empty() ? "a process" : name;
}

}  // namespace

std::optional<std::uint64_t> DeviceMemoryState::held_by(std::int64_t pid) const {
  for (const DeviceHolder& holder : holders)
    if (holder.pid == pid) return holder.bytes;
  return std::nullopt;
}

std::unique_ptr<DeviceMemory> open_device_memory(const std::string& device, std::string& why) {
  if (device.rfind("cuda:", 0) != 0) return nullptr;
  Nvml& nvml = Nvml::instance();
  if (!nvml.usable()) {
    why = nvml.error();
    return nullptr;
  }
  const NvmlDevice handle = find_device(nvml, std::strtoul(device.c_str() + 5, nullptr, 10));
  if (!handle) {
    why = std::string("the driver has no device ") + device + (visible_devices() ? " among CUDA_VISIBLE_DEVICES" : "");
    return nullptr;
  }
  return std::make_unique<NvmlDeviceMemory>(handle);
}

int count_devices() {
  Nvml& nvml = Nvml::instance();
  unsigned count = 0;
  if (!nvml.usable() || nvml.device_count(&count) != kSuccess) return 0;
  const auto visible = visible_devices();
  return static_cast<int>(visible ? std::min<std::size_t>(visible->size(), count) : count);
}

std::string describe_holders(const DeviceMemoryState& state, std::int64_t except_pid) {
  std::vector<DeviceHolder> holders = state.holders;
  std::erase_if(holders, [&](const DeviceHolder& holder) { return holder.pid == except_pid; });
  std::sort(holders.begin(), holders.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(holders.size(), 3); ++i) {
    text += fmt::format("{}{} (pid {})", i ? ", " : "", program_of(holders[i].pid), holders[i].pid);
    if (holders[i].bytes > 0) text += fmt::format(" {:.1f} GB", static_cast<double>(holders[i].bytes) / 1e9);
  }
  return text;
}

}  // namespace lectern
