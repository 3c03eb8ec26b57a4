// The engine process's side of the seam: work comes in from the agent's socket, takes go out to it.
//
// One thread of its own owns the socket; the engine's threads meet it at a queue. Everything here may be called from
// any thread. Segments are handed out in the order in which they came.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "broker/protocol/messages.h"
#include "broker/protocol/wire.h"
#include "worker/engine.h"

namespace lectern {

class EngineHost : public SpeechHost {
 public:
  // Connects to the agent's endpoint ("ipc://...") and starts the socket's thread. Throws Fault.
  explicit EngineHost(const std::string& endpoint);
  ~EngineHost() override;  // close()

  // The agent hands out work only after this.
  void ready(const protocol::EngineReady& facts);
  void failed(const protocol::EngineFailed& failure);
  // The agent asked for the end; run() is expected to return.
  bool finishing() const;
  // Sends what is still to be sent (at most a second) and ends the socket's thread.
  void close();

  std::optional<SpeechRequest> next() override;
  std::optional<SpeechRequest> next_if_any() override;
  bool cancelled(std::uint64_t ticket) const override;
  void spoken(std::uint64_t ticket, Speech speech) override;
  void failed(std::uint64_t ticket, SpeechFailure failure) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Segment {
    protocol::Lease lease;
    Clock::time_point begun;
    bool cancelled = false;
  };

  void serve(const std::string& endpoint);  // the socket's thread
  void handle(std::vector<std::string> frames);
  void take_in(const protocol::Work& work);
  void cancel(const protocol::CancelWork& message);
  std::optional<SpeechRequest> pop();  // with the lock held
  std::optional<Segment> end_segment(std::uint64_t ticket);
  void post(protocol::Frames frames);
  void wake() const;

  zmq::context_t context_{1};
  int wake_ = -1;  // eventfd: something to send, or closing
  mutable std::mutex lock_;
  std::condition_variable arrived_;
  std::deque<SpeechRequest> queue_;            // not begun
  std::map<std::uint64_t, Segment> segments_;  // by ticket: in the queue or begun
  std::deque<protocol::Frames> outgoing_;
  std::uint64_t tickets_ = 0;
  bool finishing_ = false, closing_ = false;
  std::thread thread_;  // last: starts when the rest is there
};

}  // namespace lectern
