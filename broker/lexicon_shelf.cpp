#include "broker/lexicon_shelf.h"

#include <sys/stat.h>

#include <algorithm>

#include "broker/text/respelling.h"
#include "broker/text/segmenter.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/paths.h"
#include "config/phonemes.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWordsNamed = 5;

// Of those entries the words that the script holds. What is wrong with the script is said when it is cut.
std::vector<std::string> words_of(const Lexicon& lexicon, const NewJob& job) {
  if (lexicon.empty()) return {};
  try {
    return text::words_in(lexicon, text::script_text(job.script, job.script_name, text::find_format(job.text_format)));
  } catch (const Fault&) {
    return {};
  }
}

std::string left_out(const std::vector<std::string>& words, const std::string& model) {
  if (words.empty()) return {};
  std::string text = model + " takes no phonemes: left out for ";
  for (std::size_t i = 0; i < std::min(words.size(), kWordsNamed); ++i) text += (i > 0 ? ", " : "") + words[i];
  return words.size() > kWordsNamed ? text + " and " + std::to_string(words.size() - kWordsNamed) + " more" : text;
}

}  // namespace

Lexicon LexiconShelf::own() {
  const std::lock_guard lock(mutex_);
  struct stat status {};
  if (stat(own_.c_str(), &status) != 0) {
    seen_.clear();
    entries_.clear();
    return entries_;
  }
  const std::string now = std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
                          std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
  if (now != seen_) {
    seen_.clear();
    entries_ = parse_lexicon(read_file(own_), own_.string());
    seen_ = now;
  }
  return entries_;
}

LexiconShelf::Chosen LexiconShelf::choose(const std::string& file, const NewJob& job, const SoundSettings& sound) {
  Lexicon lexicon = own();
  if (!file.empty()) {
    const fs::path named =
        fs::path(job.script_name).parent_path() / expand_home(file);  // an absolute file stays as it is
    if (!named.is_absolute())
      throw Fault(Exit::bad_input, "lexicon '" + file + "': the script has no folder that it could lie in",
                  "name it from the root, or with --lexicon");
    lexicon = joined(std::move(lexicon), read_lexicon(named));
  }
  std::erase_if(lexicon, [&](const LexiconEntry& entry) { return !entry.model.empty() && entry.model != job.model; });
  // Of the same word for the same voice, the entry of this very model counts.
  std::stable_sort(lexicon.begin(), lexicon.end(),
                   [](const auto& a, const auto& b) { return a.model.empty() && !b.model.empty(); });
  Lexicon transcribed;
  std::copy_if(lexicon.begin(), lexicon.end(), std::back_inserter(transcribed),
               [](const auto& e) { return e.phonemes; });
  Chosen chosen;
  if (!sound.phonemes) {
    chosen.warning = left_out(words_of(transcribed, job), job.model);
    std::erase_if(lexicon, [](const LexiconEntry& entry) { return entry.phonemes; });
  } else {
    for (const LexiconEntry& entry : transcribed)
      if (!unknown_phoneme(entry.spoken, sound.language).empty())
        if (entry.voice == sound.voice || !words_of({entry}, job).empty())
          require_phonemes(entry.spoken, entry.word, sound.language, "lexicon: ");
  }
  if (!lexicon.empty()) chosen.json = lexicon_json(lexicon).dump();
  return chosen;
}

}  // namespace lectern
