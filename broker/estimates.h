// How long work takes, by what was learned and else by the catalogue; what that means for the night. All of it is an
// estimate, and says so. One thread.
#pragma once

#include <map>
#include <string>

#include "broker/clock.h"
#include "broker/model_shelf.h"
#include "broker/plan.h"
#include "broker/protocol/messages.h"
#include "broker/store/store.h"
#include "broker/timetable.h"

namespace lectern {

class Estimates {
 public:
  Estimates(Store& store, const ModelShelf& models, Timetable& timetable, const Clock& clock)
      : store_(store), models_(models), timetable_(timetable), clock_(clock) {}

  // Seconds of audio that the job will have.
  double audio_s(const Job& job) const;
  // Seconds of work that are left of it.
  double work_s(const Job& job);
  // Why the job will not be done by the time that was wished, for people; empty: no time was wished, or it fits.
  std::string too_late(const Job& job);
  // What will run until the windows that are open now or open next have closed; a day when no job has a window.
  protocol::Planned plan();

 private:
  double chars_per_second(const std::string& model, double speed) const;
  protocol::ModelSpeed speed(const std::string& model);
  double work_before(const Job& job);

  Store& store_;
  const ModelShelf& models_;
  Timetable& timetable_;
  const Clock& clock_;
};

}  // namespace lectern
