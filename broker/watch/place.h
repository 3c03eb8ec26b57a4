// One watched folder: which files lie in it, since when they stand still, and what is to be done there next. No disk
// and no clock of its own; the loop's thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/watch/claim.h"
#include "broker/watch/sighting.h"
#include "config/folder_settings.h"

namespace lectern::watch {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kRescanMs = 300'000;  // the safety net behind the events
inline constexpr std::int64_t kMissingMs = 3'000;   // a folder that is away is looked for
inline constexpr std::int64_t kStuckMs = 15'000;    // a full disk or a folder without permission is tried again
inline constexpr std::size_t kTakenAtOnce = 64;     // between two commits

class Place {
 public:
  enum class Source { config, added, profile };
  Place(FolderSettings settings, Source source, std::int64_t now_ms);

  const FolderSettings& settings() const { return settings_; }
  Source source() const { return source_; }

  // An event named the file; `seen`: how it stands, nullopt: it is gone. `moved_in`: it was renamed into the folder and
  // is whole: one look is enough.
  void saw(const std::string& name, const std::optional<Sighting>& seen, bool moved_in, std::int64_t now_ms);
  void saw_link(const std::string& name);  // links are not followed
  // A scan: what it lists lies there, what it does not list is gone (unless there was more).
  void saw(const Listing& listing, std::int64_t now_ms);
  // Events were lost: the next scan is due at once.
  void lost_events(std::int64_t now_ms) { scan_at_ms_ = now_ms; }
  void went_away(const std::string& problem, std::int64_t now_ms);

  // Files that have stood still long enough; they are in hand until settle().
  std::vector<Wanted> due(std::int64_t now_ms);
  void settle(const Taking& taking, const Sighting& wanted, std::int64_t now_ms);
  bool scan_due(std::int64_t now_ms) const { return now_ms >= scan_at_ms_; }
  void scan_begun() { scan_at_ms_ = kNever; }
  std::int64_t next_ms() const;  // when due() or scan_due() may have something

  bool away() const { return away_; }
  std::size_t waiting() const { return files_.size() - aside_.size(); }  // that will be taken
  const std::map<std::string, std::string>& problems() const { return aside_; }
  const std::string& notice() const { return notice_; }

  // What watches the folder; set by whoever does.
  std::optional<int> watch;  // inotify's number; none: it is polled
  std::string batch;         // of its drops, while they come
  std::uint64_t done = 0, failed = 0;
  bool scanned = false;  // at least once

 private:
  struct File {
    Sighting seen;
    std::int64_t take_at_ms = 0;
    bool in_hand = false;
  };
  void put(const std::string& name, File& file, std::int64_t take_at_ms);
  void put_aside(const std::string& name, const std::string& why);
  void drop(const std::string& name);

  FolderSettings settings_;
  Source source_;
  std::map<std::string, File> files_;
  std::set<std::pair<std::int64_t, std::string>> queue_;  // by take_at_ms; those that are neither in hand nor aside
  std::map<std::string, std::string> aside_;              // why a file is left alone until it changes
  std::int64_t scan_at_ms_, stuck_until_ms_ = 0;
  bool away_ = false;
  std::string notice_;
};

}  // namespace lectern::watch
