#include "broker/protocol/socket.h"

#include <cerrno>

namespace lectern::protocol {

zmq::socket_t make_socket(zmq::context_t& context, zmq::socket_type type) {
  zmq::socket_t socket(context, type);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kMaxMessageBytes));
  if (type == zmq::socket_type::router) socket.set(zmq::sockopt::router_mandatory, true);
  return socket;
}

bool send(zmq::socket_t& socket, const Frames& frames, const std::string& peer) {
  auto send_part = [&](const std::string& part, bool more) {
    const auto flags = zmq::send_flags::dontwait | (more ? zmq::send_flags::sndmore : zmq::send_flags::none);
    return socket.send(zmq::buffer(part), flags).has_value();
  };
  try {
    if (!peer.empty() && !send_part(peer, true)) return false;
    for (std::size_t i = 0; i < frames.size(); ++i)
      if (!send_part(frames[i], i + 1 < frames.size())) return false;
    return true;
  } catch (const zmq::error_t& e) {
    if (e.num() == EHOSTUNREACH || e.num() == EAGAIN) return false;
    throw;
  }
}

std::optional<std::vector<std::string>> receive(zmq::socket_t& socket) {
  zmq::message_t part;
  if (!socket.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;
  std::vector<std::string> frames;
  std::size_t total = 0;
  while (true) {
    total += part.size();
    const bool fits = frames.size() <= kMaxFrames && total <= kMaxMessageBytes;
    frames.push_back(fits ? part.to_string() : std::string());
    if (frames.size() > kMaxFrames + 2) frames.pop_back();
    if (!part.more()) break;
    if (!socket.recv(part, zmq::recv_flags::none)) break;
  }
  if (total > kMaxMessageBytes) frames.resize(kMaxFrames + 2);
  return frames;
}

}  // namespace lectern::protocol
