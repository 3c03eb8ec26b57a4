// The two sides of the queue as a bench plays them: clients that submit and workers that answer at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/socket.h"
#include "config/paths.h"

namespace lectern::bench {

// `count` sentences of different text, of about 110 characters; each becomes one segment.
std::string prose(std::uint64_t first, std::uint64_t count);
// Prose of exactly `bytes` bytes that no other `number` has.
std::string script(std::uint64_t number, std::size_t bytes);

protocol::Frames submit_message(std::uint64_t number, const std::string& text, const std::filesystem::path& folder);

class Client {
 public:
  Client(zmq::context_t& context, const Paths& paths);
  void send(const protocol::Frames& frames);
  void await_submitted();  // throws when it is anything else
  protocol::Jobs status_all();
  protocol::Jobs status(std::uint64_t number);  // of the job that submit_message() made of it

 private:
  protocol::Frames receive();
  zmq::socket_t socket_;
};

// A worker with room for `credit` segments that answers each with a take of a few samples.
class Worker {
 public:
  Worker(zmq::context_t& context, const Paths& paths, const std::string& name, std::uint64_t credit);
  void connect();                   // says `ready`
  void speak(std::uint64_t count);  // answers so many segments; heartbeats while it waits
  void await_work();                // until one segment is there; it stays unanswered
  void beat(double seconds);        // nothing but heartbeats

 private:
  std::vector<protocol::Lease> receive(int patience_ms);  // leases of the work that came
  template <class T>
  void tell(const T& message, std::vector<std::string> payload = {});

  zmq::socket_t socket_;
  std::string endpoint_, name_, samples_;
  std::uint64_t credit_;
  std::int64_t beaten_ms_ = 0;
};

}  // namespace lectern::bench
