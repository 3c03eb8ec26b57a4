// A broker that says what the test tells it to: a ROUTER at the client socket of a temporary home, in a thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/wire.h"
#include "config/paths.h"
#include "tests/cli/temporary_folder.h"

namespace lectern {

// What is sent back for a message; empty: silence.
using Answers = std::vector<protocol::Frames>;

class ScriptedBroker {
 public:
  // Called in the broker's thread.
  using Script = std::function<Answers(const protocol::Message&)>;

  ScriptedBroker(const Paths& paths, Script script);
  ~ScriptedBroker();

  // All that came so far, in order.
  std::vector<protocol::Message> heard() const;
  std::size_t heard(const std::string& type) const;

 private:
  void serve();

  Script script_;
  zmq::context_t context_;
  zmq::socket_t socket_, stop_;
  mutable std::mutex mutex_;
  std::vector<protocol::Message> heard_;
  std::thread thread_;
};

// The usual answers: `submitted` with numbers from 1, every job of a status or follow done, `changed`, `welcome`.
class ObligingScript {
 public:
  Answers operator()(const protocol::Message& message);

 private:
  std::vector<protocol::JobView> jobs_;
};

protocol::Frames refusal(const protocol::Message& to, Exit exit, const std::string& what, const std::string& hint);

}  // namespace lectern
