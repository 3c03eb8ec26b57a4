// Answers clients about the parts of a job: its segments, and which of them are to be spoken anew.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "broker/dispatcher.h"
#include "broker/model_shelf.h"
#include "broker/pipeline.h"
#include "broker/post.h"
#include "broker/store/store.h"
#include "broker/timetable.h"

namespace lectern {

class RepairDesk {
 public:
  struct Parts {
    Store& store;
    Post& post;
    ModelShelf& models;
    Timetable& timetable;
    Dispatcher& dispatcher;
    Pipeline& pipeline;
    const Paths& paths;
  };
  explicit RepairDesk(const Parts& parts) : p_(parts) {}

  // Throws Fault for what cannot be done; then nothing has changed. `view`: the job as people see it.
  protocol::SegmentList segments(const protocol::Segments& wish, const protocol::JobView& view, const Job& job);
  protocol::Redone redo(const protocol::Redo& wish, const Job& job);
  // Answers when all of it was read. Whoever asks again meanwhile, because it takes long, gets a `progress` at once and
  // the answer later; the work is not begun twice.
  void verify(const std::string& peer, std::uint64_t request, const protocol::Verify& wish);

 private:
  struct Asker {
    std::string peer;
    std::uint64_t request = 0;
  };
  Store::NewTake new_take(const protocol::Redo& wish, const Job& job, std::uint64_t index);

  Parts p_;
  std::map<std::string, std::shared_ptr<Asker>> verifying_;  // by file; who is to be answered
};

}  // namespace lectern
