#include "broker/gate.h"

#include "broker/protocol/socket.h"
#include "config/fault.h"
#include "config/paths.h"

namespace lectern {
namespace {

zmq::socket_t make_router(zmq::context_t& context) {
  zmq::socket_t socket = protocol::make_socket(context, zmq::socket_type::router);
  socket.set(zmq::sockopt::sndhwm, 4000);
  return socket;
}

}  // namespace

Gate::Gate(zmq::context_t& context, const std::filesystem::path& socket) : here_(make_router(context)) {
  try {
    here_.bind(ipc_endpoint(socket));
  } catch (const zmq::error_t& e) {
    throw Fault(Exit::no_broker, "cannot create the socket " + socket.string() + ": " + e.what(),
                "make the folder " + socket.parent_path().string() + " writable, or use another --home");
  }
}

void Gate::listen(zmq::context_t& context, const std::string& address, const protocol::KeyPair& keys,
                  const std::string& domain) {
  remote_ = make_router(context);
  protocol::require_keys(*remote_, keys, domain);
  // A peer whose machine or network is gone leaves no connection behind.
  remote_->set(zmq::sockopt::heartbeat_ivl, 5000);
  remote_->set(zmq::sockopt::heartbeat_timeout, 15000);
  try {
    remote_->bind(address);
  } catch (const zmq::error_t& e) {
    throw Fault(Exit::no_broker, "cannot listen at " + address + ": " + e.what(),
                "change `listen` in config.yaml to an address of this machine and a free port");
  }
}

void Gate::wait_for(std::vector<zmq::pollitem_t>& items) {
  items.push_back({here_.handle(), 0, ZMQ_POLLIN, 0});
  if (remote_) items.push_back({remote_->handle(), 0, ZMQ_POLLIN, 0});
}

std::optional<Gate::Arrival> Gate::receive() {
  char kind = kHere;
  auto frames = protocol::receive(here_);
  if (!frames && remote_) frames = protocol::receive(*remote_), kind = kRemote;
  if (!frames) return std::nullopt;
  Arrival arrival{kind + frames->front(), std::move(*frames)};
  arrival.frames.erase(arrival.frames.begin());
  return arrival;
}

bool Gate::send(const std::string& peer, const protocol::Frames& frames) {
  if (!is_remote(peer)) return protocol::send(here_, frames, peer.substr(1));
  return remote_ && protocol::send(*remote_, frames, peer.substr(1));
}

}  // namespace lectern
