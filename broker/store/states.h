// The states of jobs and segments and every legal transition between them, as one table each.
//
//   job:      held -> queued -> running -> publishing -> done
//               ^        |  ^      |           |
//               +- pause +  +------+           +-> failed      any of the first four -> cancelled
//                           (lease lost)                       failed -> queued   (retry: only what is missing)
//                                                              done, failed -> queued   (redo: segments spoken anew)
//   segment:  waiting -> leased -> done
//                ^          |----> failed (after max_attempts)
//                +----------+ lease lost, worker gone, retryable error
//                done, failed -> waiting   (redo)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lectern {

enum class JobState { held, queued, running, publishing, done, failed, cancelled };
enum class JobEvent {
  pause,          // the user holds it
  resume,         // the user lets it go on
  lease,          // its first segment is handed out
  idle,           // its last lease was given up; segments still wait
  spoken,         // every segment has its take
  takes_missing,  // publishing found that takes are gone: they are spoken again
  publish,        // the finished file stands
  fail,           // a segment was given up, or the script or the file cannot be made
  retry,          // the user asks for what is missing
  redo,           // the user wants segments spoken anew
  cancel,
};

enum class SegmentState { waiting, leased, done, failed };
enum class SegmentEvent {
  lease,      // handed to a worker
  give_up,    // the lease is lost; no take
  take,       // its take is stored
  fail,       // given up for good
  retry,      // the job is tried again
  take_lost,  // its take is gone from the disk
  redo,       // it is to be spoken anew
};

// The state after the event; nullopt: the event is refused in that state.
std::optional<JobState> after(JobState state, JobEvent event);
std::optional<SegmentState> after(SegmentState state, SegmentEvent event);

const char* name(JobState state);
const char* name(SegmentState state);
const char* name(JobEvent event);
JobState job_state(std::string_view name);  // throws Fault(internal) for an unknown name
SegmentState segment_state(std::string_view name);

inline bool finished(JobState s) { return s == JobState::done || s == JobState::failed || s == JobState::cancelled; }

}  // namespace lectern
