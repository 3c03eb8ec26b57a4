// What a setting says of the device and the precision, as libtorch's own words.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace lectern::weights {

// "cpu" or "cuda:N"; throws Fault(bad_input) for anything else.
c10::Device device_named(const std::string& name);
// "float32", "bfloat16" or "float16"; throws Fault(bad_input) for anything else.
c10::ScalarType precision_named(const std::string& name);

}  // namespace lectern::weights
