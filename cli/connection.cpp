#include "cli/connection.h"

#include <algorithm>
#include <cerrno>

#include "broker/protocol/socket.h"

namespace lectern::cli {

Connection::Connection(const Paths& paths, Revive revive, Patience patience, const Interrupt* interrupt)
    : endpoint_(ipc_endpoint(paths.client_socket())),
      log_(paths.log_file("broker")),
      revive_(std::move(revive)),
      patience_(patience),
      interrupt_(interrupt),
      context_(1) {
  open();
}

void Connection::open() {
  socket_ = protocol::make_socket(context_, zmq::socket_type::dealer);
  socket_.set(zmq::sockopt::sndhwm, 0);  // the asker bounds what is under way
  socket_.connect(endpoint_);
}

void Connection::post(std::uint64_t number, protocol::Frames frames) {
  if (pending_.empty()) {
    quiet_since_ = Clock::now();
    tries_ = 0;
  }
  const protocol::Frames& kept = pending_[number] = std::move(frames);
  protocol::send(socket_, kept);
}

void Connection::retry() {
  if (++tries_ >= patience_.tries)
    throw Fault(Exit::no_broker, "the broker does not answer (" + endpoint_ + ")",
                "look into " + log_.string() + "; 'lectern stop' and 'lectern start' begin afresh, jobs are kept");
  revive_();
  open();
  for (const auto& [number, frames] : pending_) protocol::send(socket_, frames);
  quiet_since_ = Clock::now();
}

std::optional<protocol::Message> Connection::take() {
  while (auto frames = protocol::receive(socket_)) {
    protocol::Message message = protocol::decode(std::move(*frames));
    if (message.type == protocol::Progress::kType) {  // whatever is asked of it, the broker is at work
      quiet_since_ = Clock::now();
      tries_ = 0;
      return message;
    }
    if (pending_.erase(message.request) > 0) {
      quiet_since_ = Clock::now();
      tries_ = 0;
      return message;
    }
    // A broker that could not read the request cannot repeat its number.
    if (message.type == protocol::Error::kType && message.request == 0)
      throw protocol::to_fault(protocol::parse<protocol::Error>(message));
    // Anything else is the second answer to a request that was sent twice.
  }
  return std::nullopt;
}

void Connection::wait(std::optional<Clock::time_point> until) {
  auto timeout = std::chrono::milliseconds(-1);
  if (until)
    timeout =
        std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()));
  zmq::pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                             {nullptr, interrupt_ ? interrupt_->fd() : -1, ZMQ_POLLIN, 0}};
  try {
    zmq::poll(items, interrupt_ ? 2 : 1, timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
  }
  if (interrupt_ && (items[1].revents & ZMQ_POLLIN)) throw Interrupted();
}

std::optional<protocol::Message> Connection::next(std::optional<Clock::time_point> until) {
  while (true) {
    if (auto message = take()) return message;
    const auto now = Clock::now();
    if (until && now >= *until) return std::nullopt;
    auto wake = until;
    if (!pending_.empty()) {
      const auto due = quiet_since_ + patience_.first * (1 << std::min(tries_, 20));
      if (now >= due) {
        retry();
        continue;
      }
      wake = wake ? std::min(*wake, due) : due;
    }
    wait(wake);
  }
}

}  // namespace lectern::cli
