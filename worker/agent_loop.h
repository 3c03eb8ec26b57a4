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
  StartedEngine start_engine(const std::string& model) override;
  void send_to_engine(const protocol::Frames& frames) override;
  void signal_engine(int signal) override;
  EngineMemory engine_memory() override;

  void wait();
  void read_signals();
  void read_engine();
  void flush();
  EngineCommand engine_command(const CatalogueModel& model) const;

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
  Agent agent_;
};

}  // namespace lectern
