// The files of Chatterbox with weights that are filled by the rule. What is no weight but computed (the filters and the
// window of the speech tokenizer) holds its real values.
#pragma once

#include "tests/parity/synthetic_weights.h"

namespace lectern::parity {

SyntheticSource synthetic_s3gen_checkpoint(const std::string& seed);
SyntheticSource synthetic_ve_checkpoint(const std::string& seed);

}  // namespace lectern::parity
