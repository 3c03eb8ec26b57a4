// T3 compared with its recorded stages.
#pragma once

#include "tests/parity/golden.h"
#include "worker/chatterbox/t3.h"

namespace lectern::parity {

// `weights`: "synthetic", or a model folder. The golden file names the checkpoint and the seed.
void compare_t3(const Golden& golden, const std::string& weights, const chatterbox::T3Options& options, Report& report);
void compare_logits_processors(const Golden& golden, Report& report);
// The file cases.json of punc_norm and of the tokenizer; the latter needs the model folder's vocabulary.
void compare_punc_norm(const std::filesystem::path& cases, Report& report);
void compare_tokenizer(const std::filesystem::path& cases, const std::filesystem::path& folder, Report& report);

}  // namespace lectern::parity
