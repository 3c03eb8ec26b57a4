#include "broker/store/states.h"

#include "config/fault.h"

namespace lectern {
namespace {

struct JobTransition {
  JobEvent event;
  JobState from, to;
};
constexpr JobTransition kJobTransitions[] = {
    {JobEvent::pause, JobState::queued, JobState::held},
    {JobEvent::pause, JobState::running, JobState::held},
    {JobEvent::resume, JobState::held, JobState::queued},
    {JobEvent::lease, JobState::queued, JobState::running},
    {JobEvent::lease, JobState::running, JobState::running},
    {JobEvent::idle, JobState::running, JobState::queued},
    {JobEvent::spoken, JobState::queued, JobState::publishing},
    {JobEvent::spoken, JobState::running, JobState::publishing},
    {JobEvent::takes_missing, JobState::publishing, JobState::queued},
    {JobEvent::publish, JobState::publishing, JobState::done},
    {JobEvent::fail, JobState::queued, JobState::failed},
    {JobEvent::fail, JobState::running, JobState::failed},
    {JobEvent::fail, JobState::publishing, JobState::failed},
    {JobEvent::retry, JobState::failed, JobState::queued},
    {JobEvent::redo, JobState::done, JobState::queued},
    {JobEvent::redo, JobState::failed, JobState::queued},
    {JobEvent::cancel, JobState::held, JobState::cancelled},
    {JobEvent::cancel, JobState::queued, JobState::cancelled},
    {JobEvent::cancel, JobState::running, JobState::cancelled},
    {JobEvent::cancel, JobState::publishing, JobState::cancelled},
};

struct SegmentTransition {
  SegmentEvent event;
  SegmentState from, to;
};
constexpr SegmentTransition kSegmentTransitions[] = {
    {SegmentEvent::lease, SegmentState::waiting, SegmentState::leased},
    {SegmentEvent::give_up, SegmentState::leased, SegmentState::waiting},
    {SegmentEvent::take, SegmentState::leased, SegmentState::done},
    {SegmentEvent::take, SegmentState::waiting, SegmentState::done},  // a late answer, or spoken for another job
    {SegmentEvent::fail, SegmentState::leased, SegmentState::failed},
    {SegmentEvent::retry, SegmentState::failed, SegmentState::waiting},
    {SegmentEvent::take_lost, SegmentState::done, SegmentState::waiting},
    {SegmentEvent::redo, SegmentState::waiting, SegmentState::waiting},  // of a job that failed before its turn
    {SegmentEvent::redo, SegmentState::done, SegmentState::waiting},
    {SegmentEvent::redo, SegmentState::failed, SegmentState::waiting},
};

constexpr const char* kJobStates[] = {"held", "queued", "running", "publishing", "done", "failed", "cancelled"};
constexpr const char* kJobEvents[] = {"pause",         "resume",  "lease", "idle",  "spoken",
                                      "takes_missing", "publish", "fail",  "retry", "redo",
                                      "cancel"};
constexpr const char* kSegmentStates[] = {"waiting", "leased", "done", "failed"};

template <class State, std::size_t N>
State by_name(const char* const (&names)[N], std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (name == names[i]) return static_cast<State>(i);
  throw Fault(Exit::internal, "the database holds an unknown state '" + std::string(name) + "'");
}

template <class Table, class State, class Event>
std::optional<State> look_up(const Table& table, State state, Event event) {
  for (const auto& row : table)
    if (row.from == state && row.event == event) return row.to;
  return std::nullopt;
}

}  // namespace

std::optional<JobState> after(JobState state, JobEvent event) { return look_up(kJobTransitions, state, event); }
std::optional<SegmentState> after(SegmentState state, SegmentEvent event) {
  return look_up(kSegmentTransitions, state, event);
}
const char* name(JobState state) { return kJobStates[static_cast<int>(state)]; }
const char* name(SegmentState state) { return kSegmentStates[static_cast<int>(state)]; }
const char* name(JobEvent event) { return kJobEvents[static_cast<int>(event)]; }
JobState job_state(std::string_view name) { return by_name<JobState>(kJobStates, name); }
SegmentState segment_state(std::string_view name) { return by_name<SegmentState>(kSegmentStates, name); }

}  // namespace lectern
