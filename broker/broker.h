// The broker's one loop: waits for sockets, signals and results until the next deadline; handles all that is ready
// inside one transaction; commits; only then answers. A transaction that many clients wait for is committed by a thread
// of its own, and the loop reads meanwhile what else they have sent; it leaves the store alone until that has ended.
#pragma once

#include <memory>
#include <optional>

#include "broker/agents.h"
#include "broker/client_desk.h"
#include "broker/disk_space.h"
#include "broker/dispatcher.h"
#include "broker/doorman.h"
#include "broker/estimates.h"
#include "broker/folder_desk.h"
#include "broker/gate.h"
#include "broker/hooks/hooks.h"
#include "broker/intake.h"
#include "broker/pipeline.h"
#include "broker/post.h"
#include "broker/reading_room.h"
#include "broker/reports.h"
#include "broker/schedules.h"
#include "broker/sleep_lock.h"
#include "broker/store/store.h"
#include "broker/surroundings.h"
#include "broker/timetable.h"
#include "broker/upkeep.h"
#include "broker/watch/watched_folders.h"

namespace lectern {

class Broker {
 public:
  // Opens the store and binds the sockets; the caller holds the folder's lock. SIGTERM, SIGINT and SIGCHLD must be
  // blocked in all threads before. Throws Fault when something of the environment is not usable.
  Broker(const Paths& paths, const Settings& settings, const Clock& clock);
  ~Broker();

  // Until SIGTERM, SIGINT or a `stop`. Returns when workers have ended and all is committed.
  void run();

 private:
  void round();
  void await_events();
  void receive_clients();
  std::int64_t transact();  // handles all that is ready; as conclude(), returns the next deadline
  void receive_workers();
  void answer_clients();
  void commit_beside();     // by a thread of its own
  bool commit_ended();      // of commit_beside(); throws DatabaseFault as Store::commit() does
  std::int64_t conclude();  // what follows from the transaction that was committed
  void deliver();           // what was posted leaves
  void signals();
  std::int64_t look_around();
  void undo(const DatabaseFault& fault);
  void begin_stop();
  bool stopped();

  const Paths& paths_;
  const Settings& settings_;
  const Clock& clock_;
  int signals_ = -1;
  Store store_;
  zmq::context_t context_{1};
  std::optional<Doorman> doorman_;  // when other machines may come
  Gate clients_, workers_;
  Post post_;
  ModelShelf models_;
  Intake intake_;
  ReadingRoom room_;
  Surroundings surroundings_;
  Timetable timetable_;
  Estimates estimates_;
  Pipeline pipeline_;
  Dispatcher dispatcher_;
  Upkeep upkeep_;
  Schedules schedules_;
  Reports reports_;
  SleepLock sleep_lock_;
  hooks::Hooks hooks_;
  watch::WatchedFolders folders_;
  FolderDesk folder_desk_;
  RepairDesk repair_desk_;
  ClientDesk desk_;
  DiskSpace disk_space_;
  Agents agents_;
  WorkPool committer_{1};
  bool committing_ = false;  // beside the loop: nobody else may touch the store
  // Of the transaction, until it is committed.
  std::vector<WorkPool::Result> results_;
  std::vector<ReadingRoom::Asked> asked_;
  std::set<std::uint64_t> changed_;  // jobs

  std::vector<std::string> unreachable_;  // workers who could not be sent what was posted
  std::set<std::uint64_t> to_advance_;  // jobs whose change is committed, for the pipeline to look at
  std::int64_t deadline_ms_ = 0;
  std::int64_t energy_at_ms_ = 0;
  bool counts_energy_ = false;  // work ran at the last look
  std::int64_t stop_at_ms_ = 0, kill_at_ms_ = 0;  // while stopping: the grace for current segments, then for workers
  bool stopping_ = false, retired_ = false;
  std::uint64_t refused_messages_ = 0;
};

}  // namespace lectern
