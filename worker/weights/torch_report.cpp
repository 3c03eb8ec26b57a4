#include "worker/weights/torch_report.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/version.h>

namespace lectern::weights {

nlohmann::json torch_report() {
  return {{"version", TORCH_VERSION},
          {"cuda", at::Context::hasCUDART()},
          {"cuda_usable", at::hasCUDA()},
          {"threads", at::get_num_threads()}};
}

}  // namespace lectern::weights
