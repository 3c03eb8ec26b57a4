// Memory as an agent sees it: of its device through the driver, of the machine through /proc. Creates no context on any
// device. One thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "config/device_memory.h"
#include "worker/admission.h"

namespace lectern {

class MemoryView {
 public:
  explicit MemoryView(const std::string& device);

  // Free and total of "cpu" (the machine's, within its control group) or of the device.
  MemoryRoom room(const std::string& device);
  // The largest holders of it, for people: "firefox (pid 4711) 1.2 GB, ..."; empty: nobody is known.
  std::string holders(const std::string& device);
  // Of a process on the device; 0: none, or the driver does not tell.
  std::uint64_t on_device(std::int64_t pid);
  // An ended and reaped process has nothing left, neither in the system nor on the device.
  bool is_back(std::int64_t pid);

 private:
  std::unique_ptr<DeviceMemory> driver_;  // null: the processor, or no driver
};

}  // namespace lectern
