// The agent's line to its broker: of this home (ipc), or on another machine (TCP, by keys).
#pragma once

#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "config/paths.h"

namespace lectern {

// A broker on another machine.
struct RemoteBroker {
  std::string address;  // tcp://HOST:PORT
  std::string key;      // its public key
};

class BrokerLine {
 public:
  // Connects, now or whenever the broker is there. Throws Fault when this machine's keys cannot be used.
  BrokerLine(zmq::context_t& context, const Paths& paths, const std::optional<RemoteBroker>& remote);

  zmq::socket_t& socket() { return socket_; }  // DEALER
  // Appends what zmq::poll has to wait for besides the socket.
  void wait_for(std::vector<zmq::pollitem_t>& items);
  // Says in the log, once, when a broker of another machine refuses this one, and when it lets it in.
  void read_events();

 private:
  zmq::socket_t socket_;
  std::optional<zmq::socket_t> events_;  // of the connection; only for another machine
  std::string last_;                     // what was said last
  std::string address_;
};

}  // namespace lectern
