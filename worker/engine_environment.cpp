#include "worker/engine_environment.h"

namespace lectern {

std::vector<std::pair<std::string, std::string>> engine_environment(const std::string&, int) {
  return {{"OMP_WAIT_POLICY", "passive"}, {"OPENBLAS_NUM_THREADS", "1"}};
}

}  // namespace lectern
