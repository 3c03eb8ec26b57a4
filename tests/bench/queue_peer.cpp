#include "tests/bench/queue_peer.h"

#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace lectern::bench {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string job_id(std::uint64_t number) {
  return "bench-job-" + std::to_string(getpid()) + "-" + std::to_string(number);
}

}  // namespace

std::string prose(std::uint64_t first, std::uint64_t count) {
  constexpr const char* kPlaces[] = {"harbour", "garden", "library", "mountain", "kitchen", "station", "theatre"};
  constexpr const char* kPeople[] = {"painter", "captain", "teacher", "gardener", "sister"};
  std::string text;
  for (std::uint64_t i = first; i < first + count; ++i)
    text += "The " + std::string(kPeople[i % 5]) + " walked slowly from the old " + kPlaces[i % 7] +
            " to the town and counted " + std::to_string(i) + " windows that were lit that evening" +
            (i % 4 == 3 ? ".\n\n" : ". ");
  return text;
}

std::string script(std::uint64_t number, std::size_t bytes) {
  std::string text = prose(number * 100, bytes / 90 + 1);
  text.resize(bytes, '.');
  return text;
}

protocol::Frames submit_message(std::uint64_t number, const std::string& text, const std::filesystem::path& folder) {
  protocol::Submit submit;
  submit.job_id = job_id(number);
  submit.batch_id = "bench-batch-" + std::to_string(number / 1000);
  submit.script_name = "script-" + std::to_string(number) + ".txt";
  submit.text_format = "plain";
  submit.output = folder / ("script-" + std::to_string(number) + ".flac");
  return protocol::encode(submit, number + 1, {text});
}

Client::Client(zmq::context_t& context, const Paths& paths)
    : socket_(protocol::make_socket(context, zmq::socket_type::dealer)) {
  socket_.set(zmq::sockopt::sndhwm, 0);
  socket_.set(zmq::sockopt::rcvhwm, 0);
  socket_.connect(ipc_endpoint(paths.client_socket()));
}

void Client::send(const protocol::Frames& frames) {
  if (!protocol::send(socket_, frames)) throw std::runtime_error("cannot send to the broker");
}

protocol::Frames Client::receive() {
  zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
  for (;;) {
    if (auto frames = protocol::receive(socket_)) return std::move(*frames);
    if (zmq::poll(&item, 1, std::chrono::seconds(60)) == 0) throw std::runtime_error("the broker does not answer");
  }
}

void Client::await_submitted() {
  const protocol::Frames frames = receive();
  if (frames.at(1) != protocol::Submitted::kType) throw std::runtime_error("not submitted: " + frames.at(2));
}

protocol::Jobs Client::status_all() {
  protocol::Status status;
  status.selection.all = true;
  send(protocol::encode(status, 1));
  return protocol::parse<protocol::Jobs>(protocol::decode(receive()));
}

protocol::Jobs Client::status(std::uint64_t number) {
  protocol::Status status;
  status.selection.jobs = {job_id(number)};
  send(protocol::encode(status, 1));
  return protocol::parse<protocol::Jobs>(protocol::decode(receive()));
}

Worker::Worker(zmq::context_t& context, const Paths& paths, const std::string& name, std::uint64_t credit)
    : socket_(protocol::make_socket(context, zmq::socket_type::dealer)),
      endpoint_(ipc_endpoint(paths.worker_socket())),
      name_(name),
      samples_(protocol::to_payload(std::vector<float>(240, 0.1f))),
      credit_(credit) {}

template <class T>
void Worker::tell(const T& message, std::vector<std::string> payload) {
  if (!protocol::send(socket_, protocol::encode(message, 0, std::move(payload))))
    throw std::runtime_error("cannot send to the broker");
}

void Worker::connect() {
  socket_.connect(endpoint_);
  protocol::Ready ready;
  ready.worker = name_;
  ready.device = "cpu";
  ready.version = LECTERN_VERSION;
  ready.pid = getpid();
  ready.credit = credit_;
  tell(ready);
  beaten_ms_ = now_ms();
}

std::vector<protocol::Lease> Worker::receive(int patience_ms) {
  if (now_ms() - beaten_ms_ >= 1000) {
    protocol::Heartbeat beat;
    beat.worker = name_;
    beat.state = "warm";
    beat.credit = credit_;
    tell(beat);
    beaten_ms_ = now_ms();
  }
  std::vector<protocol::Lease> leases;
  zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
  zmq::poll(&item, 1, std::chrono::milliseconds(patience_ms));
  while (auto frames = protocol::receive(socket_)) {
    const protocol::Message message = protocol::decode(std::move(*frames));
    if (message.type == protocol::Work::kType)
      leases.push_back(protocol::parse<protocol::Work>(message).lease);
    else if (message.type != protocol::Heartbeat::kType)
      throw std::runtime_error("a worker got " + message.type);
  }
  return leases;
}

void Worker::speak(std::uint64_t count) {
  const std::int64_t last = now_ms() + 120'000;
  for (std::uint64_t spoken = 0; spoken < count;) {
    for (const protocol::Lease& lease : receive(1000)) {
      protocol::Take take;
      take.lease = lease;
      take.frames = samples_.size() / sizeof(float);
      take.sample_rate_hz = 24000;
      take.notes = protocol::Json::object();
      tell(take, {samples_});
      ++spoken;
    }
    if (now_ms() > last) throw std::runtime_error("the queue did not drain");
  }
}

void Worker::await_work() {
  const std::int64_t last = now_ms() + 60'000;
  while (receive(1000).empty())
    if (now_ms() > last) throw std::runtime_error("no work came");
}

void Worker::beat(double seconds) {
  const std::int64_t end = now_ms() + static_cast<std::int64_t>(seconds * 1000);
  while (now_ms() < end) receive(1000);
}

}  // namespace lectern::bench
