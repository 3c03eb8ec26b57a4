// One engine process and the agent's socket to it: started by the constructor, killed and reaped by the destructor.
//
// The process dies with the agent, whatever ends the agent. To be used on the agent's main thread only: the kernel ties
// the child's death to the thread that started it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/wire.h"
#include "worker/agent.h"

namespace lectern {

struct EngineCommand {
  std::filesystem::path program;
  std::vector<std::string> arguments;                            // without the program and without --socket
  std::vector<std::pair<std::string, std::string>> environment;  // added to the agent's own
};

class EngineProcess {
 public:
  // Binds `socket` and starts the program. `echo_stderr`: what the process writes to stderr goes on to ours, else to
  // the log. Throws Fault.
  EngineProcess(zmq::context_t& context, const std::filesystem::path& socket, const EngineCommand& command,
                bool echo_stderr);
  ~EngineProcess();
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;

  pid_t pid() const { return pid_; }
  zmq::socket_t& socket() { return socket_; }
  int stderr_fd() const { return stderr_; }  // -1: closed by the process

  void read_stderr();  // what there is; does not wait
  void signal(int number) const;
  // How it ended; nullopt while it runs. After this everything that it sent lies in socket().
  std::optional<EngineEnd> reap();
  EngineMemory memory() const;

 private:
  void start(const EngineCommand& command);
  void await_disconnect();
  void end_stderr_line();

  std::filesystem::path path_;
  bool echo_;
  zmq::socket_t socket_, events_;  // PAIR, bound; what happens to its connection
  pid_t pid_ = 0;
  int stderr_ = -1;
  std::uint64_t memory_kills_ = 0;  // of the kernel, when it was started
  std::string stderr_line_;
  std::string stderr_tail_;  // the last lines, for people
};

// Removes engine sockets of agents that are gone.
void remove_stale_engine_sockets(const std::filesystem::path& runtime_folder);

}  // namespace lectern
