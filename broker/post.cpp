#include "broker/post.h"

#include <utility>

#include "config/fault_point.h"

namespace lectern {

std::vector<std::string> Post::flush() {
  for (const auto& action : std::exchange(actions_, {})) action();  // before the answer that tells of it
  std::vector<std::string> unreachable;
  for (const Letter& letter : letters_) {
    fault_point("before a message leaves");
    if (!letter.gate->send(letter.peer, letter.frames) && letter.gate == &workers_)
      unreachable.push_back(letter.peer);
  }
  letters_.clear();
  return unreachable;
}

}  // namespace lectern
