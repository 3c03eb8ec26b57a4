#include "broker/post.h"

#include <utility>

#include "broker/protocol/socket.h"

namespace lectern {

std::vector<std::string> Post::flush() {
  std::vector<std::string> unreachable;
  for (const Letter& letter : letters_)
    if (!protocol::send(*letter.socket, letter.frames, letter.peer) && letter.socket == &workers_)
      unreachable.push_back(letter.peer);
  letters_.clear();
  for (const auto& action : std::exchange(actions_, {})) action();
  return unreachable;
}

}  // namespace lectern
