// Messages that leave only after the commit of what they tell.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/gate.h"
#include "broker/protocol/wire.h"

namespace lectern {

class Post {
 public:
  Post(Gate& clients, Gate& workers) : clients_(clients), workers_(workers) {}

  template <class T>
  void to_client(const std::string& peer, const T& message, std::uint64_t request = 0,
                 std::vector<std::string> payload = {}) {
    letters_.push_back({&clients_, peer, protocol::encode(message, request, std::move(payload))});
  }
  template <class T>
  void to_worker(const std::string& peer, const T& message) {
    letters_.push_back({&workers_, peer, protocol::encode(message)});
  }
  // Something else that may only happen after the commit.
  void afterwards(std::function<void()> action) { actions_.push_back(std::move(action)); }
  // Forgets what was to be sent: the transaction was undone.
  void drop() { letters_.clear(), actions_.clear(); }
  // Sends all; returns the workers that could not be reached. Clients that went away are nobody's concern.
  std::vector<std::string> flush();

 private:
  struct Letter {
    Gate* gate;
    std::string peer;
    protocol::Frames frames;
  };
  Gate& clients_;
  Gate& workers_;
  std::vector<Letter> letters_;
  std::vector<std::function<void()>> actions_;
};

}  // namespace lectern
