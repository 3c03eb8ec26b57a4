#include "tests/cli/scripted_broker.h"

#include <unistd.h>

#include "broker/protocol/socket.h"

namespace lectern {

using namespace protocol;

ScriptedBroker::ScriptedBroker(const Paths& paths, Script script) : script_(std::move(script)), context_(1) {
  make_folder(paths.runtime(), true);
  socket_ = make_socket(context_, zmq::socket_type::router);
  socket_.bind(ipc_endpoint(paths.client_socket()));
  stop_ = zmq::socket_t(context_, zmq::socket_type::pair);
  stop_.bind("inproc://stop");
  thread_ = std::thread([this] { serve(); });
}

ScriptedBroker::~ScriptedBroker() {
  zmq::socket_t told(context_, zmq::socket_type::pair);
  told.connect("inproc://stop");
  told.send(zmq::str_buffer("stop"), zmq::send_flags::none);
  thread_.join();
  told.close();
}

void ScriptedBroker::serve() {
  while (true) {
    zmq::pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {stop_.handle(), 0, ZMQ_POLLIN, 0}};
    zmq::poll(items, 2, std::chrono::milliseconds(-1));
    if (items[1].revents & ZMQ_POLLIN) return;
    while (auto frames = receive(socket_)) {
      const std::string peer = frames->front();
      frames->erase(frames->begin());
      Message message = decode(std::move(*frames));
      {
        const std::lock_guard lock(mutex_);
        heard_.push_back(message);
      }
      for (const Frames& answer : script_(message)) send(socket_, answer, peer);
    }
  }
}

std::vector<Message> ScriptedBroker::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::size_t ScriptedBroker::heard(const std::string& type) const {
  std::size_t sum = 0;
  for (const Message& message : heard()) sum += message.type == type;
  return sum;
}

Answers ObligingScript::operator()(const Message& message) {
  if (message.type == Submit::kType) {
    const auto submit = parse<Submit>(message);
    JobView job;
    job.number = jobs_.size() + 1;
    job.job_id = submit.job_id;
    job.batch_id = submit.batch_id;
    job.name = submit.name.empty() ? std::filesystem::path(submit.script_name).stem().string() : submit.name;
    job.output = submit.output;
    job.state = "done";
    job.audio_s = 7;
    if (submit.dry_run) {
      Estimate estimate{job.job_id, job.name, job.output, "sine", "low"};
      estimate.segments = 4;
      estimate.segments_spoken = 1;
      estimate.characters = 1200;
      estimate.audio_s = 80;
      return {encode(estimate, message.request)};
    }
    jobs_.push_back(job);
    return {encode(Submitted{job.job_id, job.output, job.number, false, "", "", job.name}, message.request)};
  }
  if (message.type == Status::kType || message.type == Follow::kType) {
    Jobs answer;
    answer.jobs = jobs_;
    return {encode(answer, message.request)};
  }
  if (message.type == Change::kType) {
    Changed changed;
    for (const std::string& job : parse<Change>(message).selection.jobs) changed.numbers.push_back(std::stoull(job));
    return {encode(changed, message.request)};
  }
  Welcome welcome;
  welcome.version = "1.2.3";
  welcome.data_folder = "/data";
  welcome.pid = getpid();
  return {encode(welcome, message.request)};
}

Frames refusal(const Message& to, Exit exit, const std::string& what, const std::string& hint) {
  return encode(to_error(Fault(exit, what, hint)), to.request);
}

}  // namespace lectern
