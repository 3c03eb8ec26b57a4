// Sending and receiving messages over ZeroMQ sockets.
#pragma once

#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/wire.h"

namespace lectern::protocol {

// A socket with the options that all of ours share: no linger, no single frame beyond kMaxMessageBytes.
zmq::socket_t make_socket(zmq::context_t& context, zmq::socket_type type);

// Sends all frames, after `peer` when the socket is a ROUTER. false: would block, or the peer is gone (EHOSTUNREACH).
bool send(zmq::socket_t& socket, const Frames& frames, const std::string& peer = {});

// The next message's frames without waiting; nullopt when there is none. Frames beyond kMaxFrames (one more on a ROUTER,
// for the peer's name) are dropped but still counted, so that decode() refuses the message.
std::optional<std::vector<std::string>> receive(zmq::socket_t& socket);

}  // namespace lectern::protocol
