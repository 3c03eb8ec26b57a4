#include "broker/watch/ending.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "broker/publish/output_name.h"
#include "broker/publish/staged_file.h"
#include "broker/watch/sighting.h"
#include "config/fault.h"
#include "config/fault_point.h"
#include "config/file.h"
#include "config/script_name.h"

namespace lectern::watch {
namespace {

namespace fs = std::filesystem;
using publish::stands;

bool same_content(const fs::path& a, const fs::path& b) {
  std::ifstream one(a, std::ios::binary), other(b, std::ios::binary);
  char left[1 << 14], right[1 << 14];
  while (one && other) {
    one.read(left, sizeof left);
    other.read(right, sizeof right);
    if (one.gcount() != other.gcount() || std::memcmp(left, right, static_cast<std::size_t>(one.gcount())) != 0)
      return false;
  }
  return one.eof() && other.eof();
}

// Whether a script in this folder is called like the note.
bool explains_another(const fs::path& note, const std::string& title) {
  std::error_code error;
  for (fs::directory_iterator entry(note.parent_path(), error), end; !error && entry != end; entry.increment(error)) {
    const fs::path name = entry->path().filename();
    if (name != note.filename() && !name.string().ends_with(kSidecar) && script_title(name) == title) return true;
  }
  return false;
}

struct Target {
  fs::path script, note;
  std::string title;
};

// The first free name; one that holds the same content is as good. A note whose script was taken away may be replaced.
Target choose(const fs::path& folder, const Ending& ending, const fs::path& script) {
  const std::string own = script_title(ending.name), extension = ending.name.substr(own.size());
  for (unsigned number = 1;; ++number) {
    const std::string wished = (ending.title.empty() ? own : ending.title) + extension;
    Target target;
    target.script = publish::numbered_name(folder / wished, number);
    target.title = script_title(target.script);
    target.note =
        folder / (publish::cut_text(target.title, publish::kNameBytes - std::strlen(kErrorNote)) + kErrorNote);
    if (stands(target.script) && !same_content(script, target.script)) continue;
    if (ending.failure && stands(target.note) && !stands(target.script) && explains_another(target.note, target.title))
      continue;
    return target;
  }
}

void make_real_folder(const fs::path& folder) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) throw system_fault("cannot make " + folder.string(), errno);
  if (!fs::is_directory(fs::symlink_status(folder)))
    throw Fault(Exit::bad_input, folder.string() + " is not a folder", "move it away");
}

void move(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) throw system_fault("cannot move " + from.string(), errno);
}

fs::path settle(const Ending& ending, const fs::path& claim) {
  const fs::path script = claim / ending.name;
  if (!stands(script)) return {};
  const fs::path folder = ending.folder / (ending.failure ? kFailed : kDone);
  make_real_folder(folder);
  const Target target = choose(folder, ending, script);
  // The files beside the script and what they are called where it goes.
  std::vector<std::pair<fs::path, std::string>> beside;
  for (const std::string& sidecar : sidecar_names(ending.name))
    if (stands(claim / sidecar))
      beside.emplace_back(
          claim / sidecar,
          (sidecar.starts_with(ending.name) ? target.script.filename().string() : target.title) + kSidecar);
  if (ending.failure) {
    fault_point("watch-before-the-note");
    write_file(claim / ".note", error_note(target.script.filename(), beside.empty() ? "" : beside.front().second,
                                           ending.folder, *ending.failure));
    fault_point("watch-note-written");
    move(claim / ".note", target.note);
    fault_point("watch-note-in-place");
  }
  for (const auto& [file, name] : beside) move(file, folder / name);
  fault_point("watch-settings-moved");
  move(script, target.script);
  fault_point("watch-script-moved");
  if (!ending.failure) remove_note(ending.folder / kFailed / (script_title(ending.name) + kErrorNote));
  return target.script;
}

}  // namespace

Ended end_drop(const Ending& ending) {
  Ended ended;
  struct stat status {};
  if (stat(ending.folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    ended.result = Ended::Result::away;
    return ended;
  }
  if (ending.was_away && ending.failure) {
    ended.result = Ended::Result::back;
    return ended;
  }
  const fs::path claim = ending.folder / kClaims / ending.claim;
  try {
    ended.script = settle(ending, claim);
    unlink((claim / ".note").c_str());
    rmdir(claim.c_str());
    rmdir((ending.folder / kClaims).c_str());  // unless other claims are there
    fault_point("watch-claim-removed");
  } catch (const Fault& fault) {
    ended.result = Ended::Result::stuck;
    ended.problem = fault.what();
  }
  return ended;
}

}  // namespace lectern::watch
