// The memory of a GPU as its driver tells: free, total, and who holds it. Asks NVML, which is loaded at run time and
// never creates a context on the device: asking costs no device memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lectern {

struct DeviceHolder {
  std::int64_t pid = 0;
  std::uint64_t bytes = 0;  // 0: the driver does not tell
};

struct DeviceMemoryState {
  std::uint64_t total_bytes = 0, free_bytes = 0;
  std::vector<DeviceHolder> holders;  // processes that compute on it, ours included
  std::optional<double> energy_j;     // that the device used since the driver was loaded; nullopt: it does not tell

  // What this process holds; nullopt: it is not among the holders. 0 also means: the driver does not tell how much.
  std::optional<std::uint64_t> held_by(std::int64_t pid) const;
};

// One thread at a time.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  // nullopt: the driver does not answer.
  virtual std::optional<DeviceMemoryState> look() = 0;
};

// The driver's view of "cuda:N", counted as the engine counts: in the driver's order, of those in CUDA_VISIBLE_DEVICES
// when that is set. Returns null for "cpu", and when there is no driver or no such device; `why` tells
// then.
std::unique_ptr<DeviceMemory> open_device_memory(const std::string& device, std::string& why);

// How many devices there are, counted in the same way; 0 without a driver.
int count_devices();

// "firefox (pid 4711) 1.2 GB, ..." of the largest holders, for people; empty: nobody.
std::string describe_holders(const DeviceMemoryState& state, std::int64_t except_pid = 0);

}  // namespace lectern
