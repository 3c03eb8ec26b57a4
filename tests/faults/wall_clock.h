// The wall clock of everything that is started while it is in force, steered by a file (libfaketime).
#pragma once

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/installation.h"

namespace lectern {

class WallClock {
 public:
  explicit WallClock(const std::filesystem::path& file) : file_(file) {
    for (const char* library : {"/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                                "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"})
      if (std::filesystem::exists(library)) library_ = library;
    set("+0");
  }
  bool there() const { return !library_.empty(); }
  // "+365d", "-3600": how far it is from the real one.
  void set(const std::string& offset) const { std::ofstream(file_) << offset << "\n"; }
  // To this UTC time; it goes on from there.
  void set_to(std::int64_t seconds_since_1970) const {
    const auto offset = seconds_since_1970 - std::time(nullptr);
    set((offset < 0 ? "" : "+") + std::to_string(offset));
  }
  // What is started while this lives has the clock.
  std::vector<std::unique_ptr<Variable>> in_force() const {
    std::vector<std::unique_ptr<Variable>> variables;
    const std::pair<const char*, std::string> values[] = {
        {"LD_PRELOAD", library_},     {"FAKETIME_TIMESTAMP_FILE", file_.string()},
        {"FAKETIME_NO_CACHE", "1"},   {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
        {"FAKETIME_DONT_RESET", "1"}, {"FAKE_STAT", "0"}};
    for (const auto& [name, value] : values) variables.push_back(std::make_unique<Variable>(name, value));
    return variables;
  }

 private:
  std::filesystem::path file_;
  std::string library_;
};

}  // namespace lectern
