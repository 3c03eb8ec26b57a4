// What takes long to read of clients' submits (EPUB, DOCX, HTML, ..., long texts) is read beside the loop. One after
// another, and what a client sends later waits for it, so that his jobs are numbered in the order in which he sent them.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "broker/intake.h"
#include "broker/work_pool.h"

namespace lectern {

class ReadingRoom {
 public:
  explicit ReadingRoom(Intake& intake) : intake_(intake) {}

  struct Asked {
    std::string peer;
    std::uint64_t request = 0;
    protocol::Submit submit;
    std::variant<std::monostate, Intake::Checked, Fault> read = {};  // or why it is refused
  };
  bool wanted_for(const std::string& peer, const protocol::Submit& submit, const std::string& script) const {
    return Intake::reads_long(submit, script) || reading_.count(peer) > 0;
  }
  void add(Asked asked, std::string script);
  // Readable when some are read.
  int descriptor() const { return pool_.descriptor(); }
  // Those that are read, each once, in the order in which they came.
  std::vector<Asked> take();

 private:
  Intake& intake_;
  std::map<std::string, int> reading_;  // how many, by peer
  std::vector<Asked> read_;
  WorkPool pool_{1};
};

}  // namespace lectern
