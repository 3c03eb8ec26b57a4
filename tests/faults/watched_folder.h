// A watched folder of a whole installation.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/faults/installation.h"

namespace lectern {

class WatchedFolder {
 public:
  // `entry`: further lines of the folder's entry in config.yaml, each "    key: value\n". Nothing runs before start().
  explicit WatchedFolder(const std::string& entry = "", const std::string& config = "",
                         const std::string& program = LECTERN_PROGRAM, double stable_s = 0.2)
      : lectern(0, config, program), in(lectern.work() / "in") {
    std::filesystem::create_directories(in);
    std::ofstream settings(lectern.paths().config_file(), std::ios::app);
    settings << "folders:\n  - path: " << in.string() << "\n    stable_s: " << stable_s << "\n" << entry;
  }

  void start() const { EXPECT_EQ(lectern.run({"start"}).exit, 0); }
  std::filesystem::path path(const std::string& name) const { return in / name; }
  // As most programs write: the name is there before the content.
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }
  // A whole file under its name at once, as by `mv`.
  void move_in(const std::string& name, const std::string& text) const {
    const auto aside = lectern.work() / "aside";
    std::ofstream(aside, std::ios::binary) << text;
    std::filesystem::rename(aside, path(name));
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
  bool comes(const std::string& name, double seconds = 20) const {
    return Installation::until([&] { return exists(name); }, seconds);
  }
  static std::string text_of(const std::filesystem::path& file) {
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string content(const std::string& name) const { return text_of(path(name)); }
  nlohmann::json sidecar(const std::string& name) const { return nlohmann::json::parse(content(name), nullptr, false); }
  nlohmann::json jobs() const { return lectern.status().value("jobs", nlohmann::json::array()); }
  // `lectern folder list`, this folder.
  nlohmann::json view() const {
    const auto answer = nlohmann::json::parse(lectern.run({"folder", "list", "--json"}).out, nullptr, false);
    for (const auto& folder : answer.value("folders", nlohmann::json::array()))
      if (folder["path"] == in.string()) return folder;
    return nlohmann::json::object();
  }
  std::string log() const { return text_of(lectern.paths().log_file("broker")); }
  int times_logged(const std::string& words) const {
    const std::string all = log();
    int times = 0;
    for (auto at = all.find(words); at != std::string::npos; at = all.find(words, at + 1)) ++times;
    return times;
  }

  Installation lectern;
  const std::filesystem::path in;
};

}  // namespace lectern
