#include "broker/watch/claim.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>

#include "broker/watch/error_note.h"
#include "config/fault.h"
#include "config/fault_point.h"
#include "config/script_name.h"

namespace lectern::watch {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kBytesAtOnce = 16 << 20;  // of scripts in memory between two commits

class OpenFile {
 public:
  explicit OpenFile(const fs::path& file)
      : number_(open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)), error_(number_ < 0 ? errno : 0) {}
  ~OpenFile() {
    if (number_ >= 0) close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int error() const { return error_; }
  std::optional<Sighting> look() const {
    struct stat status {};
    if (fstat(number_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return sighting_of(status);
  }
  // A read lease is refused while anybody has the file open for writing. Where leases are not to be had (another
  // user's file, a network file system) standing still has to do.
  bool being_written() const {
    if (fcntl(number_, F_SETLEASE, F_RDLCK) == 0) {
      fcntl(number_, F_SETLEASE, F_UNLCK);
      return false;
    }
    return errno == EAGAIN;
  }
  // Up to `most` + 1 bytes, so that a larger file shows. Throws Fault.
  std::string read_all(const fs::path& name, std::uint64_t most) const {
    std::string bytes;
    char buffer[1 << 16];
    while (bytes.size() <= most) {
      const ssize_t got = read(number_, buffer, sizeof buffer);
      if (got == 0) break;
      if (got < 0 && errno != EINTR) throw system_fault("cannot read " + name.string(), errno);
      if (got > 0) bytes.append(buffer, static_cast<std::size_t>(got));
    }
    return bytes;
  }

 private:
  int number_, error_;
};

bool same_bytes(Sighting a, const Sighting& b) {
  a.changed_ns = b.changed_ns;  // a rename changes it
  return a == b;
}

std::string new_claim() {
  std::random_device random;
  char name[20];
  std::snprintf(name, sizeof name, "%08x%08x", random(), random());
  return name;
}

std::int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The settings beside a script, if any; `busy` when they are being written.
std::string find_sidecar(const FolderSettings& folder, const std::string& script, bool& busy) {
  for (const std::string& name : sidecar_names(script)) {
    const OpenFile file(folder.path / name);
    const auto seen = file.error() == 0 ? file.look() : std::nullopt;
    if (!seen) continue;
    const std::int64_t age_ns = wall_ns() - seen->modified_ns;
    busy = file.being_written() || (age_ns >= 0 && static_cast<double>(age_ns) < folder.stable_s * 1e9);
    return name;
  }
  return {};
}

// Reads script and settings of a claim. What cannot be read is a problem of the script, said beside it.
void read_into(const fs::path& folder, std::uint64_t max_bytes, Claimed& claimed) {
  try {
    const OpenFile script(folder / claimed.name);
    if (script.error() != 0) throw system_fault("cannot read " + claimed.name, script.error());
    claimed.script = script.read_all(claimed.name, max_bytes);
    if (claimed.script.size() > max_bytes)
      throw Fault(Exit::bad_input, claimed.name + " is larger than " + std::to_string(max_bytes) + " bytes",
                  "split it, or raise max_script_bytes in config.yaml");
    if (claimed.sidecar_name.empty()) return;
    const OpenFile sidecar(folder / claimed.sidecar_name);
    if (sidecar.error() != 0) throw system_fault("cannot read " + claimed.sidecar_name, sidecar.error());
    claimed.sidecar = sidecar.read_all(claimed.sidecar_name, max_bytes);
  } catch (const Fault& fault) {
    claimed.script.clear();
    claimed.problem = fault.what();
    claimed.mend = fault.hint();
  }
}

Taking stuck(Taking taking, const std::string& doing, int error) {
  taking.result = Taking::Result::stuck;
  taking.problem = doing + ": " + std::strerror(error);
  return taking;
}

// A folder of ours; a link in its place could lead anywhere.
bool own_folder(const fs::path& folder) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return false;
  struct stat status {};
  if (lstat(folder.c_str(), &status) != 0) return false;
  if (S_ISDIR(status.st_mode)) return true;
  errno = ENOTDIR;
  return false;
}

// What was renamed was not what had been looked at: it goes back, unless a newer one has its name; then it is found as
// a claim.
Taking give_back(Taking taking, const fs::path& claim, const fs::path& file) {
  renameat2(AT_FDCWD, (claim / taking.name).c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE);
  rmdir(claim.c_str());
  const auto now = look(file);
  taking.result = now ? Taking::Result::changed : Taking::Result::gone;
  if (now) taking.now = *now;
  return taking;
}

Taking take_one(const FolderSettings& folder, const Wanted& wanted, std::uint64_t max_bytes) {
  Taking taking;
  taking.name = wanted.name;
  const fs::path path = folder.path / wanted.name;
  const OpenFile file(path);
  if (file.error() == ENOENT || file.error() == ELOOP) return taking;
  const auto before = file.error() == 0 ? file.look() : look(path);
  if (!before) return taking;
  taking.now = *before;
  if (*before != wanted.seen) {
    taking.result = Taking::Result::changed;
    return taking;
  }
  if (file.error() != 0) {
    taking.result = Taking::Result::unreadable;
    taking.problem = std::strerror(file.error());
    return taking;
  }
  bool sidecar_busy = false;
  taking.claimed.name = wanted.name;
  taking.claimed.sidecar_name = find_sidecar(folder, wanted.name, sidecar_busy);
  if (sidecar_busy || file.being_written()) {
    taking.result = Taking::Result::busy;
    return taking;
  }
  taking.claimed.claim = new_claim();
  const fs::path claims = folder.path / kClaims, claim = claims / taking.claimed.claim;
  if (!own_folder(claims)) return stuck(taking, "cannot make " + claims.string(), errno);
  if (mkdir(claim.c_str(), 0777) != 0) return stuck(taking, "cannot make " + claim.string(), errno);
  fault_point("watch-claim-made");
  if (rename(path.c_str(), (claim / wanted.name).c_str()) != 0) {
    const int error = errno;
    rmdir(claim.c_str());
    if (error == ENOENT) return taking;
    return stuck(taking, "cannot move " + path.string(), error);
  }
  fault_point("watch-script-claimed");
  const auto after = file.look();
  const auto claimed = look(claim / wanted.name);
  if (!after || !claimed || !same_bytes(*after, *before) || !same_bytes(*claimed, *after))
    return give_back(taking, claim, path);
  const std::string& sidecar = taking.claimed.sidecar_name;
  if (!sidecar.empty() && rename((folder.path / sidecar).c_str(), (claim / sidecar).c_str()) != 0)
    taking.claimed.sidecar_name.clear();  // taken away at the last moment
  fault_point("watch-settings-claimed");
  remove_note(folder.path / (script_title(wanted.name) + kErrorNote));
  read_into(claim, max_bytes, taking.claimed);
  taking.result = Taking::Result::claimed;
  return taking;
}

}  // namespace

std::vector<Taking> take(const FolderSettings& folder, const std::vector<Wanted>& wanted, std::uint64_t max_bytes) {
  std::vector<Taking> takings;
  std::uint64_t bytes = 0;
  for (const Wanted& one : wanted) {
    if (bytes > kBytesAtOnce) {
      takings.emplace_back();
      takings.back().result = Taking::Result::unlooked;
      takings.back().name = one.name;
      continue;
    }
    takings.push_back(take_one(folder, one, max_bytes));
    bytes += takings.back().claimed.script.size();
  }
  return takings;
}

bool read_claim(const FolderSettings& folder, const std::string& claim, std::uint64_t max_bytes, Claimed& claimed) {
  const fs::path path = folder.path / kClaims / claim;
  std::error_code error;
  claimed = {};
  claimed.claim = claim;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name[0] == '.' || !look(entry->path())) continue;
    (name.ends_with(kSidecar) ? claimed.sidecar_name : claimed.name) = name;
  }
  if (claimed.name.empty()) {
    rmdir(path.c_str());
    return false;
  }
  // Cut off between the two renames: the settings still lie in the folder.
  if (claimed.sidecar_name.empty())
    for (const std::string& name : sidecar_names(claimed.name))
      if (claimed.sidecar_name.empty() && look(folder.path / name) &&
          rename((folder.path / name).c_str(), (path / name).c_str()) == 0)
        claimed.sidecar_name = name;
  read_into(path, max_bytes, claimed);
  return true;
}

}  // namespace lectern::watch
