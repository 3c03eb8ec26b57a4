// Keys of programs that talk over TCP (CURVE, Z85 text of 40 characters), and sockets that use them.
#pragma once

#include <filesystem>
#include <string>
#include <zmq.hpp>

namespace lectern::protocol {

struct KeyPair {
  std::string public_key, secret_key;
};

bool is_key(const std::string& text);

// The pair kept in `file`, which only its owner may read; made at the first call, the
// public half beginning with a letter or digit. Throws Fault naming the file when it
// is damaged or open to others.
KeyPair own_keys(const std::filesystem::path& file);

// Before bind: whoever connects must know the public half of `own`, and the ZAP handler of the socket's context is
// asked about his key under `domain`. Without a handler nobody gets in.
void require_keys(zmq::socket_t& socket, const KeyPair& own, const std::string& domain);
// Before connect: proves `own` to a socket whose public key is `server`, and talks to no other.
void use_keys(zmq::socket_t& socket, const KeyPair& own, const std::string& server);

// The 32 bytes of a key on the wire as text.
std::string key_text(const std::string& bytes);

}  // namespace lectern::protocol
