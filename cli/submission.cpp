// How it works: the first script goes alone, because what is wrong with it (no such voice, model not installed) is most
// often wrong with all; then a window of them is kept under way, so that the broker can commit many at once.
#include "cli/submission.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>

namespace lectern::cli {

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw system_fault("cannot get random numbers", errno);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string id;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += fmt::format("{:02x}", bytes[i]);
  }
  return id;
}

Submission::Submission(Connection& connection, std::vector<Script> scripts, Compose compose, Window window)
    : connection_(connection),
      scripts_(std::move(scripts)),
      compose_(std::move(compose)),
      window_(window),
      outcomes_(scripts_.size()) {}

void Submission::send_what_fits() {
  while (!hopeless_ && next_ < scripts_.size() && open_.size() < (answered_ ? window_.requests : 1) &&
         (open_.empty() || open_bytes_ < window_.bytes)) {
    const std::size_t script = next_++;
    try {
      Outgoing outgoing = compose_(scripts_[script]);
      const std::size_t bytes = outgoing.bytes.size();
      std::vector<std::string> payload;
      payload.push_back(std::move(outgoing.bytes));
      open_[connection_.post(outgoing.message, std::move(payload))] = {script, bytes};
      open_bytes_ += bytes;
    } catch (const Fault& fault) {
      outcomes_[script].fault = fault;
    }
  }
}

void Submission::settle(const protocol::Message& message) {
  const auto found = open_.find(message.request);
  if (found == open_.end()) return;
  const Open open = found->second;
  open_.erase(found);
  open_bytes_ -= open.bytes;
  answered_ = true;
  if (message.type != protocol::Error::kType) {
    outcomes_[open.script].answer = message;
    return;
  }
  const Fault fault = protocol::to_fault(protocol::parse<protocol::Error>(message));
  if (fault.exit() == Exit::bad_input)
    outcomes_[open.script].fault = fault;
  else if (!hopeless_)
    hopeless_ = fault;
}

void Submission::run() {
  while (true) {
    send_what_fits();
    if (open_.empty()) break;
    settle(*connection_.next(std::nullopt));
  }
  if (hopeless_) throw *hopeless_;
}

std::size_t Submission::hear_out(Connection::Clock::time_point until) {
  try {
    while (!open_.empty()) {
      const auto message = connection_.next(until);
      if (!message) break;
      settle(*message);
    }
  } catch (const Interrupted&) {  // once more: at once
  }
  return open_.size();
}

}  // namespace lectern::cli
