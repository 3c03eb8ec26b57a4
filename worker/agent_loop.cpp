#include "worker/agent_loop.h"

#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "broker/protocol/socket.h"
#include "config/fault.h"
#include "config/fault_point.h"
#include "config/voice_choice.h"
#include "worker/engine_environment.h"

namespace lectern {
namespace {

// Engines that stand in a program of their own; all others are in lectern-engine.
struct EngineProgram {
  const char* engine;
  const char* program;
};
constexpr EngineProgram kPrograms[] = {{"sine", "lectern-engine-sine"}};

std::string program_of(const std::string& engine) {
  for (const EngineProgram& known : kPrograms)
    if (engine == known.engine) return known.program;
  return "lectern-engine";
}

std::string new_worker_id(const std::string& device) {
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) throw system_fault("cannot get random bytes", errno);
  return fmt::format("{}-{:016x}", device, random);
}

AgentOptions agent_options(const Settings& settings, const std::string& device) {
  AgentOptions options;
  options.worker = new_worker_id(device);
  options.device = device;
  options.pid = getpid();
  options.keep_alive = settings.keep_alive;
  if (settings.preload) options.preload = settings.model;
  options.memory_short = settings.memory_short;
  options.memory_reserve_bytes = settings.memory_reserve_bytes;
  options.idle_free_bytes = settings.idle_free_bytes;
  options.engine_growth_bytes = settings.engine_growth_bytes;
  options.engine_timeout = std::chrono::duration<double>(settings.engine_timeout_s);
  return options;
}

}  // namespace

AgentLoop::AgentLoop(const Paths& paths, const Settings& settings, const AgentLoopOptions& options, int signals)
    : paths_(paths),
      settings_(settings),
      options_(options),
      catalogue_(Catalogue::load(settings.test_models)),
      signals_(signals),
      line_(context_, paths, options.broker),
      memory_(options.device),
      agent_(agent_options(settings, options.device), *this, Agent::Clock::now()) {}

void AgentLoop::run() {
  agent_.begin(Agent::Clock::now());
  while (!agent_.done()) {
    wait();
    line_.read_events();
    flush();
    while (auto frames = protocol::receive(line_.socket())) agent_.broker_message(std::move(*frames), Agent::Clock::now());
    read_engine();
    read_signals();
    agent_.tick(Agent::Clock::now());
  }
  flush();
}

void AgentLoop::wait() {
  std::vector<zmq::pollitem_t> items = {
      {line_.socket().handle(), 0, static_cast<short>(ZMQ_POLLIN | (outbox_.empty() ? 0 : ZMQ_POLLOUT)), 0},
      {nullptr, signals_, ZMQ_POLLIN, 0}};
  line_.wait_for(items);
  if (engine_) items.push_back({engine_->socket().handle(), 0, ZMQ_POLLIN, 0});
  if (engine_ && engine_->stderr_fd() >= 0) items.push_back({nullptr, engine_->stderr_fd(), ZMQ_POLLIN, 0});
  const auto now = Agent::Clock::now();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(agent_.next_deadline(now) - now);
  try {
    zmq::poll(items, std::max(left, std::chrono::milliseconds(0)));
  } catch (const zmq::error_t& e) {
    if (e.num() != EINTR) throw;
  }
}

void AgentLoop::read_engine() {
  if (!engine_) return;
  engine_->read_stderr();
  while (auto frames = protocol::receive(engine_->socket()))
    agent_.engine_message(std::move(*frames), Agent::Clock::now());
}

void AgentLoop::read_signals() {
  signalfd_siginfo info;
  while (read(signals_, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGCHLD) {
      spdlog::info("signal {}: ending", info.ssi_signo);
      agent_.retire(Agent::Clock::now());
    } else if (const auto end = engine_ ? engine_->reap() : std::nullopt) {
      read_engine();  // what it sent before it ended
      engine_.reset();
      agent_.engine_ended(*end, Agent::Clock::now());
    }
  }
}

void AgentLoop::flush() {
  while (!outbox_.empty() && protocol::send(line_.socket(), outbox_.front())) outbox_.pop_front(), fault_point("sent");
}

void AgentLoop::send_to_broker(protocol::Frames frames) {
  fault_point("before sending to the broker");
  outbox_.push_back(std::move(frames));
  flush();
}

void AgentLoop::beat(protocol::Frames heartbeat) {
  if (outbox_.empty()) protocol::send(line_.socket(), heartbeat);
}

EngineCommand AgentLoop::engine_command(const CatalogueModel& model, const EngineOrder& order) const {
  EngineCommand command;
  command.program = sibling_program(program_of(model.engine));
  command.arguments = {"--engine",       model.engine,
                       "--model",        model.name,
                       "--model-folder", paths_.model(model.name).string(),
                       "--voices",       paths_.voices().string(),
                       "--device",       order.device,
                       "--threads",      std::to_string(settings_.threads),
                       "--precision",    settings_.precision,
                       "--log-level",    options_.log_level};
  if (order.most_lanes > 0) {
    command.arguments.push_back("--lanes");
    command.arguments.push_back(std::to_string(order.most_lanes));
  }
  if (!options_.foreground) {
    command.arguments.push_back("--log-file");
    command.arguments.push_back(paths_.log_file("engine").string());
  }
  command.environment = engine_environment(order.device, settings_.threads);
  return command;
}

void AgentLoop::check_sound(const protocol::Work& work) {
  const CatalogueModel& model = catalogue_.model(work.model);
  const InstalledModel installed = require_model(paths_, model);
  const VoiceChoice voice = choose_voice(paths_, catalogue_, model, installed, work.voice);
  if (sound_digest(model, installed, voice, settings_.precision) != work.sound)
    throw Fault(Exit::bad_input,
                "model " + work.model + ", its voice " + work.voice + " or `precision` is not the same as at the broker",
                "have the same version of Lectern, the same files (lectern model pull, lectern voice import) and settings");
}

StartedEngine AgentLoop::start_engine(const EngineOrder& order) {
  const CatalogueModel& model = catalogue_.model(order.model);
  if (!model.built_in) require_model(paths_, model);
  engine_ = std::make_unique<EngineProcess>(context_, paths_.engine_socket(getpid(), ++engines_started_),
                                            engine_command(model, order), options_.foreground);
  fault_point("engine started");
  return {engine_->pid(), model.revision, model.sample_rate_hz};
}

void AgentLoop::send_to_engine(const protocol::Frames& frames) {
  fault_point("before sending to the engine");
  if (engine_ && !protocol::send(engine_->socket(), frames))
    spdlog::debug("message '{}' did not reach the engine", frames.at(1));
}

void AgentLoop::signal_engine(int signal) {
  if (engine_) engine_->signal(signal);
}

EngineMemory AgentLoop::engine_memory() {
  if (!engine_) return {};
  EngineMemory memory = engine_->memory();
  memory.device_bytes = memory_.on_device(engine_->pid());
  return memory;
}

std::uint64_t AgentLoop::catalogue_need(const std::string& model) {
  for (const CatalogueModel& known : catalogue_.models())
    if (known.name == model) return known.memory_bytes;
  return 0;
}

std::int64_t AgentLoop::wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace lectern
