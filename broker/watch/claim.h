// Taking scripts out of a watched folder: FOLDER/NAME is renamed to FOLDER/.lectern/CLAIM/NAME, with the settings that
// lie beside it. A claim is in one of three states, and a restart finds it in each:
//   nobody knows it     -> it is admitted as if it had just been dropped
//   a drop of the store -> its job is on disk; when the job ends the script goes to done/ or failed/
//   no script in it     -> it was moved already; what is left of it is removed
// Off the loop, one call at a time for a folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/watch/sighting.h"

namespace lectern::watch {

// A script that is ours now.
struct Claimed {
  std::string claim, name;
  std::string script;                 // its bytes
  std::string sidecar_name, sidecar;  // the settings beside it; the name is empty when there were none
  std::string problem, mend;          // why it cannot be narrated whatever it says (too large, unreadable); else empty
};

struct Wanted {
  std::string name;
  Sighting seen;
};

// How taking one file went.
struct Taking {
  enum class Result {
    claimed,     // `claimed` holds it
    changed,     // it is not as it was seen; `now` holds how it stands
    busy,        // somebody has it open for writing, or its settings have just been written
    unreadable,  // left where it is; `problem` says why
    gone,        // there is no such file
    stuck,       // the folder cannot be written to, or is full; `problem` says which
    unlooked,    // enough bytes were read in one go; ask again
  } result = Result::gone;
  std::string name, problem;
  Sighting now;
  Claimed claimed;
};

// Takes files that stood still. A file is left alone while any process has it open for writing (a read lease tells).
std::vector<Taking> take(const FolderSettings& folder, const std::vector<Wanted>& wanted, std::uint64_t max_bytes);

// Reads a claim that a restart found. false: no script is in it; then it is removed if it is empty.
bool read_claim(const FolderSettings& folder, const std::string& claim, std::uint64_t max_bytes, Claimed& claimed);

}  // namespace lectern::watch
