// The segments that an agent holds leases of, in the order in which they came. Those at the front may be in the engine:
// they are `handed`. Knows nothing of engines, brokers or states.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"

namespace lectern {

class Line {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Leases = std::vector<protocol::Lease>;
  struct Held {
    protocol::Work work;
    std::optional<Time> handed;  // to the engine; nullopt: waits in line
  };

  bool empty() const { return held_.empty(); }
  std::size_t handed() const;
  const std::string& model() const { return held_.front().work.model; }  // that the front asks for; not when empty
  Leases leases() const;
  Leases handed_leases() const;
  std::optional<Time> oldest_handed() const;

  // The entry of that segment, whichever try; null: none.
  const Held* find(std::uint64_t segment) const;
  void add(const protocol::Work& work) { held_.push_back({work, std::nullopt}); }
  // Hands out what waits, from the front, as long as it is of that model and `may` agrees; tells each to `hand`.
  void hand_out(const std::string& model, Time now, const std::function<bool(std::size_t handed)>& may,
                const std::function<void(const protocol::Work&)>& hand);
  // Removes one lease; nullopt: it is not held. The removed entry tells whether it was in the engine.
  std::optional<Held> remove(const protocol::Lease& lease);
  Leases remove_handed();
  Leases remove_waiting();
  Leases remove_model(const std::string& model);
  Leases remove_all();
  // The engine that they were handed to is gone: all wait again.
  void take_back();

 private:
  Leases remove_if(const std::function<bool(const Held&)>& wanted);
  std::deque<Held> held_;
};

}  // namespace lectern
