// A broker that a test plays by hand, and a real lectern-worker that talks to it, in a home folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/socket.h"
#include "config/paths.h"

namespace lectern {

class ScriptedBroker {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ScriptedBroker(const Paths& paths) : socket_(protocol::make_socket(context_, zmq::socket_type::router)) {
    socket_.bind(ipc_endpoint(paths.worker_socket()));
  }

  // The next message of type T; others on the way are dropped, heartbeats are answered. nullopt: none in time.
  template <class T>
  std::optional<T> await(std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    return await_if<T>([](const T&) { return true; }, patience);
  }

  template <class T, class Condition>
  std::optional<T> await_if(Condition holds, std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    for (const auto end = Clock::now() + patience; Clock::now() < end;) {
      std::optional<protocol::Message> message = receive(end);
      if (!message || message->type != T::kType) continue;
      T value = protocol::parse<T>(*message);
      if (!holds(value)) continue;
      payload = std::move(message->payload);
      return value;
    }
    return std::nullopt;
  }

  template <class T>
  void send(const T& message) {
    send_frames(protocol::encode(message));
  }
  void send_frames(const protocol::Frames& frames) { ASSERT_TRUE(protocol::send(socket_, frames, peer_)); }

  std::vector<std::string> payload;  // of the message that await() returned
  std::vector<std::string> seen;     // types of all messages, in order
  protocol::Heartbeat last_heartbeat;
  bool knows_the_worker = true;  // false: answers heartbeats with `who`

 private:
  std::optional<protocol::Message> receive(Clock::time_point end) {
    zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    zmq::poll(&item, 1, std::max(left, std::chrono::milliseconds(0)));
    auto frames = protocol::receive(socket_);
    if (!frames) return std::nullopt;
    peer_ = frames->front();
    frames->erase(frames->begin());
    protocol::Message message = protocol::decode(std::move(*frames));
    seen.push_back(message.type);
    if (message.type == protocol::Heartbeat::kType) {
      last_heartbeat = protocol::parse<protocol::Heartbeat>(message);
      if (knows_the_worker)
        send(protocol::Heartbeat{});
      else
        send(protocol::Who{});
    }
    if (message.type == protocol::Ready::kType) knows_the_worker = true;
    return message;
  }

  zmq::context_t context_{1};
  zmq::socket_t socket_;
  std::string peer_;
};

// A folder under the temporary folder that goes with the object.
class TemporaryHome {
 public:
  TemporaryHome() {
    std::string name = (std::filesystem::temp_directory_path() / "lectern-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
    folder = name;
  }
  ~TemporaryHome() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::filesystem::path folder;
};

// A program of ours as a child of the test; killed with the object.
class Program {
 public:
  Program(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::string(LECTERN_BIN) + "/" + name);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
      throw std::runtime_error("cannot start " + arguments[0]);
  }
  ~Program() {
    if (pid_ > 0) end(SIGKILL);
  }
  pid_t pid() const { return pid_; }
  void signal(int number) const { kill(pid_, number); }
  // Waits for the end; the exit status, or minus the signal's number.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  int end(int number) {
    signal(number);
    return wait();
  }

 private:
  pid_t pid_ = 0;
};

inline bool process_lives(std::int64_t pid) { return kill(static_cast<pid_t>(pid), 0) == 0; }

// Whether a process that is not our child ends in time: its pidfd becomes readable.
bool ends_within(std::int64_t pid, std::chrono::milliseconds patience);

}  // namespace lectern
