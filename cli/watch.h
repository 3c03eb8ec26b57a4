// Follows jobs until they have ended.
#pragma once

#include <functional>
#include <optional>

#include "broker/protocol/messages.h"
#include "cli/connection.h"

namespace lectern::cli {

class Watch {
 public:
  using Show = std::function<void(const protocol::Jobs&)>;

  // `connection` is used by nobody else meanwhile. `renewal`: how often the broker is asked for the whole state.
  Watch(Connection& connection, protocol::Selection selection,
        std::chrono::milliseconds renewal = std::chrono::seconds(5))
      : connection_(connection), selection_(std::move(selection)), renewal_(renewal) {}

  // Calls `show` with the whole state at first and after every change. true: all jobs have ended; false: `until` came
  // first. Throws Fault (an unknown job, no broker) or Interrupted.
  bool run(const Show& show, std::optional<Connection::Clock::time_point> until = std::nullopt);

  // As last heard.
  const protocol::Jobs& state() const { return state_; }

 private:
  bool apply(const protocol::Message& message);  // false: nothing changed

  Connection& connection_;
  protocol::Selection selection_;
  std::chrono::milliseconds renewal_;
  protocol::Jobs state_;
  bool heard_ = false;  // a whole state has come
};

// The jobs that have not ended now, by number.
protocol::Selection unfinished_jobs(Connection& connection);

}  // namespace lectern::cli
