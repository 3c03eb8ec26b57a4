#include "worker/engine_host.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "broker/protocol/socket.h"

namespace lectern {

EngineHost::EngineHost(const std::string& endpoint) : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw system_fault("cannot create an eventfd", errno);
  thread_ = std::thread([this, endpoint] { serve(endpoint); });
}

EngineHost::~EngineHost() {
  close();
  ::close(wake_);
}

void EngineHost::close() {
  {
    std::lock_guard guard(lock_);
    closing_ = finishing_ = true;
  }
  arrived_.notify_all();
  wake();
  if (thread_.joinable()) thread_.join();
  context_.close();
}

void EngineHost::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);  // fails only when it is set already
}

void EngineHost::post(protocol::Frames frames) {
  {
    std::lock_guard guard(lock_);
    outgoing_.push_back(std::move(frames));
  }
  wake();
}

void EngineHost::serve(const std::string& endpoint) try {
  zmq::socket_t socket = protocol::make_socket(context_, zmq::socket_type::pair);
  socket.set(zmq::sockopt::linger, 1000);
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, 0);
  socket.connect(endpoint);
  zmq::pollitem_t items[] = {{socket.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake_, ZMQ_POLLIN, 0}};
  while (true) {
    std::deque<protocol::Frames> outgoing;
    bool closing = false;
    {
      std::lock_guard guard(lock_);
      outgoing.swap(outgoing_);
      closing = closing_;
    }
    for (const protocol::Frames& frames : outgoing) protocol::send(socket, frames);
    if (closing) return;
    try {
      zmq::poll(items, 2, std::chrono::milliseconds(-1));
    } catch (const zmq::error_t& e) {
      if (e.num() != EINTR) throw;
    }
    std::uint64_t count;
    [[maybe_unused]] const auto got = read(wake_, &count, sizeof count);
    while (auto frames = protocol::receive(socket)) handle(std::move(*frames));
  }
} catch (const std::exception& e) {
  spdlog::error("the socket to the agent failed: {}", e.what());
  std::lock_guard guard(lock_);
  finishing_ = true;
  arrived_.notify_all();
}

void EngineHost::handle(std::vector<std::string> frames) try {
  const protocol::Message message = protocol::decode(std::move(frames));
  if (message.type == protocol::Work::kType) {
    take_in(protocol::parse<protocol::Work>(message));
  } else if (message.type == protocol::CancelWork::kType) {
    cancel(protocol::parse<protocol::CancelWork>(message));
  } else if (message.type == protocol::Finish::kType) {
    std::lock_guard guard(lock_);
    finishing_ = true;
    for (const SpeechRequest& request : queue_) segments_.erase(request.ticket);
    queue_.clear();
    arrived_.notify_all();
  } else {
    spdlog::warn("message '{}' from the agent ignored", message.type.substr(0, 40));
  }
} catch (const Fault& fault) {
  spdlog::warn("message from the agent ignored: {}", fault.what());
}

void EngineHost::take_in(const protocol::Work& work) {
  std::lock_guard guard(lock_);
  const std::uint64_t ticket = ++tickets_;
  segments_[ticket] = {work.lease, {}, false};
  queue_.push_back({ticket, work.text, work.voice, work.speed, work.seed});
  arrived_.notify_one();
}

void EngineHost::cancel(const protocol::CancelWork& message) {
  std::lock_guard guard(lock_);
  for (const protocol::Lease& lease : message.leases)
    for (auto& [ticket, segment] : segments_)
      if (segment.lease == lease) segment.cancelled = true;
  std::erase_if(queue_, [&](const SpeechRequest& request) {
    const bool gone = segments_.at(request.ticket).cancelled;
    if (gone) segments_.erase(request.ticket);
    return gone;
  });
}

bool EngineHost::finishing() const {
  std::lock_guard guard(lock_);
  return finishing_;
}

std::optional<SpeechRequest> EngineHost::pop() {
  if (finishing_ || queue_.empty()) return std::nullopt;
  SpeechRequest request = std::move(queue_.front());
  queue_.pop_front();
  segments_.at(request.ticket).begun = Clock::now();
  // An engine need not say that it dropped a cancelled segment, so those go when the next one is begun.
  if (segments_.size() > 1000) std::erase_if(segments_, [](const auto& entry) { return entry.second.cancelled; });
  return request;
}

std::optional<SpeechRequest> EngineHost::next() {
  std::unique_lock guard(lock_);
  arrived_.wait(guard, [&] { return finishing_ || !queue_.empty(); });
  return pop();
}

std::optional<SpeechRequest> EngineHost::next_if_any() {
  std::lock_guard guard(lock_);
  return pop();
}

bool EngineHost::cancelled(std::uint64_t ticket) const {
  std::lock_guard guard(lock_);
  const auto found = segments_.find(ticket);
  return found == segments_.end() || found->second.cancelled;
}

// The segment of an answer; nullopt when nobody waits for it any more.
std::optional<EngineHost::Segment> EngineHost::end_segment(std::uint64_t ticket) {
  std::lock_guard guard(lock_);
  const auto found = segments_.find(ticket);
  if (found == segments_.end()) return std::nullopt;
  const Segment segment = found->second;
  segments_.erase(found);
  return segment.cancelled ? std::nullopt : std::optional(segment);
}

void EngineHost::spoken(std::uint64_t ticket, Speech speech) {
  const std::optional<Segment> segment = end_segment(ticket);
  if (!segment) return;
  protocol::Take take;
  take.lease = segment->lease;
  take.frames = speech.samples.size();
  take.sample_rate_hz = speech.sample_rate_hz;
  take.computing_s = std::chrono::duration<double>(Clock::now() - segment->begun).count();
  take.notes = std::move(speech.notes);
  post(protocol::encode(take, 0, {protocol::to_payload(speech.samples)}));
}

void EngineHost::failed(std::uint64_t ticket, SpeechFailure failure) {
  const std::optional<Segment> segment = end_segment(ticket);
  if (segment) post(protocol::encode(protocol::SegmentFailed{segment->lease, failure.retryable, failure.reason}));
}

void EngineHost::ready(const protocol::EngineReady& facts) { post(protocol::encode(facts)); }

void EngineHost::failed(const protocol::EngineFailed& failure) { post(protocol::encode(failure)); }

}  // namespace lectern
