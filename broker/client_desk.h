// Answers clients: submit, status, follow, change, stop; and tells followers of progress.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "broker/clock.h"
#include "broker/dispatcher.h"
#include "broker/estimates.h"
#include "broker/folder_desk.h"
#include "broker/intake.h"
#include "broker/model_shelf.h"
#include "broker/pipeline.h"
#include "broker/post.h"
#include "broker/reading_room.h"
#include "broker/repair_desk.h"
#include "broker/reports.h"
#include "broker/schedules.h"
#include "broker/store/store.h"
#include "broker/timetable.h"
#include "broker/upkeep.h"

namespace lectern {

class ClientDesk {
 public:
  struct Parts {
    Store& store;
    Post& post;
    Intake& intake;
    Timetable& timetable;
    Estimates& estimates;
    ModelShelf& models;
    Pipeline& pipeline;
    Dispatcher& dispatcher;
    Upkeep& upkeep;
    Schedules& schedules;
    Reports& reports;
    FolderDesk& folders;
    RepairDesk& repairs;
    const Paths& paths;
    const Settings& settings;
    const Clock& clock;
  };
  ClientDesk(const Parts& parts, std::function<void()> stop);

  // Throws Fault for what cannot be done; the caller answers with it.
  void handle(ReadingRoom::Asked&& asked);
  // What holds all work up, for people; empty: nothing.
  void set_notice(const std::string& notice) { notice_ = notice; }
  // These jobs changed: their followers hear of it, at the latest at the returned deadline (monotonic ms).
  void changed(const std::set<std::uint64_t>& jobs);
  std::int64_t tick();
  // A job as people see it.
  protocol::JobView view(const Job& job);

 private:
  struct Follower {
    std::set<std::uint64_t> jobs;
    bool all = false;
    std::int64_t until_ms = 0;
  };
  void handle(const std::string& peer, const protocol::Message& message);
  void submit(const std::string& peer, std::uint64_t request, ReadingRoom::Submission&& submission);
  void answer_known(const std::string& peer, std::uint64_t request, std::uint64_t number);
  void take_in(const std::string& peer, std::uint64_t request, const protocol::Submit& submit, Intake::Checked& checked);
  // `answer` holds what the check of a new job found.
  void answer_submit(const std::string& peer, std::uint64_t request, const Job& job, protocol::Submitted answer);
  void estimate(const std::string& peer, std::uint64_t request, const Intake::Checked& checked);
  void status(const std::string& peer, std::uint64_t request, const std::vector<std::uint64_t>& jobs);
  void report(const std::string& peer, std::uint64_t request, const protocol::Report& wish);
  Job named(const std::string& job);  // throws Fault(not_found)
  void history(const std::string& peer, const protocol::Message& message);
  void outputs(const std::string& peer, const protocol::Message& message);
  void change(const std::string& peer, const protocol::Message& message);
  void model_change(const std::string& peer, const protocol::Message& message);
  std::string change_one(const protocol::Change& change, const Job& job);  // why not; empty when done

  Parts p_;
  std::function<void()> stop_;
  std::int64_t started_ms_;
  std::string notice_;
  std::map<std::string, Follower> followers_;
  std::set<std::uint64_t> news_;  // changed since the last progress
  std::int64_t next_news_ms_ = 0;
};

}  // namespace lectern
