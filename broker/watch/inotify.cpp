#include "broker/watch/inotify.h"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lectern::watch {
namespace {

constexpr std::uint32_t kWanted =
    IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr int kReadsARound = 8;

FolderEvent translated(const inotify_event& event) {
  FolderEvent result;
  result.folder = event.wd;
  if (event.len > 0) result.name = event.name;  // ends with zeros
  if (event.mask & IN_Q_OVERFLOW)
    result.kind = FolderEvent::Kind::overflow;
  else if (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
    result.kind = FolderEvent::Kind::gone;
  else if (event.mask & IN_ISDIR)
    result.kind = FolderEvent::Kind::subfolder;
  else if (event.mask & IN_MOVED_TO)
    result.kind = FolderEvent::Kind::moved_in;
  return result;
}

}  // namespace

Inotify::Inotify() : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

Inotify::~Inotify() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<int> Inotify::add(const std::filesystem::path& folder) {
  if (descriptor_ < 0) return std::nullopt;
  const int watch = inotify_add_watch(descriptor_, folder.c_str(), kWanted);
  return watch < 0 ? std::nullopt : std::optional(watch);
}

void Inotify::remove(int folder) { inotify_rm_watch(descriptor_, folder); }

std::vector<FolderEvent> Inotify::events() {
  std::vector<FolderEvent> result;
  alignas(inotify_event) char buffer[64 * 1024];
  for (int i = 0; i < kReadsARound && descriptor_ >= 0; ++i) {
    const ssize_t got = read(descriptor_, buffer, sizeof buffer);
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(buffer + at);
      result.push_back(translated(event));
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return result;
}

bool on_network(const std::filesystem::path& folder) {
  struct statfs status {};
  if (statfs(folder.c_str(), &status) != 0) return false;
  constexpr unsigned long kCifs = 0xff534d42, kSmb2 = 0xfe534d42, kCeph = 0x00c36400, kFuse = 0x65735546,
                          kLustre = 0x0bd00bd0, kVirtualBox = 0x786f4256;
  const unsigned long known[] = {
      NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CODA_SUPER_MAGIC, AFS_SUPER_MAGIC, V9FS_MAGIC, kCifs, kSmb2,
      kCeph,           kFuse,           kLustre,          kVirtualBox};
  const auto type = static_cast<unsigned long>(status.f_type) & 0xffffffff;
  return std::find(std::begin(known), std::end(known), type) != std::end(known);
}

}  // namespace lectern::watch
