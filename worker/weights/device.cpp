#include "worker/weights/device.h"

#include <c10/util/Exception.h>

#include "config/fault.h"

namespace lectern::weights {

c10::Device device_named(const std::string& name) {
  try {
    const c10::Device device(name);
    if (device.is_cpu() || device.is_cuda()) return device;
  } catch (const c10::Error&) {
  }
  throw Fault(Exit::bad_input, "unknown device '" + name + "'", "use cpu or cuda:N");
}

c10::ScalarType precision_named(const std::string& name) {
  if (name == "float32") return c10::ScalarType::Float;
  if (name == "bfloat16") return c10::ScalarType::BFloat16;
  if (name == "float16") return c10::ScalarType::Half;
  throw Fault(Exit::bad_input, "unknown precision '" + name + "'", "use float32, bfloat16 or float16");
}

}  // namespace lectern::weights
