// Peers of the broker that a test plays by hand: a client, a worker that may lie, and one who sends anything at all.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/protocol/socket.h"
#include "config/paths.h"

namespace lectern {

// A DEALER on one of the broker's sockets.
class Peer {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Peer(const std::filesystem::path& socket);

  void send(const protocol::Frames& frames) { protocol::send(socket_, frames); }
  template <class T>
  void say(const T& message, std::uint64_t request = 0, std::vector<std::string> payload = {}) {
    send(protocol::encode(message, request, std::move(payload)));
  }
  // The next message; nullopt: none within `seconds`.
  std::optional<protocol::Message> receive(double seconds = 10);
  // The answer to a request: an Answer, or nullopt for an error or none in time; `refusal` has the error's message.
  template <class Answer, class Request>
  std::optional<Answer> ask(const Request& request, std::vector<std::string> payload = {}, double seconds = 10) {
    say(request, ++asked_, std::move(payload));
    return await<Answer>(asked_, seconds);
  }
  template <class Answer>
  std::optional<Answer> await(std::uint64_t request, double seconds = 10) {
    refusal.clear();
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (auto message = receive(std::chrono::duration<double>(end - Clock::now()).count())) {
      if (message->request != request) continue;
      if (message->type == Answer::kType) return protocol::parse<Answer>(*message);
      if (message->type == protocol::Error::kType) {
        refusal = protocol::parse<protocol::Error>(*message).message;
        return std::nullopt;
      }
    }
    return std::nullopt;
  }
  std::string refusal;
  zmq::socket_t& socket() { return socket_; }

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
  std::uint64_t asked_ = 0;
};

// A worker that does what the test says. Answers nothing by itself but keeps the broker's heartbeats out of the way.
class PlayedWorker : public Peer {
 public:
  PlayedWorker(const Paths& paths, std::string id, std::uint64_t credit = 2);

  void ready(const std::vector<protocol::Lease>& leases = {});
  void beat(std::uint64_t credit);
  // The next piece of work, with a heartbeat every half second; nullopt: none in time.
  std::optional<protocol::Work> work(double seconds = 10);
  // The next message of the broker that is neither heartbeat nor work; such work is kept for work().
  std::optional<protocol::Message> word(double seconds = 10);
  // What an honest worker would send; `seconds` of audio, by default by the text's length.
  void speak(const protocol::Work& work, double seconds = 0);
  void speak(const protocol::Lease& lease, double seconds);

 private:
  std::optional<protocol::Message> next(double seconds);
  std::string id_;
  std::uint64_t credit_;
  std::deque<protocol::Work> kept_;
  Clock::time_point next_beat_;
};

// A submit of this text; ids are made from `id`.
protocol::Submit submit_of(const std::string& id, const std::filesystem::path& output);
protocol::Selection all_jobs();

}  // namespace lectern
