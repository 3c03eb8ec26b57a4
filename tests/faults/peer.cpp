#include "tests/faults/peer.h"

#include <unistd.h>

#include <cmath>

namespace lectern {

using std::chrono::duration;
using std::chrono::milliseconds;

Peer::Peer(const std::filesystem::path& socket)
    : socket_(protocol::make_socket(context_, zmq::socket_type::dealer)) {
  socket_.set(zmq::sockopt::sndhwm, 0);
  socket_.set(zmq::sockopt::reconnect_ivl, 20);
  socket_.connect(ipc_endpoint(socket));
}

std::optional<protocol::Message> Peer::receive(double seconds) {
  const auto end = Clock::now() + duration<double>(seconds);
  while (true) {
    if (auto frames = protocol::receive(socket_)) return protocol::decode(std::move(*frames));
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, left);
  }
}

PlayedWorker::PlayedWorker(const Paths& paths, std::string id, std::uint64_t credit)
    : Peer(paths.worker_socket()), id_(std::move(id)), credit_(credit), next_beat_(Clock::now()) {
  ready();
}

void PlayedWorker::ready(const std::vector<protocol::Lease>& leases) {
  protocol::Ready ready;
  ready.worker = id_;
  ready.device = "cpu";
  ready.version = LECTERN_VERSION;
  ready.pid = getpid();
  ready.credit = credit_;
  ready.leases = leases;
  say(ready);
}

void PlayedWorker::beat(std::uint64_t credit) {
  credit_ = credit;
  protocol::Heartbeat beat;
  beat.worker = id_;
  beat.state = "busy";
  beat.model = "sine";
  beat.credit = credit;
  say(beat);
  next_beat_ = Clock::now() + milliseconds(500);
}

std::optional<protocol::Message> PlayedWorker::next(double seconds) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(duration<double>(seconds));
  while (Clock::now() < end) {
    if (Clock::now() >= next_beat_) beat(credit_);
    const auto until = std::min(end, next_beat_);
    auto message = receive(std::max(0.0, duration<double>(until - Clock::now()).count()));
    if (!message || message->type == protocol::Heartbeat::kType) continue;
    if (message->type == protocol::Who::kType) {
      ready();
      continue;
    }
    return message;
  }
  return std::nullopt;
}

std::optional<protocol::Work> PlayedWorker::work(double seconds) {
  if (!kept_.empty()) {
    const auto work = kept_.front();
    kept_.pop_front();
    return work;
  }
  const auto end = Clock::now() + duration<double>(seconds);
  while (auto message = next(duration<double>(end - Clock::now()).count()))
    if (message->type == protocol::Work::kType) return protocol::parse<protocol::Work>(*message);
  return std::nullopt;
}

std::optional<protocol::Message> PlayedWorker::word(double seconds) {
  const auto end = Clock::now() + duration<double>(seconds);
  while (auto message = next(duration<double>(end - Clock::now()).count())) {
    if (message->type != protocol::Work::kType) return message;
    kept_.push_back(protocol::parse<protocol::Work>(*message));
  }
  return std::nullopt;
}

void PlayedWorker::speak(const protocol::Work& work, double seconds) {
  speak(work.lease, seconds > 0 ? seconds : static_cast<double>(work.text.size()) / 15);
}

void PlayedWorker::speak(const protocol::Lease& lease, double seconds) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * 24000));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = 0.3f * std::sin(0.05f * static_cast<float>(i));
  protocol::Take take;
  take.lease = lease;
  take.frames = samples.size();
  take.sample_rate_hz = 24000;
  take.computing_s = 0.01;
  say(take, 0, {protocol::to_payload(samples)});
}

protocol::Submit submit_of(const std::string& id, const std::filesystem::path& output) {
  protocol::Submit submit;
  submit.job_id = "job-" + id;
  submit.batch_id = "batch-" + id.substr(0, 2);
  submit.name = id;
  submit.script_name = id + ".txt";
  submit.text_format = "plain";
  submit.model = "sine";
  submit.format = "flac";
  submit.output = output.string();
  return submit;
}

protocol::Selection all_jobs() {
  protocol::Selection selection;
  selection.all = true;
  return selection;
}

}  // namespace lectern
