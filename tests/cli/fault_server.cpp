#include "tests/cli/fault_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <stdexcept>

namespace lectern {
namespace {

bool send_all(int connection, std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t put = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (put <= 0) return false;
    sent += static_cast<std::size_t>(put);
  }
  return true;
}

FaultRequest parse(const std::string& text) {
  FaultRequest request;
  std::istringstream lines(text);
  std::string method, line;
  lines >> method >> request.path;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  const auto range = request.headers.find("range");
  if (range != request.headers.end() && range->second.rfind("bytes=", 0) == 0)
    request.range_start = std::stoull(range->second.substr(6));
  return request;
}

// The head of the answer; `body` is cut to the part that is to be sent.
std::string head(const FaultRequest& request, const FaultAnswer& answer, std::string& body) {
  int status = answer.status;
  std::string extra;
  const std::uint64_t whole = body.size();
  if (status == 200 && request.range_start && !answer.ignore_range) {
    const std::uint64_t start = *request.range_start + static_cast<std::uint64_t>(answer.shift_range);
    if (start >= whole) {
      status = 416;
      extra = "Content-Range: bytes */" + std::to_string(whole) + "\r\n";
      body.clear();
    } else {
      status = 206;
      extra = "Content-Range: bytes " + std::to_string(start) + "-" + std::to_string(whole - 1) + "/" +
              std::to_string(whole) + "\r\n";
      body.erase(0, start);
    }
  }
  const std::uint64_t length = answer.claim_length == UINT64_MAX ? body.size() : answer.claim_length;
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Answer\r\nContent-Length: " + std::to_string(length) +
                     "\r\nConnection: close\r\n" + extra;
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

}  // namespace

FaultServer::FaultServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener_ < 0 || pipe(stop_) != 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the test server cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

FaultServer::~FaultServer() {
  close(stop_[1]);  // the other end becomes readable for all threads
  thread_.join();
  for (std::thread& thread : connections_) thread.join();
  close(stop_[0]);
  close(listener_);
}

std::string FaultServer::address(const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_);
}

std::vector<FaultRequest> FaultServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t FaultServer::count(const std::string& path_part) const {
  const auto all = requests();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const FaultRequest& r) { return r.path.find(path_part) != std::string::npos; }));
}

void FaultServer::answer_with(Handler handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
  requests_.clear();
}

void FaultServer::wait_for_stall() const {
  for (int seen = stalled_.load(); seen == 0; seen = stalled_.load()) stalled_.wait(seen);
}

void FaultServer::accept_all() {
  for (;;) {
    pollfd wait[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (poll(wait, 2, -1) < 0) continue;
    if (wait[1].revents) return;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) connections_.emplace_back([this, connection] { serve(connection); });
  }
}

void FaultServer::serve(int connection) {
  std::string text;
  char buffer[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    pollfd wait[2] = {{connection, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    poll(wait, 2, -1);
    const ssize_t got = wait[1].revents ? 0 : recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) {
      close(connection);
      return;
    }
    text.append(buffer, static_cast<std::size_t>(got));
  }
  const FaultRequest request = parse(text);
  FaultAnswer answer;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    answer = handler_(request);
  }
  std::string body = std::move(answer.body);  // may be a whole model
  const std::string first = head(request, answer, body);
  const bool whole = answer.stop_after >= body.size();
  send_all(connection, first);
  send_all(connection, std::string_view(body).substr(0, answer.stop_after));
  if (answer.stall && !whole) {
    ++stalled_;
    stalled_.notify_all();
    pollfd wait[2] = {{connection, POLLIN | POLLRDHUP, 0}, {stop_[0], POLLIN, 0}};
    poll(wait, 2, -1);  // until the client goes or the test ends
    --stalled_;
  }
  shutdown(connection, SHUT_WR);
  close(connection);
}

}  // namespace lectern
