// The watched folders of a broker: finds scripts, claims them, makes jobs of them, and puts them into done/ or failed/.
//
// How it works: inotify tells of files for speed, scans find them for certain. A file that has stood still is claimed
// on a pool (claim.h), its job is added on the loop (admission.h); when the job has ended the script is moved on the
// pool (ending.h), and only then its drop is forgotten. One task at a time for each folder, so that a folder that hangs
// holds nothing else up. All of this is in the store or on the disk: a restart goes on wherever it was cut off.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/clock.h"
#include "broker/protocol/messages.h"
#include "broker/watch/admission.h"
#include "broker/watch/ending.h"
#include "broker/watch/inotify.h"
#include "broker/watch/place.h"
#include "broker/work_pool.h"

namespace lectern::watch {

class WatchedFolders {
 public:
  struct Notices {
    std::function<void(std::uint64_t job)> settled;  // a job's scripts lie where they belong
    std::function<void(const std::filesystem::path& script, const std::string& why)> refused;  // it became no job
  };
  // Begins to watch the folders of the settings and of the store. Throws Fault for stored settings that are damaged.
  WatchedFolders(Store& store, Intake& intake, const Settings& settings, const Clock& clock, Notices notices);

  // What the loop waits on; -1: there is none.
  int events_descriptor() const { return inotify_.descriptor(); }
  int results_descriptor() const { return pool_.descriptor(); }
  std::vector<WorkPool::Result> results() { return pool_.results(); }
  void read_events();
  // Begins what is due. Returns the next deadline (monotonic ms).
  std::int64_t tick();
  void stop() { stopping_ = true; }  // nothing new is begun

  // The job ended, and that is committed. false: it is no job of a watched folder.
  bool ended(std::uint64_t job);
  // Whether more jobs may join this batch.
  bool holds(const std::string& batch_id) const;

  // For FolderDesk. `add` watches a folder and its profiles, or gives it new settings; the store is not touched.
  void add(const FolderSettings& folder, Place::Source source);
  void remove(const std::filesystem::path& path);  // with its profiles; what was claimed goes on
  // Looks at these folders now (empty: all); `seen` is called when all have been looked at, on the loop.
  void scan(const std::vector<std::string>& paths, std::function<void()> seen);
  std::vector<protocol::FolderView> views() const;

 private:
  struct Scanning {
    std::set<std::string> wanted, begun;  // folders
    std::function<void()> seen;
  };
  struct Queued {
    Ending ending;
    std::uint64_t job = 0;  // 0: refused
  };
  struct Ended {
    Queued queued;
    watch::Ended how;
  };

  void came(Place& place, const FolderEvent& event, std::int64_t now_ms);
  // Runs `work` for a folder on the pool, and what it returns on the loop; the folder is busy until then.
  void run(const std::string& path, WorkPool::Task work);
  void begin(const std::string& path, Place* place);
  void begin_endings(const std::string& path);
  void begin_taking(const std::string& path, Place& place, std::vector<Wanted> wanted);
  void begin_scan(const std::string& path, Place& place);
  void finish_scan(const std::string& path, const Listing& listing, std::optional<int> watch);
  void take_up_claims(const std::string& path, const std::vector<std::string>& claims);
  void admit(const std::string& path, const Admission::Read& read);
  void queue_ending(const Drop& drop);
  void settle_ending(const Ended& ended);
  void close_batch(Place& place);
  bool works_at(const std::string& path, const Place& place) const;
  Place* find(const std::string& path);

  Store& store_;
  const Settings& settings_;
  const Clock& clock_;
  Notices notices_;
  Admission admission_;
  Inotify inotify_;
  std::map<std::string, Place> places_;                   // by path
  std::map<int, std::string> watches_;                    // inotify's number -> path
  std::map<std::string, std::deque<Queued>> endings_;     // by folder, watched or not
  std::vector<std::pair<std::int64_t, Queued>> delayed_;  // tried again when due (monotonic ms)
  std::set<std::string> busy_;                            // folders with a task on the pool
  std::vector<Scanning> scanning_;
  bool stopping_ = false;
  WorkPool pool_{2};
};

}  // namespace lectern::watch
