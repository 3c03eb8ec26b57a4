#include "broker/repair_desk.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "broker/cutting.h"
#include "broker/intake.h"
#include "broker/verification.h"

namespace lectern {
namespace {

constexpr std::uint64_t kMostSegments = 1000;

// What the engine and the check of the whole job found odd, each once.
std::vector<std::string> flags_of(const SegmentRow& row) {
  std::vector<std::string> flags;
  const auto add = [&](const protocol::Json& list) {
    if (!list.is_array()) return;
    for (const auto& flag : list)
      if (flag.is_string() && std::find(flags.begin(), flags.end(), flag) == flags.end())
        flags.push_back(flag.get<std::string>());
  };
  if (row.state != SegmentState::done) return flags;
  const auto notes = protocol::Json::parse(row.notes, nullptr, false);
  if (notes.is_object()) add(notes.value("flagged", protocol::Json()));
  if (!row.flags.empty()) add(protocol::Json::parse(row.flags, nullptr, false));
  return flags;
}

protocol::SegmentView view_of(const SegmentRow& row, const Job& job) {
  protocol::SegmentView view;
  view.index = row.index;
  view.begin = row.begin;
  view.end = row.end;
  view.seed = row.seed;
  view.state = name(row.state);
  view.text = row.spoken;
  view.voice = row.voice.empty() ? job.voice : row.voice;
  view.pause = row.pause;
  view.take = row.take;
  view.reason = row.reason;
  view.seconds = row.seconds;
  view.edited = row.edited;
  view.flags = flags_of(row);
  return view;
}

std::string few(std::uint64_t segments) {
  return segments == 1 ? "the job has one segment, 0"
                       : "the job has segments 0 to " + std::to_string(segments - 1) + ": lectern segments JOB";
}

}  // namespace

protocol::SegmentList RepairDesk::segments(const protocol::Segments& wish, const protocol::JobView& view,
                                           const Job& job) {
  if (wish.most < 1 || wish.most > kMostSegments)
    throw Fault(Exit::bad_input, "field 'most': must be from 1 to " + std::to_string(kMostSegments));
  protocol::SegmentList answer;
  answer.job = view;
  std::uint64_t seen = 0;
  p_.store.for_each_segment(
      job.number,
      [&](const SegmentRow& row) {
        if (++seen > wish.most) return;
        auto segment = view_of(row, job);
        if (!wish.flagged || !segment.flags.empty() || row.state == SegmentState::failed)
          answer.segments.push_back(std::move(segment));
      },
      wish.from, wish.most + 1);
  answer.more = seen > wish.most;
  return answer;
}

// Without another text or seed of the user's the take gets a seed that follows from the one before: the same redo of
// the same take gives the same again.
Store::NewTake RepairDesk::new_take(const protocol::Redo& wish, const Job& job, std::uint64_t index) {
  std::optional<SegmentRow> row;
  p_.store.for_each_segment(
      job.number, [&](const SegmentRow& found) { row = found; }, index, 1);
  if (!row || row->index != index)
    throw Fault(Exit::not_found, "job #" + std::to_string(job.number) + " has no segment " + std::to_string(index),
                job.segments == 0 ? "its script was not cut into segments" : few(job.segments));
  SoundSettings sound = p_.models.sound(job.model, row->voice.empty() ? job.voice : row->voice, job.speed);
  sound.speed *= row->speed;
  Store::NewTake take;
  take.index = index;
  take.spoken = row->spoken;
  take.seed = segment_seed(row->seed, row->spoken);
  if (!wish.text.empty()) {
    take.spoken = spoken_text(wish.text, sound, stored_lexicon(job.lexicon));
    take.seed = segment_seed(job.seed, take.spoken);
    take.edited = true;
  }
  if (wish.seed >= 0) take.seed = static_cast<std::uint64_t>(wish.seed);
  take.take = take_key(sound, take.spoken, take.seed);
  return take;
}

protocol::Redone RepairDesk::redo(const protocol::Redo& wish, const Job& job) {
  protocol::Redone answer;
  answer.number = job.number;
  answer.output = job.output;
  if (!is_id(wish.redo_id)) throw Fault(Exit::bad_input, "field 'redo_id': must be 8 to 64 letters, digits or dashes");
  if (wish.redo_id == job.redo_id) {
    answer.known = true;
    answer.segments = job.waiting + job.leased;
    answer.waits = p_.timetable.waits_for(job);
    return answer;
  }
  if (!after(job.state, JobEvent::redo))
    throw Fault(Exit::bad_input, "job #" + std::to_string(job.number) + " is " + name(job.state),
                job.state == JobState::cancelled ? "submit its script again" : "wait until it has ended");
  if (wish.segments.empty()) throw Fault(Exit::bad_input, "field 'segments': names none", "give --segment N");
  if (wish.segments.size() > kMostSegments)
    throw Fault(Exit::bad_input, "field 'segments': names more than " + std::to_string(kMostSegments));
  if (!wish.text.empty() && wish.segments.size() > 1)
    throw Fault(Exit::bad_input, "field 'text': is for one segment, not for " + std::to_string(wish.segments.size()),
                "redo the segments one by one");
  std::vector<Store::NewTake> takes;
  for (const std::uint64_t index : wish.segments) takes.push_back(new_take(wish, job, index));
  const auto redone = p_.store.redo(job.number, wish.redo_id, takes);
  if (!redone) throw Fault(Exit::internal, "job #" + std::to_string(job.number) + " could not be redone");
  p_.dispatcher.let_go(job.model);
  answer.segments = redone->to_speak;
  answer.takes_gone = redone->lost;
  if (redone->to_speak > 0) answer.waits = p_.timetable.waits_for(*p_.store.job(job.number));
  return answer;
}

void RepairDesk::verify(const std::string& peer, std::uint64_t request, const protocol::Verify& wish) {
  std::optional<KnownJob> known;
  std::filesystem::path file = wish.file;
  if (wish.job.empty() && !file.is_absolute())
    throw Fault(Exit::bad_input, "field 'file': must be an absolute path, or 'job' must name one");
  if (!wish.job.empty()) {
    known.emplace();
    known->job = *p_.store.job(p_.store.select({{wish.job}, "", false}, false).front());
  } else if (const auto number = p_.store.published_by(file.string())) {
    known.emplace();
    known->job = *p_.store.job(*number);
  }
  if (known) {
    const Job& job = known->job;
    if (job.state != JobState::done)
      throw Fault(
          Exit::bad_input,
          "job #" + std::to_string(job.number) + " is " + name(job.state) + ": it has no finished file",
          finished(job.state) ? "lectern status " + std::to_string(job.number) + " says why" : "wait until it is done");
    known->script = p_.store.script(job.number);
    file = job.output;
  }
  auto& asker = verifying_[file.string()];
  if (asker) {
    *asker = {peer, request};
    protocol::Progress progress;
    if (known) progress.job = p_.store.view(known->job);
    return p_.post.to_client(peer, progress, request);
  }
  asker = std::make_shared<Asker>(Asker{peer, request});
  p_.pipeline.run([this, asker, file, known, takes = p_.paths.takes()]() -> WorkPool::Result {
    const auto answer = [this, asker, file](const auto& message) {
      verifying_.erase(file.string());
      p_.post.to_client(asker->peer, message, asker->request);
    };
    try {
      auto verified = std::make_shared<protocol::Verified>(verify_output(file, known, takes, p_.models));
      return [answer, verified] { answer(*verified); };
    } catch (const Fault& fault) {
      return [answer, error = protocol::to_error(fault)] { answer(error); };
    } catch (const std::exception& e) {  // whatever it is, nobody waits for ever
      return [answer, error = protocol::to_error(Fault(Exit::internal, e.what()))] { answer(error); };
    }
  });
}

}  // namespace lectern
