#include "broker/doorman.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "broker/protocol/allowed_keys.h"
#include "broker/protocol/curve.h"
#include "broker/protocol/socket.h"
#include "config/fault.h"

namespace lectern {
namespace {

// The frames of a request, RFC 27: version, request id, domain, address, identity, mechanism, credentials.
enum Field : std::size_t { kVersion, kRequest, kDomain, kAddress, kIdentity, kMechanism, kKey, kFields };

constexpr const char* kWelcome = "200";
constexpr const char* kLater = "300";  // "400" would keep a peer from knocking again after its key has been allowed
constexpr std::size_t kKnocksKept = 1000;

}  // namespace

Doorman::Doorman(zmq::context_t& context, std::filesystem::path allowed)
    : allowed_(std::move(allowed)), socket_(context, zmq::socket_type::rep) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind("inproc://zeromq.zap.01");
}

std::string Doorman::name_of(const std::vector<std::string>& asked) {
  if (asked.size() != kFields || asked[kMechanism] != "CURVE") return {};
  const std::string key = protocol::key_text(asked[kKey]);
  try {
    const auto keys = protocol::read_allowed_keys(allowed_);
    const auto known = std::find_if(keys.begin(), keys.end(), [&](const auto& one) { return one.key == key; });
    if (known != keys.end()) return known->name;
    if (refused_.size() < kKnocksKept && refused_.insert(key).second)
      spdlog::warn("a key that is not allowed came from {}: {}", asked[kAddress], key);
  } catch (const Fault& fault) {
    spdlog::error("nobody gets in: {}", fault.what());
  }
  return {};
}

void Doorman::answer() {
  while (const auto asked = protocol::receive(socket_)) {
    const std::string name = name_of(*asked);
    if (!name.empty()) spdlog::info("{} comes in from {}", name, (*asked)[kAddress]);
    const std::string request = asked->size() > kRequest ? (*asked)[kRequest] : "";
    protocol::send(socket_, {"1.0", request, name.empty() ? kLater : kWelcome, "", name, ""});
  }
}

}  // namespace lectern
