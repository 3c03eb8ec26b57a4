// Text to phonemes and ids, compared with recorded cases.
#pragma once

#include <filesystem>

#include "tests/parity/golden.h"

namespace lectern::parity {

void compare_phonemes(const std::filesystem::path& model_folder, const std::filesystem::path& cases_file,
                      Report& report);

}  // namespace lectern::parity
