// Which names stand in a folder, for those who ask for many of them: it is listed, and listed anew once its time has
// changed. Of a large folder each name is asked for.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <set>
#include <string>

namespace lectern::publish {

// One thread.
class FolderListing {
 public:
  // As stands() says, or said a few milliseconds ago.
  bool stands(const std::string& file);

 private:
  using Clock = std::chrono::steady_clock;

  void look();
  void list();

  std::string folder_;  // with its slash; the one that was asked for last
  Clock::time_point looked_at_;
  bool listed_ = false;   // else each name is asked for
  bool at_rest_ = false;  // when it was listed: a change would have shown in its time
  timespec changed_{};    // its time when it was listed
  std::set<std::string, std::less<>> names_;
};

}  // namespace lectern::publish
