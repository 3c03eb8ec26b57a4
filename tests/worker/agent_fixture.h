// An Agent between a broker, an engine and a clock that the test plays; its members are the vocabulary of agent_test.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "worker/agent.h"

namespace lectern {

using namespace std::chrono_literals;
using protocol::Lease;
using State = Agent::State;

class FakeWorld : public AgentEffects {
 public:
  void send_to_broker(protocol::Frames frames) override { to_broker.push_back(protocol::decode(std::move(frames))); }
  void beat(protocol::Frames frames) override {
    last_beat = protocol::parse<protocol::Heartbeat>(protocol::decode(std::move(frames)));
    ++beats;
  }
  StartedEngine start_engine(const EngineOrder& order) override {
    if (order.model == "missing") throw Fault(Exit::not_found, "model 'missing' is not installed", "pull it");
    started.push_back(order.model);
    orders.push_back(order);
    return {1000 + static_cast<std::int64_t>(started.size()), 1, 24000};
  }
  void send_to_engine(const protocol::Frames& frames) override { to_engine.push_back(protocol::decode(frames)); }
  void signal_engine(int number) override { signals.push_back(number); }
  EngineMemory engine_memory() override { return memory; }
  MemoryRoom room(const std::string& device) override { return device == "cpu" ? machine : card; }
  std::string memory_holders(const std::string&) override { return "game (pid 7) 5.0 GB"; }
  std::uint64_t catalogue_need(const std::string&) override { return need; }
  bool memory_is_back(std::int64_t) override { return back; }
  std::int64_t wall_ms() override { return wall; }
  void check_sound(const protocol::Work& work) override {
    if (work.sound != sound) throw Fault(Exit::bad_input, "it is not the same", "pull it");
  }

  std::string sound = "alike";
  EngineMemory memory;
  MemoryRoom machine, card;
  std::uint64_t need = 0;
  bool back = true;
  std::int64_t wall = 1'795'471'200'000;  // 2026-11-23 22:00 UTC
  std::vector<EngineOrder> orders;
  std::vector<protocol::Message> to_broker, to_engine;
  std::vector<std::string> started;
  std::vector<int> signals;
  protocol::Heartbeat last_beat;
  int beats = 0;
};

class AgentTest : public testing::Test {
 protected:
  AgentTest() { make({}); }

  void make(AgentOptions options) {
    options.worker = "w";
    if (options.device.empty()) options.device = "cpu";
    agent_.emplace(options, world_, now_);
  }
  void keep_alive(double seconds) {
    AgentOptions options;
    options.keep_alive = KeepAlive{KeepAlive::Kind::duration, seconds};
    make(options);
  }

  // The clock: every deadline on the way is ticked, as the loop would.
  void pass(Agent::Clock::duration time) {
    const Agent::Time end = now_ + time;
    for (Agent::Time next; (next = agent_->next_deadline(now_)) <= end;) {
      advance(std::max(now_, next));
      agent_->tick(now_);
      if (broker_answers_) answer_heartbeat();
    }
    advance(end);
  }
  void answer_heartbeat() {
    protocol::Heartbeat answer;
    if (coming_ && *coming_ > now_) {
      answer.expected_model = "sine";
      answer.expected_in_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*coming_ - now_).count();
    }
    tell(answer);
  }
  void advance(Agent::Time to) {
    world_.wall += std::chrono::duration_cast<std::chrono::milliseconds>(to - now_).count();
    now_ = to;
  }

  // The broker.
  template <class T>
  void tell(const T& message) {
    agent_->broker_message(protocol::encode(message), now_);
  }
  void work(std::uint64_t segment, const std::string& model = "sine", std::uint64_t attempt = 1) {
    protocol::Work work;
    work.lease = {segment, attempt};
    work.model = model;
    work.text = "text";
    tell(work);
  }
  void load(const std::string& model, const std::string& keep = "") { tell(protocol::Load{model, keep}); }
  void unload(bool now = false) {
    protocol::Unload unload;
    unload.now = now;
    tell(unload);
  }
  void cancel(std::uint64_t segment, std::uint64_t attempt = 1) { tell(protocol::CancelWork{{{segment, attempt}}}); }

  // The engine.
  template <class T>
  void engine_says(const T& message, std::vector<std::string> payload = {}) {
    agent_->engine_message(protocol::encode(message, 0, std::move(payload)), now_);
  }
  void loaded(std::int64_t lanes = 2) { engine_says(protocol::EngineReady{"sine", 1, 24000, lanes, 0.5}); }
  void speaks(std::uint64_t segment, std::uint64_t attempt = 1) {
    protocol::Take take;
    take.lease = {segment, attempt};
    take.frames = 1;
    take.sample_rate_hz = 24000;
    engine_says(take, {std::string(4, '\0')});
  }
  void fails(std::uint64_t segment) { engine_says(protocol::SegmentFailed{{segment, 1}, false, "no"}); }
  void ends(int code = 0) { agent_->engine_ended({false, code, ""}, now_); }
  void dies(int signal = SIGKILL) { agent_->engine_ended({true, signal, ""}, now_); }

  // An engine that is warm, or busy with segments 1 to `segments`.
  void warm(std::int64_t lanes = 2) {
    work(900);
    loaded(lanes);
    speaks(900);
    forget();
  }
  void busy(int segments, std::int64_t lanes = 2) {
    warm(lanes);
    for (int i = 1; i <= segments; ++i) work(i);
    world_.to_broker.clear();
  }

  // What was said.
  template <class T>
  std::vector<T> said_to_broker() const {
    return of_type<T>(world_.to_broker);
  }
  template <class T>
  std::vector<T> said_to_engine() const {
    return of_type<T>(world_.to_engine);
  }
  std::vector<std::uint64_t> in_engine() const {  // segments handed out since forget()
    std::vector<std::uint64_t> segments;
    for (const auto& work : said_to_engine<protocol::Work>()) segments.push_back(work.lease.segment);
    return segments;
  }
  void forget() {
    world_.to_broker.clear();
    world_.to_engine.clear();
  }
  State state() const { return agent_->state(); }

  FakeWorld world_;
  Agent::Time now_ = Agent::Time() + 1h;
  std::optional<Agent> agent_;
  bool broker_answers_ = true;
  std::optional<Agent::Time> coming_;  // when work of "sine" is known to come

 private:
  template <class T>
  static std::vector<T> of_type(const std::vector<protocol::Message>& messages) {
    std::vector<T> found;
    for (const protocol::Message& message : messages)
      if (message.type == T::kType) found.push_back(protocol::parse<T>(message));
    return found;
  }
};

inline std::vector<Lease> leases(std::vector<std::uint64_t> segments) {
  std::vector<Lease> list;
  for (const std::uint64_t segment : segments) list.push_back({segment, 1});
  return list;
}

}  // namespace lectern
