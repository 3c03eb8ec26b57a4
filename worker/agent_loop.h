// The agent's loop: sockets, signals and the engine process around the policy of agent.h. One thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "config/catalogue.h"
#include "config/paths.h"
#include "config/settings.h"
#include "worker/agent.h"
#include "worker/broker_line.h"
#include "worker/engine_process.h"
#include "worker/memory_view.h"

namespace lectern {

struct AgentLoopOptions {
  std::string device;       // cpu or cuda:N
  bool foreground = false;  // logs go to stderr
  std::string log_level;
  std::optional<RemoteBroker> broker;  // nullopt: the one of this home
};

class AgentLoop : private AgentEffects {
 public:
  // SIGCHLD, SIGTERM, SIGINT and SIGHUP must be blocked in all threads and be readable from `signals` (a signalfd).
  AgentLoop(const Paths& paths, const Settings& settings, const AgentLoopOptions& options, int signals);
  // Until the agent has been asked to end and its engine is gone.
  void run();

 private:
  void send_to_broker(protocol::Frames frames) override;
  void beat(protocol::Frames heartbeat) override;
  void check_sound(const protocol::Work& work) override;
  StartedEngine start_engine(const EngineOrder& order) override;
  void send_to_engine(const protocol::Frames& frames) override;
  void signal_engine(int signal) override;
  EngineMemory engine_memory() override;
  MemoryRoom room(const std::string& device) override { return memory_.room(device); }
  std::string memory_holders(const std::string& device) override { return memory_.holders(device); }
  std::uint64_t catalogue_need(const std::string& model) override;
  bool memory_is_back(std::int64_t pid) override { return memory_.is_back(pid); }
  std::int64_t wall_ms() override;

  void wait();
  void read_signals();
  void read_engine();
  void flush();
  EngineCommand engine_command(const CatalogueModel& model, const EngineOrder& order) const;

  const Paths& paths_;
  const Settings& settings_;
  AgentLoopOptions options_;
  Catalogue catalogue_;
  int signals_;
  zmq::context_t context_{1};
  BrokerLine line_;
  std::deque<protocol::Frames> outbox_;  // to the broker, until it can be reached
  std::unique_ptr<EngineProcess> engine_;
  int engines_started_ = 0;
  MemoryView memory_;
  Agent agent_;
};

}  // namespace lectern
