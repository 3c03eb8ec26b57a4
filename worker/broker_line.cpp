#include "worker/broker_line.h"

#include <spdlog/spdlog.h>

#include <cstring>
#include <utility>

#include "broker/protocol/curve.h"
#include "broker/protocol/socket.h"

namespace lectern {
namespace {

constexpr const char* kEvents = "inproc://broker-line";
constexpr int kRefusals =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

}  // namespace

BrokerLine::BrokerLine(zmq::context_t& context, const Paths& paths, const std::optional<RemoteBroker>& remote)
    : socket_(protocol::make_socket(context, zmq::socket_type::dealer)) {
  // Connected to nobody but a living broker: messages wait in the agent's outbox instead of in a queue that a lost
  // connection takes with it.
  socket_.set(zmq::sockopt::immediate, true);
  socket_.set(zmq::sockopt::reconnect_ivl, 100);
  socket_.set(zmq::sockopt::reconnect_ivl_max, remote ? 5000 : 1000);
  socket_.set(zmq::sockopt::linger, 500);  // for the last give_back
  address_ = remote ? remote->address : ipc_endpoint(paths.worker_socket());
  if (remote) {
    protocol::use_keys(socket_, protocol::own_keys(paths.worker_key()), remote->key);
    socket_.set(zmq::sockopt::heartbeat_ivl, 5000);  // a network that is gone is noticed, and the line made anew
    socket_.set(zmq::sockopt::heartbeat_timeout, 15000);
    zmq_socket_monitor(socket_.handle(), kEvents, kRefusals | ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    events_.emplace(context, zmq::socket_type::pair);
    events_->set(zmq::sockopt::linger, 0);
    events_->connect(kEvents);
  }
  socket_.connect(address_);
}

void BrokerLine::wait_for(std::vector<zmq::pollitem_t>& items) {
  if (events_) items.push_back({events_->handle(), 0, ZMQ_POLLIN, 0});
}

void BrokerLine::read_events() {
  if (!events_) return;
  while (const auto frames = protocol::receive(*events_)) {
    std::uint16_t event = 0;
    if (frames->front().size() >= sizeof event) std::memcpy(&event, frames->front().data(), sizeof event);
    const std::string now = event & kRefusals ? "refused" : "let in";
    if (now == std::exchange(last_, now)) continue;
    if (event & kRefusals)
      spdlog::error(
          "the broker at {} does not let this machine in; there: lectern key allow NAME '{}'; and compare its "
          "broker key with --broker-key",
          address_, socket_.get(zmq::sockopt::curve_publickey));
    else
      spdlog::info("the broker at {} let this machine in", address_);
  }
}

}  // namespace lectern
