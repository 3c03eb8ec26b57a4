#include "broker/watch/sighting.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "config/script_name.h"

namespace lectern::watch {
namespace {

namespace fs = std::filesystem;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

std::vector<std::string> list_claims(const fs::path& claims) {
  std::vector<std::string> names;
  const int descriptor = open(claims.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return names;
  const Folder folder(fdopendir(descriptor));
  while (const dirent* entry = folder ? readdir(folder.get()) : nullptr)
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  return names;
}

}  // namespace

Sighting sighting_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

std::optional<Sighting> look(const fs::path& file) {
  struct stat status {};
  if (lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return sighting_of(status);
}

bool takes_name(const FolderSettings& folder, const std::string& name) {
  if (is_passing_name(name) || name.ends_with(kErrorNote)) return false;
  const std::string extension = lower_extension(name);
  if (extension.size() < 2 || std::none_of(folder.extensions.begin(), folder.extensions.end(), [&](const auto& known) {
        return strcasecmp(known.c_str(), extension.c_str() + 1) == 0;
      }))
    return false;
  return std::none_of(folder.ignore.begin(), folder.ignore.end(),
                      [&](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

std::vector<std::string> sidecar_names(const std::string& script) {
  std::vector<std::string> names{script + kSidecar, script_title(script) + kSidecar};
  if (names[0] == names[1]) names.pop_back();
  return names;
}

Listing list_folder(const FolderSettings& settings) {
  Listing listing;
  const Folder folder(opendir(settings.path.c_str()));
  struct stat status {};
  if (!folder || fstat(dirfd(folder.get()), &status) != 0) {
    listing.problem = std::strerror(errno);
    return listing;
  }
  listing.there = true;
  listing.device = status.st_dev;
  listing.inode = status.st_ino;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_type != DT_REG && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) continue;
    if (!takes_name(settings, entry->d_name)) continue;
    if (fstatat(dirfd(folder.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(status.st_mode)) listing.links.push_back(entry->d_name);
    if (!S_ISREG(status.st_mode)) continue;
    if (listing.files.size() == kMostFiles) {
      listing.more = true;
      break;
    }
    listing.files.emplace_back(entry->d_name, sighting_of(status));
  }
  listing.claims = list_claims(settings.path / kClaims);
  return listing;
}

}  // namespace lectern::watch
