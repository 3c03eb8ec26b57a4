// Schedules: scripts that are submitted again and again.
//
// A time of a schedule's rule is dealt with once: the last one that is dealt with stands in the store and is changed in
// the transaction that submits, so that restarts and clocks that jump repeat nothing. Times that passed unseen are one
// run at most, by the schedule's `catch_up`. Files are found and read on the pool, a few at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/intake.h"
#include "broker/pipeline.h"
#include "broker/post.h"
#include "broker/store/store.h"
#include "config/calendar/recurrence.h"
#include "config/script_list.h"

namespace lectern {

class Schedules {
 public:
  Schedules(Store& store, Intake& intake, Pipeline& pipeline, Post& post, const Settings& settings, const Clock& clock);

  // Makes the store's schedules those of config.yaml, and those that were added by commands. Commits.
  void take_over();
  // Begins the runs that are due. Returns the next deadline (monotonic ms).
  std::int64_t tick();
  // No run is under way.
  bool idle() const { return running_.empty(); }
  // The transaction was undone: what is known of the store is read again.
  void undone() { known_ = false; }
  // Throws Fault for what cannot be done. The answer to `run` comes when all of it is submitted.
  void handle(const std::string& peer, std::uint64_t request, const protocol::Schedule& wish);

 private:
  struct Known {
    ScheduleRow row;
    calendar::Recurrence rule;
    calendar::Zone zone;
    calendar::Instant next_ms;
  };
  // One run, from the search for its scripts to its result.
  struct Run {
    ScheduleSetting setting;
    calendar::Instant due_ms = 0;
    std::string batch_id;
    std::vector<Script> scripts;
    std::size_t next = 0;  // script
    std::vector<std::uint64_t> jobs;
    std::uint64_t known = 0, waiting = 0, refused = 0;
    std::string refusal;  // the first one
    std::string peer;     // who asked for it
    std::uint64_t request = 0;
  };
  using RunPtr = std::shared_ptr<const Run>;

  void read();
  void fire(Known& known, calendar::Instant due, calendar::Instant now);
  void begin(const ScheduleRow& row, calendar::Instant due, bool any_window, const std::string& peer,
             std::uint64_t request);
  void go_on(const RunPtr& run);
  protocol::Submit submit_of(const Run& run, const Script& script) const;  // safe on any thread
  void submit(Run& run, Intake::Checked checked);
  void end(const Run& run);
  void conclude(ScheduleRow row, calendar::Instant due, const std::string& result);
  void answer(const std::string& peer, std::uint64_t request);
  ScheduleRow* find(const std::string& name);
  ScheduleRow& require(const std::string& name);

  Store& store_;
  Intake& intake_;
  Pipeline& pipeline_;
  Post& post_;
  const Settings& settings_;
  const Clock& clock_;
  bool known_ = false;
  std::vector<Known> schedules_;
  std::map<std::string, RunPtr> running_;  // by name
};

}  // namespace lectern
