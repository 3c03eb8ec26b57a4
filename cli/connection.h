// A client's side of the talk with the broker: requests with deadlines, retries and pipelining over one DEALER socket.
//
// Requests are kept until they are answered. When no answer comes for a while the socket is made anew and everything
// unanswered is sent again, unchanged: every request of a client may be repeated (a submit carries a client-made id).
// One thread. Throws Fault(no_broker) when the broker does not answer at all or speaks another version.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/wire.h"
#include "cli/interrupt.h"
#include "config/paths.h"

namespace lectern::cli {

// How long to wait for an answer: `first` after the first try, each later try twice as long as the one before.
struct Patience {
  std::chrono::milliseconds first{3000};
  int tries = 5;  // 93 s in all: a broker that starts over a large queue or cuts a 200 MB script gets through
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  // Called before the broker is looked for again: starts one, or throws Fault(no_broker).
  using Revive = std::function<void()>;

  // `interrupt` (not owned, may be null) makes every wait throw Interrupted.
  Connection(const Paths& paths, Revive revive, Patience patience = {}, const Interrupt* interrupt = nullptr);

  // Asks and waits for the answer; an `error` answer is thrown as the Fault that it carries. Events that come
  // meanwhile are dropped.
  template <class Answer, class Request>
  Answer ask(const Request& request, std::vector<std::string> payload = {}) {
    const std::uint64_t number = post(request, std::move(payload));
    while (true) {
      const protocol::Message message = *next(std::nullopt);
      if (message.request == number && message.type != protocol::Progress::kType) return expect<Answer>(message);
    }
  }

  // Asks without waiting; the number that the answer will bear.
  template <class Request>
  std::uint64_t post(const Request& request, std::vector<std::string> payload = {}) {
    const std::uint64_t number = ++last_request_;
    post(number, protocol::encode(request, number, std::move(payload)));
    return number;
  }

  // The next answer to a posted request, or event (`progress`). nullopt: nothing came until then; never without
  // `until`.
  std::optional<protocol::Message> next(std::optional<Clock::time_point> until);

  // Requests that have not been answered.
  std::size_t unanswered() const { return pending_.size(); }

  // The fields of an answer, or the Fault that it carries.
  template <class Answer>
  static Answer expect(const protocol::Message& message) {
    if (message.type == protocol::Error::kType) throw protocol::to_fault(protocol::parse<protocol::Error>(message));
    return protocol::parse<Answer>(message);
  }

 private:
  void open();
  void post(std::uint64_t number, protocol::Frames frames);
  void retry();
  void wait(std::optional<Clock::time_point> until);
  std::optional<protocol::Message> take();

  std::string endpoint_;
  std::filesystem::path log_;
  Revive revive_;
  Patience patience_;
  const Interrupt* interrupt_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::map<std::uint64_t, protocol::Frames> pending_;
  std::uint64_t last_request_ = 0;
  int tries_ = 0;                  // since the last answer
  Clock::time_point quiet_since_;  // the last answer, or the first request after none were open
};

}  // namespace lectern::cli
