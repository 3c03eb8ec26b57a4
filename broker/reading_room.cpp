#include "broker/reading_room.h"

#include <memory>
#include <utility>

namespace lectern {

void ReadingRoom::add(Asked asked, std::string script) {
  ++reading_[asked.peer];
  const auto shared = std::make_shared<Asked>(std::move(asked));
  pool_.add([this, shared, script = std::move(script)]() -> WorkPool::Result {
    try {
      shared->read = intake_.read(shared->submit, script);
    } catch (const Fault& fault) {
      shared->read = fault;
    } catch (const std::exception& e) {
      shared->read = Fault(Exit::internal, shared->submit.script_name + ": " + e.what());
    }
    return [this, shared] {
      if (const auto count = reading_.find(shared->peer); --count->second == 0) reading_.erase(count);
      read_.push_back(std::move(*shared));
    };
  });
}

std::vector<ReadingRoom::Asked> ReadingRoom::take() {
  for (const auto& result : pool_.results()) result();
  return std::exchange(read_, {});
}

}  // namespace lectern
