#include <nlohmann/json.hpp>

#include "config/fault.h"
#include "config/file.h"
#include "tests/parity/chatterbox_t3.h"
#include "worker/chatterbox/punc_norm.h"
#include "worker/chatterbox/tokenizer.h"

namespace lectern::parity {

namespace {
nlohmann::json cases_of(const std::filesystem::path& file, const char* what) {
  const auto cases = nlohmann::json::parse(read_file(file)).value(what, nlohmann::json::array());
  if (cases.empty()) throw Fault(Exit::bad_input, file.string() + ": has no " + what);
  return cases;
}
}  // namespace

void compare_punc_norm(const std::filesystem::path& file, Report& report) {
  for (const auto& wanted : cases_of(file, "cases")) {
    const std::string text = wanted.at("in"), found = chatterbox::punc_norm(text);
    report.line(nlohmann::json(text).dump(), nlohmann::json(found).dump(), wanted.at("out").dump(),
                wanted.at("out") == found);
  }
}

void compare_tokenizer(const std::filesystem::path& file, const std::filesystem::path& folder, Report& report) {
  const chatterbox::Tokenizer tokenizer(folder);
  for (const char* part : {"base_cases", "added_cases"}) {
    for (const auto& wanted : cases_of(file, part)) {
      const nlohmann::json found = tokenizer.encode(wanted.at("in").get<std::string>());
      report.line(wanted.at("in").dump(), found.dump(), wanted.at("ids").dump(), found == wanted.at("ids"));
    }
  }
}

}  // namespace lectern::parity
