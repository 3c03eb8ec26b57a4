// The kernel's events about folders: something came, was written, or the folder itself went. Only for speed: an event
// may be lost at any time (`overflow` says so when the kernel knows), and the scans find what it told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lectern::watch {

struct FolderEvent {
  int folder = -1;  // as returned by add()
  enum class Kind {
    came,       // a file was made, written and closed, or its attributes changed
    moved_in,   // a file was renamed into the folder
    subfolder,  // a folder was made or renamed into it
    gone,       // the folder itself was removed, renamed or unmounted
    overflow,   // events were lost, of any folder
  } kind = Kind::came;
  std::string name;  // inside the folder
};

class Inotify {
 public:
  Inotify();  // without inotify (limits, old kernels) nothing can be added, and folders are polled
  ~Inotify();
  Inotify(const Inotify&) = delete;
  Inotify& operator=(const Inotify&) = delete;

  int descriptor() const { return descriptor_; }  // readable while events are there; -1: there is no inotify
  // Watches the folder; nullopt: impossible, with errno.
  std::optional<int> add(const std::filesystem::path& folder);
  void remove(int folder);
  std::vector<FolderEvent> events();  // those that are ready, at most some thousand

 private:
  int descriptor_;
};

// Whether the folder lies on a network file system, where others' changes make no events.
bool on_network(const std::filesystem::path& folder);

}  // namespace lectern::watch
