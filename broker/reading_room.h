// What clients ask, taken in and read as far as that needs nothing of the store, also while a transaction is being
// committed: messages are decoded, the scripts of submits are read and checked. What takes long to read (EPUB, DOCX,
// HTML, ..., long texts) is read beside the loop. One after another, and what a client submits later waits for it, so
// that his jobs are numbered in the order in which he sent them.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "broker/intake.h"
#include "broker/protocol/wire.h"
#include "broker/work_pool.h"

namespace lectern {

class ReadingRoom {
 public:
  explicit ReadingRoom(Intake& intake) : intake_(intake) {}

  using Read = std::variant<Intake::Checked, Fault>;  // or why it is refused
  struct Submission {
    protocol::Submit submit;
    Read read = {};
  };
  struct Asked {
    std::string peer;
    std::uint64_t request = 0;                                        // 0: not known
    std::variant<protocol::Message, Submission, Fault> what = {};  // a fault: it is no message, or no submit
  };
  void receive(std::string peer, std::vector<std::string> frames);
  // Readable when some of what is read beside the loop are done: take_in() adds them to what waits.
  int descriptor() const { return pool_.descriptor(); }
  void take_in();
  std::size_t waiting() const { return waiting_.size(); }
  // All that wait, in the order in which they came, in place of what was in `asked`.
  void take(std::vector<Asked>& asked) {
    asked.clear();
    asked.swap(waiting_);
  }

 private:
  Read read(const protocol::Submit& submit, std::string script) const;
  // false: it is read beside the loop.
  bool read(Asked& asked, protocol::Message message);

  Intake& intake_;
  std::vector<Asked> waiting_;
  std::map<std::string, int> reading_;  // how many, by peer
  WorkPool pool_{1};
};

}  // namespace lectern
