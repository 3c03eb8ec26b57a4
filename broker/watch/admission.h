// A claimed script becomes a job of the store, or is refused.
//
// The job's id is the hash of folder, name, content and settings: the same drop is the same job, whatever crashed in
// between. Dropped again, a job that failed or was cancelled is tried again, one whose audio still stands is pointed
// at.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "broker/intake.h"
#include "broker/store/store.h"
#include "broker/watch/claim.h"
#include "broker/watch/error_note.h"
#include "config/folder_settings.h"
#include "config/settings.h"

namespace lectern::watch {

class Admission {
 public:
  Admission(Store& store, Intake& intake, const Settings& settings)
      : store_(store), intake_(intake), settings_(settings) {}

  struct Outcome {
    std::uint64_t job = 0;           // its drop is in the open transaction
    std::optional<Failure> refused;  // there is no job
  };
  struct Read {
    Claimed claimed;  // but for the script, which `read` holds
    std::variant<Intake::Checked, Fault> read;
  };
  // What the script asks for, or why it is refused. Safe on any thread.
  Read read(const FolderSettings& folder, Claimed claimed) const;
  // On the loop. `batch_id`: of the jobs that are dropped together.
  Outcome admit(const FolderSettings& folder, const Read& read, const std::string& batch_id);

 private:
  Intake::Checked checked(const FolderSettings& folder, Claimed& claimed) const;
  std::uint64_t find_or_add(const FolderSettings& folder, const Claimed& claimed, NewJob job);

  Store& store_;
  Intake& intake_;
  const Settings& settings_;
};

}  // namespace lectern::watch
