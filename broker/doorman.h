// Decides which keys get in over TCP: the ZAP handler (ZeroMQ RFC 27) of the broker's context.
#pragma once

#include <filesystem>
#include <zmq.hpp>

namespace lectern {

class Doorman {
 public:
  // Must stand before a socket that requires keys is bound. `allowed`: the file of allowed keys, read at every request,
  // so that a change holds for whoever comes next.
  Doorman(zmq::context_t& context, std::filesystem::path allowed);

  void* handle() { return socket_.handle(); }  // readable: answer() has something to do
  void answer();                               // all that ask now; a file that cannot be read lets nobody in

 private:
  std::filesystem::path allowed_;
  zmq::socket_t socket_;
};

}  // namespace lectern
