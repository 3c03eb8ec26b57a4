#include "broker/coverage.h"

#include "broker/cutting.h"
#include "broker/text/coverage.h"

namespace lectern {

std::vector<std::string> coverage_problems(ModelShelf& models, const Job& job, const std::string& script,
                                           const std::vector<publish::PublishedSegment>& segments,
                                           const std::vector<text::Unspoken>& unspoken) {
  std::vector<text::Covered> covered;
  for (const publish::PublishedSegment& segment : segments)
    covered.push_back({segment.index, segment.begin, segment.end, segment.spoken, segment.edited});
  try {
    const SoundSettings sound = models.sound(job.model, job.voice, job.speed);
    const auto cut = [&](std::size_t limit) {
      SoundSettings at_limit = sound;
      at_limit.max_segment_chars = limit;
      return read_script(
          script, job.script_name, job.text_format, at_limit,
          script_rules(job.cast, job.lexicon, job.reading, [&](const std::string&) { return at_limit; }));
    };
    return text::uncovered(cut, sound.max_segment_chars, covered, unspoken);
  } catch (const std::exception& e) {
    return {std::string("it could not be checked whether all of the script is spoken: ") + e.what()};
  }
}

}  // namespace lectern
