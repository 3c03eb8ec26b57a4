// What libtorch of this process is, for `lectern doctor`. Creates nothing on a device.
#pragma once

#include <nlohmann/json.hpp>

namespace lectern::weights {

// {"version": "1.13.1", "cuda": built for it, "cuda_usable": a device can be used now, "threads": that torch chose}
nlohmann::json torch_report();

}  // namespace lectern::weights
