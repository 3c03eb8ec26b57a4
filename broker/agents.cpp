#include "broker/agents.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>

#include "config/device_memory.h"
#include "config/fault.h"

namespace lectern {
namespace {

// A worker for each; of several graphics cards, `auto` means all. What it means otherwise the worker knows.
std::vector<std::string> devices(const std::string& setting) {
  std::vector<std::string> list = device_list(setting);
#ifdef LECTERN_WITH_CUDA
  if (const int cards = setting == "auto" ? count_devices() : 0; cards > 1) {
    list.clear();
    for (int i = 0; i < cards; ++i) list.push_back("cuda:" + std::to_string(i));
  }
#endif
  return list;
}

}  // namespace

Agents::Agents(const Paths& paths, const Settings& settings, const Clock& clock)
    : paths_(paths), settings_(settings), clock_(clock) {
  for (const std::string& device : devices(settings.device)) agents_.push_back({device});
}

Agents::~Agents() {
  kill();
  for (Agent& agent : agents_)
    if (agent.pid > 0) waitpid(static_cast<pid_t>(agent.pid), nullptr, 0);
}

void Agents::start(Agent& agent) {
  const std::string program = sibling_program("lectern-worker").string();
  std::vector<std::string> words{program, "--device", agent.device};
  if (!paths_.home().empty()) words.insert(words.end(), {"--home", paths_.home().string()});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t broker = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    spdlog::error("cannot start {}: {}", program, std::strerror(errno));
    agent.not_before_ms = clock_.monotonic_ms() + 5000;
    return;
  }
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // an agent of ours ends with us
    if (getppid() != broker) _exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv(program.c_str(), arguments.data());
    _exit(127);
  }
  agent.pid = pid;
  agent.started_ms = clock_.monotonic_ms();
  spdlog::info("worker for {} started (pid {})", agent.device, pid);
}

std::int64_t Agents::tick() {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  const std::int64_t now = clock_.monotonic_ms();
  for (Agent& agent : agents_) {
    int status = 0;
    if (agent.pid > 0 && waitpid(static_cast<pid_t>(agent.pid), &status, WNOHANG) == agent.pid) {
      ended_.push_back(std::exchange(agent.pid, 0));
      if (!ending_) {
        const bool long_lived = now - agent.started_ms > 60000;
        agent.failures = long_lived ? 1 : agent.failures + 1;
        const std::int64_t wait = std::min<std::int64_t>(60000, 250LL << std::min(agent.failures - 1, 8));
        agent.not_before_ms = now + wait;
        spdlog::warn("the worker for {} ended ({} {}); it is started again in {} ms", agent.device,
                     WIFSIGNALED(status) ? "signal" : "exit code",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), wait);
      }
    }
    if (agent.pid > 0 || ending_) continue;
    if (agent.not_before_ms <= now) start(agent);
    if (agent.pid == 0) next = std::min(next, std::max(agent.not_before_ms, now + 100));
  }
  return next;
}

void Agents::end() {
  ending_ = true;
  for (Agent& agent : agents_)
    if (agent.pid > 0) ::kill(static_cast<pid_t>(agent.pid), SIGTERM);
}

void Agents::kill() {
  for (Agent& agent : agents_)
    if (agent.pid > 0) ::kill(static_cast<pid_t>(agent.pid), SIGKILL);
}

bool Agents::gone() const {
  return std::all_of(agents_.begin(), agents_.end(), [](const Agent& agent) { return agent.pid == 0; });
}

}  // namespace lectern
