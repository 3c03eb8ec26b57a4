#include "broker/publish/folder_listing.h"

#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "broker/publish/staged_file.h"

namespace lectern::publish {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5};
constexpr std::size_t kMostNames = 2000;         // of more, listing costs more than it saves
constexpr std::int64_t kRestNs = 1'000'000'000;  // file systems' times are coarse, some by a second

std::int64_t ns(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

bool FolderListing::stands(const std::string& file) {
  const auto name = file.rfind('/') + 1;
  const std::string_view folder = std::string_view(file).substr(0, name);
  const auto now = Clock::now();
  if (folder != folder_ || now - looked_at_ > kLookEvery) {
    if (folder != folder_) listed_ = false;
    folder_ = folder;
    looked_at_ = now;
    look();
  }
  return listed_ ? names_.contains(std::string_view(file).substr(name)) : publish::stands(file);
}

void FolderListing::look() {
  struct stat status {};
  if (stat(folder_.empty() ? "." : folder_.c_str(), &status) != 0) {
    listed_ = false;
    return;
  }
  if (listed_ && at_rest_ && ns(status.st_mtim) == ns(changed_)) return;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  changed_ = status.st_mtim;
  at_rest_ = ns(now) - ns(changed_) > kRestNs;
  list();
}

void FolderListing::list() {
  names_.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(folder_.empty() ? "." : folder_.c_str()), closedir);
  listed_ = folder != nullptr;
  while (listed_) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (!entry && errno == 0) return;
    if (entry) names_.emplace(entry->d_name);
    listed_ = entry && names_.size() <= kMostNames;
  }
  names_.clear();
}

}  // namespace lectern::publish
