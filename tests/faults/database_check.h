// Whether a database that no broker has open any more is as it must be at every moment: every rule of the store, checked
// from outside by plain SQL.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lectern {

// Every broken rule, in words; empty: all is right. Works on a copy, so that nothing of the original changes. `takes`:
// the folder of takes; empty: files are not looked at.
std::vector<std::string> check_database(const std::filesystem::path& database, const std::filesystem::path& takes = {});

}  // namespace lectern
