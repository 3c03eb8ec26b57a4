// What came of a night: done, failed with reasons, carried over, hours of audio, speed, energy where the driver tells.
// On request, and as a page in the folder of the setting `reports` after each window. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "broker/dispatcher.h"
#include "broker/protocol/messages.h"
#include "broker/store/store.h"
#include "broker/timetable.h"

namespace lectern {

class Reports {
 public:
  using View = std::function<protocol::JobView(const Job&)>;
  Reports(Store& store, const Dispatcher& dispatcher, Timetable& timetable, const Settings& settings,
          const Clock& clock)
      : store_(store), dispatcher_(dispatcher), timetable_(timetable), settings_(settings), clock_(clock) {}

  // What ended since then, and what has not. `view` makes a job as people see it.
  protocol::Reported report(std::int64_t from_ms, const View& view);
  // Writes the page of each window that has closed, once what was being spoken and published is done. A page that is
  // there is not written again, so that a restart in the morning does not miss it nor make it twice. Returns the next
  // deadline (monotonic ms).
  std::int64_t tick(const View& view);

 private:
  void write_page(const std::string& window, const calendar::Span& span, const View& view);
  bool at_rest();

  Store& store_;
  const Dispatcher& dispatcher_;
  Timetable& timetable_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, calendar::Instant> written_;  // by window: the closing that is dealt with
};

}  // namespace lectern
