// lectern stop: the broker and its worker end in order.
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

// false: it still lives after that time.
bool wait_for_end(int process, int timeout_ms) {
  pollfd item{process, POLLIN, 0};
  int outcome = -1;
  do outcome = poll(&item, 1, timeout_ms);
  while (outcome < 0 && errno == EINTR);
  return outcome > 0;
}

int stop(const Context& context, double timeout_s) {
  const LocalBroker broker(context.paths());
  if (!broker.running()) {
    if (context.json)
      print_json({{"stopped", false}});
    else
      std::printf("no broker is running\n");
    return 0;
  }
  Connection connection = broker.connect();
  const auto hello = connection.ask<protocol::Welcome>(protocol::Hello{});
  // Its process is taken hold of before it is told to end: a number could be another's by then.
  const int process = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(hello.pid), 0));
  if (process < 0) throw system_fault(fmt::format("cannot watch the broker's process {}", hello.pid), errno);
  connection.ask<protocol::Welcome>(protocol::Stop{});
  const bool ended = wait_for_end(process, static_cast<int>(timeout_s * 1000));
  close(process);
  if (!ended)
    throw Fault(Exit::job_failed,
                fmt::format("the broker (process {}) has not ended after {}", hello.pid, about(timeout_s)),
                "it was told to; it ends after what it is doing, or by: kill " + std::to_string(hello.pid));
  if (context.json)
    print_json({{"stopped", true}, {"pid", hello.pid}});
  else
    std::printf("the broker has ended; unfinished jobs go on at the next start\n");
  return 0;
}

}  // namespace

void add_stop(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("stop", "End the broker and its worker; jobs go on at the next start");
  command->group(kBrokerCommands);
  auto timeout_s = std::make_shared<double>(30);
  command->add_option("--timeout", *timeout_s, "Wait so many seconds for its end; default: 30")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("SECONDS");
  command->callback(
      [&context, &chosen, timeout_s] { chosen = [&context, timeout_s] { return stop(context, *timeout_s); }; });
}

}  // namespace lectern::cli
