// Sends scripts to the broker, many under way at once, and keeps what became of each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"
#include "cli/connection.h"
#include "config/script_list.h"

namespace lectern::cli {

// A random version-4 UUID.
std::string random_id();

class Submission {
 public:
  struct Outgoing {
    protocol::Submit message;
    std::string bytes;  // of the script
  };
  // Reads a script and says what is asked for it; a Fault concerns this script alone.
  using Compose = std::function<Outgoing(const Script&)>;

  // Neither answer nor fault: not sent, or not answered.
  struct Outcome {
    std::optional<protocol::Message> answer;  // `submitted` or `estimate`
    std::optional<Fault> fault;
  };

  struct Window {
    std::size_t requests = 64;
    std::size_t bytes = 64u << 20;  // of scripts; one script may be larger
  };

  Submission(Connection& connection, std::vector<Script> scripts, Compose compose)
      : Submission(connection, std::move(scripts), std::move(compose), Window()) {}
  Submission(Connection& connection, std::vector<Script> scripts, Compose compose, Window window);

  // Until every script has an outcome. A refusal that would meet every script (no such voice, no space) is thrown as a
  // Fault once what is under way has been answered; also Fault(no_broker) and Interrupted. outcomes() tells what
  // was accepted before.
  void run();

  // After Interrupted: hears what is said until then of the scripts that are under way, and sends none. How many
  // stay without an answer; the broker may have accepted them.
  std::size_t hear_out(Connection::Clock::time_point until);

  const std::vector<Script>& scripts() const { return scripts_; }
  const std::vector<Outcome>& outcomes() const { return outcomes_; }  // one for each script

 private:
  struct Open {
    std::size_t script, bytes;
  };
  void send_what_fits();
  void settle(const protocol::Message& message);

  Connection& connection_;
  std::vector<Script> scripts_;
  Compose compose_;
  Window window_;
  std::vector<Outcome> outcomes_;
  std::map<std::uint64_t, Open> open_;  // by request
  std::size_t next_ = 0, open_bytes_ = 0;
  bool answered_ = false;  // the broker has spoken: the others may follow in a row
  std::optional<Fault> hopeless_;
};

}  // namespace lectern::cli
