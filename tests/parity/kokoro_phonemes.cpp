#include "tests/parity/kokoro_phonemes.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "config/fault.h"
#include "worker/kokoro/phonemes.h"

namespace lectern::parity {

void compare_phonemes(const std::filesystem::path& model_folder, const std::filesystem::path& cases_file,
                      Report& report) {
  const kokoro::Vocabulary vocabulary(model_folder / "tokenizer.json");
  std::ifstream stream(cases_file);
  if (!stream) throw Fault(Exit::not_found, "cannot read " + cases_file.string());
  const auto cases = nlohmann::json::parse(stream).at("cases");
  if (cases.empty()) throw Fault(Exit::bad_input, cases_file.string() + ": no cases");
  for (const auto& wanted : cases) {
    const auto text = wanted.at("text").get<std::string>(), language = wanted.at("lang").get<std::string>();
    const auto found = vocabulary.symbols_of(kokoro::phonemes_of(text, language));
    const bool same = found.text() == wanted.at("phonemes") && vocabulary.ids_of(found.symbols) == wanted.at("ids");
    report.line(language + ": " + text, found.text(), wanted.at("phonemes").get<std::string>(), same);
  }
}

}  // namespace lectern::parity
