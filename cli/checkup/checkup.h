// What `lectern doctor` looks at, one function a check, in the order of kChecks. Checks change nothing and start
// nothing that lives on: programs of ours are asked what they are and end.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/catalogue.h"
#include "config/paths.h"
#include "config/settings.h"

namespace lectern::cli {

enum class Level { ok, warning, error };

struct Finding {
  Level level = Level::ok;
  std::string check;        // "model"
  std::string code;         // one of kCodes; empty when all is well
  std::string found, mend;  // for people; the mend may be empty
};

// The words by which programs know what is wrong; they never change. README.md says what each means.
inline constexpr const char* kCodes[] = {
    "libraries-missing",    "model-files-missing", "no-voice",
    "voice-file-missing",  // the four oldest failures
    "config-invalid",       "not-writable",        "space-low",
    "socket-path-too-long", "socket-stale",        "broker-unreachable",
    "broker-version",       "broker-elsewhere",    "work-held-up",
    "program-version",      "program-fails",       "blas-reference",
    "espeak-data-missing",  "model-unknown",       "model-files-damaged",
    "time-zone-missing",    "memory-low",          "installation-damaged",
    "device-missing",       "device-unusable",     "voice-file-damaged",
    "ffmpeg-missing",       "check-failed",
};

// One run over all checks: what they share, and what they found so far.
class Checkup {
 public:
  // `full`: hash the files of models and voices instead of looking at their sizes.
  Checkup(Paths paths, bool full) : paths_(std::move(paths)), full_(full) {}

  const std::vector<Finding>& run();

 private:
  struct Check {
    const char* name;
    void (Checkup::*look)();
  };
  static const Check kChecks[];

  // places.cpp: what lies on this machine
  void config();
  void folders();
  void space();
  void sockets();
  void broker();
  void time_zone();
  // programs.cpp: what runs
  void programs();
  void libraries();
  void espeak();
  void ffmpeg();
  void memory();
  // device.cpp
  void device();
  // models.cpp: what speaks
  void model();
  void voice();
  void recordings();

  void ok(const std::string& found, const std::string& mend = {});
  void warning(const std::string& code, const std::string& found, const std::string& mend = {});
  void error(const std::string& code, const std::string& found, const std::string& mend = {});
  void add(Level level, const std::string& code, const std::string& found, const std::string& mend);
  bool clean(std::size_t before) const { return findings_.size() == before; }

  bool writable(const std::filesystem::path& folder);
  std::optional<std::string> answer_of(const std::string& program, const std::string& question);
  void files_of(const CatalogueModel& model, Level level);
  const CatalogueModel* default_model() const;  // null: the catalogue has no such model, or cannot be read

  Paths paths_;
  bool full_;
  Settings settings_;  // the defaults when config.yaml cannot be read
  std::optional<Catalogue> catalogue_;
  nlohmann::json engine_;     // what `lectern-engine --check` says; null when it does not run
  bool no_sockets_ = false;   // their paths are too long: no broker can be there
  const char* current_ = "";  // the check that runs
  std::vector<Finding> findings_;
};

}  // namespace lectern::cli
