// Where peers of one kind reach the broker: a socket for this machine's own (ipc), and one for other machines when the
// settings ask for it (TCP, by keys).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/curve.h"
#include "broker/protocol/wire.h"

namespace lectern {

class Gate {
 public:
  // Binds the ipc socket. Throws Fault naming it.
  Gate(zmq::context_t& context, const std::filesystem::path& socket);
  // Also over TCP: "tcp://0.0.0.0:5561". A Doorman must stand. Throws Fault naming the address.
  void listen(zmq::context_t& context, const std::string& address, const protocol::KeyPair& keys,
              const std::string& domain);

  // Appends what zmq::poll has to wait for.
  void wait_for(std::vector<zmq::pollitem_t>& items);

  struct Arrival {
    std::string peer;
    std::vector<std::string> frames;
  };
  std::optional<Arrival> receive();
  // false: would block, or the peer is gone.
  bool send(const std::string& peer, const protocol::Frames& frames);

  static bool is_remote(const std::string& peer) { return !peer.empty() && peer[0] == kRemote; }

 private:
  static constexpr char kHere = '.', kRemote = '@';  // the first character of a peer's name; its routing id follows

  zmq::socket_t here_;
  std::optional<zmq::socket_t> remote_;
};

}  // namespace lectern
