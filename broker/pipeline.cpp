#include "broker/pipeline.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "broker/coverage.h"
#include "broker/publish/publisher.h"
#include "broker/publish/tags.h"
#include "broker/signal.h"
#include "broker/text/documents.h"
#include "broker/text/segmenter.h"
#include "config/quantity.h"
#include "config/script_name.h"

namespace lectern {
namespace {

constexpr int kCutsAtOnce = 4;                 // scripts in memory for cutting
constexpr std::int64_t kQuietMs = 3;           // clients that were silent for so long have said all
constexpr std::int64_t kYieldMostMs = 100;     // cutting waits no longer than this for silence
const std::string kIncomplete = "not all of the script is accounted for: ";
constexpr std::int64_t kSpaceRetryMs = 15000;  // publishing that found no space is tried again so much later

text::Break pause_of(const std::string& name) {
  for (std::size_t i = 0; i < std::size(text::kBreakNames); ++i)
    if (name == text::kBreakNames[i]) return static_cast<text::Break>(i);
  throw Fault(Exit::internal, "the database holds an unknown pause '" + name + "'");
}

std::string reason_of(const Fault& fault) {
  return fault.hint().empty() ? fault.what() : std::string(fault.what()) + " (" + fault.hint() + ")";
}

publish::PublishRequest request_for(Store& store, const Job& job, const Paths& paths, const Settings& settings) {
  publish::PublishRequest request;
  request.job_id = job.job_id;
  request.takes = paths.takes();
  request.target = job.output;
  request.overwrite = job.overwrite;
  request.edition = job.edition;
  request.format = job.format;
  request.pauses.clause = settings.pauses.clause;
  request.pauses.sentence = settings.pauses.sentence;
  request.pauses.paragraph = settings.pauses.paragraph;
  request.pauses.section = settings.pauses.section;
  request.pauses.chapter = settings.pauses.chapter;
  store.for_each_segment(job.number, [&](const SegmentRow& row) {
    publish::PublishedSegment segment;
    segment.index = row.index;
    segment.begin = row.begin;
    segment.end = row.end;
    segment.spoken = row.spoken;
    segment.voice = row.voice;
    segment.after = pause_of(row.pause);
    segment.pause_s = row.pause_s;
    segment.speed = row.speed;
    segment.edited = row.edited;
    segment.take_key = row.take;
    segment.seed = row.seed;
    segment.notes = nlohmann::json::parse(row.notes, nullptr, false);
    request.segments.push_back(std::move(segment));
  });
  for (const auto& stretch : nlohmann::json::parse(store.unspoken(job.number)))
    request.unspoken.push_back({stretch[0], stretch[1], stretch[2]});
  const auto structure = nlohmann::json::parse(store.structure(job.number));
  request.author = structure.value("author", "");
  request.leading_pause_s = structure.value("leading_pause_s", 0.0);
  for (const auto& chapter : structure.value("chapters", nlohmann::json::array()))
    request.chapters.push_back({chapter["segment"], chapter["title"]});
  request.delivery = settings.delivery;  // for jobs of a version that did not say
  if (!job.delivery.empty()) request.delivery = parse_delivery(nlohmann::json::parse(job.delivery));
  if (request.delivery.date.empty()) request.delivery.date = local_time(job.submitted_ms).substr(0, 10);
  // A name that nobody chose gives way to the title that the script itself tells.
  const std::string told = structure.value("title", "");
  const std::string title = told.empty() || job.name != script_title(job.script_name) ? job.name : told;
  request.facts = {{"title", title},
                   {"script", job.script_name},
                   {"text_format", job.text_format},
                   {"model", job.model},
                   {"model_hash", job.model_hash},
                   {"voice", job.voice},
                   {"speed", job.speed},
                   {"seed", job.seed},
                   {"precision", settings.precision},
                   {"batch", job.batch_id},
                   {"lectern", LECTERN_VERSION}};
  return request;
}

// What the takes show beside each other goes into their notes. Returns what is told of the job: flags by segment as JSON,
// and how many segments are flagged for any reason.
std::pair<std::map<std::uint64_t, std::string>, std::uint64_t> flag_outliers(publish::PublishRequest& request,
                                                                             double speed) {
  std::vector<JobTake> takes;
  for (const publish::PublishedSegment& segment : request.segments)
    takes.push_back({signal_of(segment.notes), spoken_length(segment.spoken).characters, segment.voice,
                     speed * segment.speed});
  const auto flags = outlier_flags(takes);
  std::map<std::uint64_t, std::string> told;
  std::uint64_t flagged = 0;
  for (std::size_t i = 0; i < request.segments.size(); ++i) {
    publish::PublishedSegment& segment = request.segments[i];
    if (!flags[i].empty()) told[segment.index] = nlohmann::json(flags[i]).dump();
    add_flags(segment.notes, flags[i]);
    flagged += segment.notes.is_object() && segment.notes.contains("flagged");
  }
  return {std::move(told), flagged};
}

// The picture that an EPUB has on its cover; nullptr: none.
std::shared_ptr<const publish::Cover> cover_of_book(const std::string& bytes) {
  try {
    auto cover = publish::cover_in(text::epub_cover(bytes).bytes);
    return cover.bytes.empty() ? nullptr : std::make_shared<const publish::Cover>(std::move(cover));
  } catch (const Fault& fault) {
    spdlog::warn("the cover of a book cannot be read: {}", fault.what());
    return nullptr;
  }
}

}  // namespace

Pipeline::Pipeline(Store& store, ModelShelf& models, const Paths& paths, const Settings& settings, const Clock& clock)
    : store_(store), models_(models), paths_(paths), settings_(settings), clock_(clock) {}

void Pipeline::advance(std::uint64_t number) {
  const auto job = store_.standing(number);
  if (!job) return;
  if (auto running = publishing_.find(number); running != publishing_.end() && job->state == JobState::cancelled)
    running->second->store(true);
  if (!job->cut && !finished(job->state)) add({number});
  if (job->state == JobState::publishing && !publishing_.count(number) && !again_at_.count(number))
    publish(*store_.job(number));
}

void Pipeline::add(const std::vector<std::uint64_t>& jobs) {
  for (const std::uint64_t number : jobs)
    if (cutting_.insert(number).second) to_cut_.push_back(number);
}

std::int64_t Pipeline::yield_to_clients() {
  const std::int64_t now = clock_.monotonic_ms();
  if (cutting_at_ms() <= now) yielding_until_ms_ = now + kYieldMostMs;
  quiet_at_ms_ = now + kQuietMs;
  return to_cut_.empty() ? std::numeric_limits<std::int64_t>::max() : cutting_at_ms();
}

void Pipeline::feed() {
  if (clock_.monotonic_ms() < cutting_at_ms()) return;
  while (cuts_running_ < kCutsAtOnce && !to_cut_.empty()) {
    const std::uint64_t number = to_cut_.front();
    to_cut_.pop_front();
    const auto job = store_.job(number);
    if (!job || job->cut || finished(job->state)) {
      cutting_.erase(number);
      continue;
    }
    cut(*job);
  }
}

void Pipeline::cut(const Job& job) {
  ++cuts_running_;
  pool_.add([this, job, script = store_.script(job.number)]() -> WorkPool::Result {
    auto settled = [this, number = job.number, counted = std::make_shared<bool>(false)] {
      if (!std::exchange(*counted, true)) --cuts_running_;
      cutting_.erase(number);
      feed();
    };
    try {
      models_.verify(job.model);
      SoundSettings sound = models_.sound(job.model, job.voice, job.speed);
      sound.seed = job.seed;
      const auto rules = script_rules(job.cast, job.lexicon, job.reading, [&](const std::string& voice) {
        return models_.sound(job.model, voice, job.speed);
      });
      auto result =
          std::make_shared<CutScript>(cut_script(script, job.script_name, job.text_format, sound, rules));
      return [this, number = job.number, result, hash = sound.model_hash, settled] {
        if (const auto now = store_.job(number); now && !now->cut && !finished(now->state))
          store_.set_segments(number, result->segments, result->unspoken, hash, result->structure);
        settled();
      };
    } catch (const std::exception& e) {
      const auto* fault = dynamic_cast<const Fault*>(&e);
      return [this, number = job.number, reason = fault ? reason_of(*fault) : std::string(e.what()), settled] {
        spdlog::warn("job {}: {}", number, reason);
        store_.change(number, JobEvent::fail, reason);
        settled();
      };
    }
  });
}

void Pipeline::publish(const Job& job) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  publishing_[job.number] = stop;
  auto request = std::make_shared<publish::PublishRequest>(request_for(store_, job, paths_, settings_));
  pool_.add([this, job, script = store_.script(job.number), request, stop]() -> WorkPool::Result {
    const std::uint64_t number = job.number;
    auto missing = std::make_shared<std::vector<std::string>>();
    const auto [flags, flagged] = flag_outliers(*request, job.speed);
    if (job.text_format == "epub") request->cover = cover_of_book(script);
    request->problems = coverage_problems(models_, job, script, request->segments, request->unspoken);
    try {
      const auto published =
          publish::publish(*request, *stop, [&](const std::string& key) { missing->push_back(key); });
      return [this, number, published, request, flags = flags, flagged = flagged] {
        publishing_.erase(number);
        const std::string problem = request->problems.empty() ? "" : kIncomplete + request->problems.front();
        if (!problem.empty()) spdlog::error("job {}: {}", number, problem);
        store_.finish_publishing(number, published.audio.string(), published.seconds, problem);
        store_.set_flags(number, flags, flagged);
        spdlog::info("job {} done: {} ({:.1f} s of audio)", number, published.audio.string(), published.seconds);
      };
    } catch (const std::exception& e) {
      const auto* fault = dynamic_cast<const Fault*>(&e);
      const std::string reason = fault ? reason_of(*fault) : std::string(e.what());
      const bool no_space = fault && fault->exit() == Exit::no_space;
      return [this, number, missing, reason, no_space, stop] {
        publishing_.erase(number);
        if (stop->load()) return;
        spdlog::warn("job {}: publishing: {}", number, reason);
        if (!missing->empty()) {
          store_.lose_takes(number, *missing);
        } else if (no_space) {
          again_at_[number] = clock_.monotonic_ms() + kSpaceRetryMs;
          store_.set_reason(number, "waits for space: " + reason);
        } else {
          store_.change(number, JobEvent::fail, reason);
        }
      };
    }
  });
}

std::int64_t Pipeline::tick() {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  const std::int64_t now = clock_.monotonic_ms();
  std::vector<std::uint64_t> due;
  for (const auto& [number, at] : again_at_) {
    if (at <= now)
      due.push_back(number);
    else
      next = std::min(next, at);
  }
  for (std::uint64_t number : due) {
    again_at_.erase(number);
    advance(number);
  }
  feed();
  if (!to_cut_.empty() && cutting_at_ms() > now) next = std::min(next, cutting_at_ms());
  return next;
}

void Pipeline::stop() {
  for (auto& [number, flag] : publishing_) flag->store(true);
}

}  // namespace lectern
