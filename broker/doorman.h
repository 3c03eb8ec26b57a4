// Decides which keys get in over TCP: the ZAP handler (ZeroMQ RFC 27) of the broker's context.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>
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
  // The name of who may enter; empty: nobody.
  std::string name_of(const std::vector<std::string>& asked);

  std::filesystem::path allowed_;
  std::set<std::string> refused_;  // keys that the log has named
  zmq::socket_t socket_;
};

}  // namespace lectern
