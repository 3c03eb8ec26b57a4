#include "cli/watch.h"

#include <algorithm>

#include "cli/progress_line.h"

namespace lectern::cli {

bool Watch::apply(const protocol::Message& message) {
  if (message.type != protocol::Progress::kType) {
    state_ = Connection::expect<protocol::Jobs>(message);
    heard_ = true;
    return true;
  }
  auto progress = protocol::parse<protocol::Progress>(message);
  auto job = std::find_if(state_.jobs.begin(), state_.jobs.end(),
                          [&](const protocol::JobView& known) { return known.number == progress.job.number; });
  if (job == state_.jobs.end()) return false;
  *job = std::move(progress.job);
  return true;
}

bool Watch::run(const Show& show, std::optional<Connection::Clock::time_point> until) {
  using Clock = Connection::Clock;
  auto renew = Clock::now();
  while (true) {
    // One `follow` at a time: an unanswered one is repeated by the connection.
    if (Clock::now() >= renew && connection_.unanswered() == 0) {
      connection_.post(protocol::Follow{selection_});
      renew = Clock::now() + renewal_;
    }
    std::optional<Clock::time_point> wake = until;
    if (connection_.unanswered() == 0) wake = wake ? std::min(*wake, renew) : renew;
    if (const auto message = connection_.next(wake)) {
      if (apply(*message)) show(state_);
      if (heard_ && std::all_of(state_.jobs.begin(), state_.jobs.end(), has_ended)) return true;
    } else if (until && Clock::now() >= *until) {
      return false;
    }
  }
}

protocol::Selection unfinished_jobs(Connection& connection) {
  protocol::Status status;
  status.selection.all = true;
  protocol::Selection unfinished;
  for (const protocol::JobView& job : connection.ask<protocol::Jobs>(status).jobs)
    if (!has_ended(job)) unfinished.jobs.push_back(std::to_string(job.number));
  return unfinished;
}

}  // namespace lectern::cli
