#include "broker/signal.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace lectern {
namespace {

constexpr double kFrame_s = 0.02;
constexpr double kActive_db = 25;   // below the loud frames: not counted in the level
constexpr double kAudible_db = 42;  // below the level: silence
constexpr double kSilent_db = -60;  // whatever the level is
constexpr float kFullScale = 0.999f;

constexpr double kQuietest_db = -42, kLoudest_db = -8, kMostClipped = 0.001, kMostDc = 0.02, kLongestSilence_s = 2.5;
constexpr double kLongest = 2.5, kShortest = 0.4, kShortSpare_s = 0.25, kLongSpare_s = 1.0;  // of the usual time
constexpr double kSound_s = 3;  // that a sound such as [laugh] may take

constexpr std::size_t kFewTakes = 12, kFewCharacters = 20;
constexpr double kDeviations = 5, kSigma = 1.4826;  // of a normal distribution, by its median deviation
constexpr double kLeastLevel_db = 6,
                 kLeastPace = 0.47;  // ln 1.6: nearer to the median is no outlier, however even a job is

double decibel(double power) { return 10 * std::log10(std::max(power, 1e-12)); }

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The values that are far from the others.
std::vector<std::size_t> outliers(const std::vector<std::pair<std::size_t, double>>& values, double least) {
  std::vector<std::size_t> found;
  if (values.size() < kFewTakes) return found;
  std::vector<double> plain;
  for (const auto& [index, value] : values) plain.push_back(value);
  const double center = median(plain);
  for (double& value : plain) value = std::abs(value - center);
  const double limit = std::max(least, kDeviations * kSigma * median(plain));
  for (const auto& [index, value] : values)
    if (std::abs(value - center) > limit) found.push_back(index);
  return found;
}

}  // namespace

Signal measure_signal(std::span<const float> samples, int sample_rate_hz) {
  Signal signal;
  if (samples.empty()) return signal;
  const auto frame = std::max<std::size_t>(1, static_cast<std::size_t>(kFrame_s * sample_rate_hz));
  std::vector<double> levels;
  double sum = 0;
  std::size_t clipped = 0;
  for (std::size_t begin = 0; begin < samples.size(); begin += frame) {
    const auto part = samples.subspan(begin, std::min(frame, samples.size() - begin));
    double energy = 0;
    for (const float sample : part) {
      const float size = std::abs(sample);
      energy += static_cast<double>(sample) * sample;
      sum += sample;
      signal.peak = std::max(signal.peak, static_cast<double>(size));
      clipped += size >= kFullScale;
    }
    levels.push_back(decibel(energy / static_cast<double>(part.size())));
  }
  signal.clipped = static_cast<double>(clipped) / static_cast<double>(samples.size());
  signal.dc = sum / static_cast<double>(samples.size());
  std::vector<double> sorted = levels;
  std::sort(sorted.begin(), sorted.end());
  const double loud = sorted[sorted.size() - 1 - sorted.size() / 20];
  double power = 0, active = 0;
  for (const double level : levels)
    if (level >= loud - kActive_db) power += std::pow(10, level / 10), ++active;
  signal.level_db = decibel(power / active);
  const double silent = std::max(kSilent_db, signal.level_db - kAudible_db);
  std::size_t first = levels.size(), end = 0, longest = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] <= silent) continue;
    if (first < i) longest = std::max(longest, i - end);
    first = std::min(first, i);
    end = i + 1;
  }
  signal.silence_s = static_cast<double>(longest) * kFrame_s;
  if (end > first) signal.speech_s = static_cast<double>(end - first) * kFrame_s;
  return signal;
}

nlohmann::json signal_json(const Signal& s) {
  const auto rounded = [](double value, double to) { return std::round(value * to) / to; };
  return {{"level_db", rounded(s.level_db, 10)},    {"peak", rounded(s.peak, 10000)},
          {"clipped", rounded(s.clipped, 1e6)},     {"dc", rounded(s.dc, 1e5)},
          {"silence_s", rounded(s.silence_s, 100)}, {"speech_s", rounded(s.speech_s, 100)}};
}

std::optional<Signal> signal_of(const nlohmann::json& notes) {
  if (!notes.is_object() || !notes.contains("signal") || !notes["signal"].is_object()) return std::nullopt;
  const nlohmann::json& signal = notes["signal"];
  const auto number = [&](const char* key) {
    return signal.contains(key) && signal[key].is_number() ? signal[key].get<double>() : 0.0;
  };
  return Signal{number("level_db"), number("peak"),      number("clipped"),
                number("dc"),       number("silence_s"), number("speech_s")};
}

SpokenLength spoken_length(std::string_view text) {
  SpokenLength length;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "](/") {  // the transcription of the word before it
      const std::size_t end = text.find("/)", i + 3);
      if (end == std::string_view::npos) break;
      i = end + 1;
    } else if (const std::size_t end = text.find(']', i);
               text[i] == '[' && end != std::string_view::npos && text.substr(end, 3) != "](/") {
      ++length.sounds;
      i = end;
    } else {
      length.characters += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    }
  }
  return length;
}

std::vector<std::string> signal_flags(const Signal& s, const SpokenLength& length, double chars_per_second) {
  const double usual_s = static_cast<double>(length.characters) / std::max(chars_per_second, 0.1);
  const double most_s = usual_s * kLongest + kLongSpare_s + kSound_s * static_cast<double>(length.sounds);
  const std::pair<const char*, bool> checks[] = {{"quiet", s.level_db < kQuietest_db},
                                                 {"loud", s.level_db > kLoudest_db},
                                                 {"clipping", s.clipped > kMostClipped},
                                                 {"dc", std::abs(s.dc) > kMostDc},
                                                 {"silence", s.silence_s > kLongestSilence_s},
                                                 {"too_short", s.speech_s < usual_s * kShortest - kShortSpare_s},
                                                 {"too_long", s.speech_s > most_s}};
  std::vector<std::string> flags;
  for (const auto& [name, failed] : checks)
    if (failed) flags.emplace_back(name);
  return flags;
}

std::vector<std::vector<std::string>> outlier_flags(const std::vector<JobTake>& takes) {
  std::vector<std::vector<std::string>> flags(takes.size());
  std::map<std::string, std::vector<std::pair<std::size_t, double>>> levels, paces;  // by voice
  for (std::size_t i = 0; i < takes.size(); ++i) {
    const JobTake& take = takes[i];
    if (!take.signal) continue;
    levels[take.voice].emplace_back(i, take.signal->level_db);
    if (take.characters >= kFewCharacters && take.signal->speech_s > 0)
      paces[take.voice].emplace_back(
          i, std::log(static_cast<double>(take.characters) / (take.signal->speech_s * take.speed)));
  }
  for (const auto& [voice, values] : levels)
    for (const std::size_t i : outliers(values, kLeastLevel_db)) flags[i].emplace_back("level_outlier");
  for (const auto& [voice, values] : paces)
    for (const std::size_t i : outliers(values, kLeastPace)) flags[i].emplace_back("pace_outlier");
  return flags;
}

void add_flags(nlohmann::json& notes, const std::vector<std::string>& flags) {
  if (flags.empty()) return;
  if (!notes.is_object()) notes = nlohmann::json::object();
  nlohmann::json& list = notes["flagged"];
  if (!list.is_array()) list = nlohmann::json::array();
  for (const std::string& flag : flags)
    if (std::find(list.begin(), list.end(), flag) == list.end()) list.push_back(flag);
}

}  // namespace lectern
