#include "broker/reading_room.h"

#include <memory>

#include "config/fault_point.h"

namespace lectern {

void ReadingRoom::receive(std::string peer, std::vector<std::string> frames) {
  Asked& asked = waiting_.emplace_back();
  asked.peer = std::move(peer);
  try {
    protocol::Message message = protocol::decode(std::move(frames));
    asked.request = message.request;
    if (message.type != protocol::Submit::kType)
      asked.what = std::move(message);
    else if (!read(asked, std::move(message)))
      waiting_.pop_back();
  } catch (const Fault& fault) {
    asked.what = fault;
  }
}

bool ReadingRoom::read(Asked& asked, protocol::Message message) {
  auto& [submit, read_script] = asked.what.emplace<Submission>(protocol::parse<protocol::Submit>(message));
  static int submits = 0;
  if (guard_removed("no-dedupe")) submit.job_id += "-" + std::to_string(++submits);
  if (message.payload.size() != 1)
    throw Fault(Exit::bad_input, "field 'payload': a submit needs the script as its one payload");
  std::string& script = message.payload.front();
  if (!Intake::reads_long(submit, script) && !reading_.count(asked.peer)) {
    read_script = read(submit, std::move(script));
    return true;
  }
  ++reading_[asked.peer];
  pool_.add([this, shared = std::make_shared<Asked>(std::move(asked)), script = std::move(script)]() -> WorkPool::Result {
    auto& [submit, read_script] = std::get<Submission>(shared->what);
    read_script = read(submit, script);
    return [this, shared] {
      if (const auto count = reading_.find(shared->peer); --count->second == 0) reading_.erase(count);
      waiting_.push_back(std::move(*shared));
    };
  });
  return false;
}

ReadingRoom::Read ReadingRoom::read(const protocol::Submit& submit, std::string script) const {
  try {
    return intake_.read(submit, std::move(script));
  } catch (const Fault& fault) {
    return fault;
  } catch (const std::exception& e) {
    return Fault(Exit::internal, submit.script_name + ": " + e.what());
  }
}

void ReadingRoom::take_in() {
  for (const auto& result : pool_.results()) result();
}

}  // namespace lectern
