// The store's jobs: adding, finding, changing and showing them.
#include <algorithm>

#include "broker/store/store.h"

namespace lectern {
namespace {

constexpr const char* kJobColumns =
    "SELECT j.id, j.batch, j.seed, j.job_id, b.batch_id, b.name, j.name, j.script_name, j.text_format, j.reason, "
    "j.model, j.voice, j.format, j.output, j.model_hash, j.state, j.speed, j.audio_s, j.priority, j.submitted_ms, "
    "j.started_ms, j.finished_ms, j.overwrite, j.cut, j.segments, j.waiting, j.leased, j.done, j.failed, "
    "j.characters, j.characters_done, j.window, j.not_before_ms, j.by_ms, j.after_job, j.speakers, "
    "j.delivery, j.reading, j.lexicon, j.edition, j.redo_id, j.flagged FROM jobs j JOIN batches b ON b.id = j.batch "
    "WHERE j.id = ?";

Job read_job(const Query& q) {
  Job job;
  int c = 0;
  job.number = q.count(c++);
  job.batch = q.count(c++);
  job.seed = q.count(c++);
  for (std::string* field : {&job.job_id, &job.batch_id, &job.batch_name, &job.name, &job.script_name, &job.text_format,
                             &job.reason, &job.model, &job.voice, &job.format, &job.output, &job.model_hash})
    *field = q.text(c++);
  job.state = job_state(q.text(c++));
  job.speed = q.real(c++);
  job.audio_s = q.real(c++);
  for (std::int64_t* field : {&job.priority, &job.submitted_ms, &job.started_ms, &job.finished_ms})
    *field = q.integer(c++);
  job.overwrite = q.integer(c++) != 0;
  job.cut = q.integer(c++) != 0;
  for (std::uint64_t* field :
       {&job.segments, &job.waiting, &job.leased, &job.done, &job.failed, &job.characters, &job.characters_done})
    *field = q.count(c++);
  job.when.window = q.text(c++);
  job.when.not_before_ms = q.integer(c++);
  job.when.by_ms = q.integer(c++);
  job.when.after_job = q.count(c++);
  job.cast = q.text(c++);
  job.delivery = q.text(c++);
  job.reading = q.text(c++);
  job.lexicon = q.text(c++);
  job.edition = q.count(c++);
  job.redo_id = q.text(c++);
  job.flagged = q.count(c++);
  return job;
}

std::vector<std::uint64_t> numbers(Query& query) {
  std::vector<std::uint64_t> found;
  while (query.next()) found.push_back(query.count(0));
  return found;
}

std::size_t code_points(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

Store::Added Store::add_job(const NewJob& job) {
  begin();
  const std::int64_t now = clock_.wall_ms();
  const JobState state = new_held_since() > 0 ? JobState::held : JobState::queued;
  Query insert(database_,
               "INSERT INTO jobs(job_id, batch, name, script_name, text_format, state, reason, model, voice, format, "
               "speed, seed, priority, overwrite, output, submitted_ms, window, not_before_ms, by_ms, after_job, "
               "speakers, delivery, reading, lexicon) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
               "ON CONFLICT(job_id) DO NOTHING",
               job.job_id, add_batch(job.batch_id, job.batch_name, now), job.name, job.script_name, job.text_format,
               name(state), state == JobState::held ? "paused" : "", job.model, job.voice, job.format, job.speed,
               job.seed, job.priority, job.overwrite, job.output, now, job.when.window, job.when.not_before_ms,
               job.when.by_ms, job.when.after_job, job.cast, job.delivery, job.reading, job.lexicon);
  if (insert.run() == 0) return {*find_job(job.job_id), true, state};
  const auto number = static_cast<std::uint64_t>(database_.last_row());
  Query(database_, "INSERT INTO scripts(job, bytes) VALUES(?, CAST(? AS BLOB))", number, job.script).run();
  if (state == JobState::held) note(number, "held: everything is paused");
  touch(number);
  added_.push_back(number);
  return {number, false, state};
}

// The number of the batch of that id, which is made when it is new.
std::uint64_t Store::add_batch(const std::string& batch_id, const std::string& batch_name, std::int64_t now_ms) {
  if (last_batch_.first == batch_id) return last_batch_.second;
  std::optional<std::uint64_t> number;
  {
    Query known(database_, "SELECT id FROM batches WHERE batch_id = ?", batch_id);
    if (known.next()) number = known.count(0);
  }
  if (!number) {
    Query(database_, "INSERT INTO batches(batch_id, name, created_ms) VALUES(?,?,?)", batch_id, batch_name, now_ms).run();
    number = static_cast<std::uint64_t>(database_.last_row());
  }
  last_batch_ = {batch_id, *number};
  return *number;
}

std::optional<Job> Store::job(std::uint64_t number) {
  Query query(database_, kJobColumns, number);
  if (!query.next()) return std::nullopt;
  return read_job(query);
}

std::optional<Store::Standing> Store::standing(std::uint64_t number) {
  Query query(database_, "SELECT state, cut, segments, waiting, leased, failed, reason FROM jobs WHERE id = ?", number);
  if (!query.next()) return std::nullopt;
  return Standing{job_state(query.text(0)), query.integer(1) != 0, query.count(2), query.count(3),
                  query.count(4),           query.count(5),        query.text(6)};
}

std::optional<std::uint64_t> Store::find_job(const std::string& job_id) {
  Query query(database_, "SELECT id FROM jobs WHERE job_id = ?", job_id);
  if (!query.next()) return std::nullopt;
  return query.count(0);
}

std::vector<std::uint64_t> Store::select(const protocol::Selection& selection, bool unfinished_only,
                                         std::uint64_t most_unfinished) {
  std::set<std::uint64_t> chosen;
  for (const std::string& wanted : selection.jobs) {
    std::vector<std::uint64_t> found;
    if (!wanted.empty() && wanted.size() < 19 && wanted.find_first_not_of("0123456789") == std::string::npos) {
      Query query(database_, "SELECT id FROM jobs WHERE id = ?", std::stoll(wanted));
      found = numbers(query);
    }
    if (const auto exact = find_job(wanted); exact && found.empty()) found = {*exact};
    if (found.empty() && wanted.size() >= 4 && wanted.find_first_of("%_*?[") == std::string::npos) {
      Query query(database_, "SELECT id FROM jobs WHERE job_id GLOB ? || '*' LIMIT 2", wanted);
      found = numbers(query);
    }
    if (found.empty()) throw Fault(Exit::not_found, "no such job: " + wanted, "`lectern status --all` lists the jobs");
    if (found.size() > 1)
      throw Fault(Exit::not_found, "several jobs begin with '" + wanted + "'", "give more of the id, or the number");
    chosen.insert(found.front());
  }
  if (!selection.batch_id.empty()) {
    Query query(database_,
                "SELECT j.id FROM jobs j JOIN batches b ON b.id = j.batch WHERE b.batch_id = ? ORDER BY j.id",
                selection.batch_id);
    const auto found = numbers(query);
    if (found.empty())
      throw Fault(Exit::not_found, "no such batch: " + selection.batch_id, "`lectern status --json` names the batches");
    chosen.insert(found.begin(), found.end());
  }
  if (selection.all) {
    Query unfinished(database_, "SELECT id FROM jobs INDEXED BY jobs_open WHERE finished_ms = 0 ORDER BY id LIMIT ?",
                     most_unfinished == 0 ? -1 : static_cast<std::int64_t>(most_unfinished));
    for (std::uint64_t number : numbers(unfinished)) chosen.insert(number);
    if (!unfinished_only) {
      Query finished(database_,
                     "SELECT id FROM jobs WHERE finished_ms > 0 ORDER BY finished_ms DESC, "
                     "id DESC LIMIT 20");
      for (std::uint64_t number : numbers(finished)) chosen.insert(number);
    }
  }
  return {chosen.begin(), chosen.end()};
}

std::vector<std::uint64_t> Store::jobs_in(JobState state) {
  Query query(database_, "SELECT id FROM jobs WHERE state = ? ORDER BY id", name(state));
  return numbers(query);
}

std::vector<std::uint64_t> Store::uncut_jobs() {
  Query query(database_,
              "SELECT id FROM jobs INDEXED BY jobs_open WHERE finished_ms = 0 AND cut = 0 ORDER BY id");
  return numbers(query);
}

std::optional<std::uint64_t> Store::published_by(const std::string& output) {
  Query query(database_, "SELECT id FROM jobs WHERE output = ? AND state = 'done' ORDER BY id DESC LIMIT 1", output);
  if (!query.next()) return std::nullopt;
  return query.count(0);
}

bool Store::output_taken(const std::string& output) {
  return Query(database_,
               "SELECT 1 FROM jobs WHERE output = ? AND (finished_ms = 0 OR state = 'failed')",
               output)
      .next();
}

std::string Store::script(std::uint64_t job) {
  Query query(database_, "SELECT bytes FROM scripts WHERE job = ?", job);
  return query.next() ? query.text(0) : std::string();
}

std::string Store::unspoken(std::uint64_t job) {
  Query query(database_, "SELECT unspoken FROM scripts WHERE job = ?", job);
  return query.next() ? query.text(0) : std::string("[]");
}

std::string Store::structure(std::uint64_t job) {
  Query query(database_, "SELECT structure FROM scripts WHERE job = ?", job);
  return query.next() ? query.text(0) : std::string("{}");
}

void Store::set_segments(std::uint64_t number, const std::vector<NewSegment>& segments, const std::string& unspoken,
                         const std::string& model_hash, const std::string& structure) {
  begin();
  std::uint64_t characters = 0, characters_done = 0, done = 0, index = 0;
  double audio_s = 0;
  for (const NewSegment& segment : segments) {
    const std::uint64_t length = code_points(segment.spoken);
    characters += length;
    bool spoken = false;
    {
      Query take(database_, "SELECT frames * 1.0 / sample_rate_hz FROM takes WHERE key = ?", segment.take);
      if (take.next()) {
        spoken = true;
        audio_s += take.real(0);
      }
    }
    if (spoken) ++done, characters_done += length;
    Query(database_,
          "INSERT INTO segments(job, idx, state, begin_at, end_at, pause, spoken, seed, take, voice, pause_s, speed) "
          "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
          number, index++, name(spoken ? SegmentState::done : SegmentState::waiting), segment.begin, segment.end,
          segment.pause, segment.spoken, segment.seed, segment.take, segment.voice,
          segment.pause_s, segment.speed)
        .run();
  }
  Query(database_, "UPDATE scripts SET unspoken = ?, structure = ? WHERE job = ?", unspoken, structure, number).run();
  Query(database_,
        "UPDATE jobs SET cut = 1, segments = ?, waiting = ?, done = ?, characters = ?, characters_done = ?, "
        "audio_s = ?, model_hash = ? WHERE id = ?",
        segments.size(), segments.size() - done, done, characters, characters_done, audio_s, model_hash, number)
      .run();
  note(number, "cut into " + std::to_string(segments.size()) + " segments" +
                   (done ? ", " + std::to_string(done) + " of them spoken before" : ""));
  touch(number);
  settle(number);
}

bool Store::apply(std::uint64_t number, JobState from, JobEvent event, const std::string& reason) {
  const auto to = after(from, event);
  if (!to) return false;
  begin();
  const std::int64_t now = clock_.wall_ms();
  Query(database_,
        "UPDATE jobs SET state = ?, reason = ?, started_ms = CASE WHEN ? AND started_ms = 0 THEN ? ELSE started_ms END,"
        " finished_ms = ? WHERE id = ?",
        name(*to), reason, *to == JobState::running, now, finished(*to) ? now : 0, number)
      .run();
  if (*to != from) note(number, std::string(name(*to)) + (reason.empty() ? "" : ": " + reason));
  if (finished(*to) && !finished(from)) ended_.push_back(number);
  touch(number);
  return true;
}

bool Store::change(std::uint64_t number, JobEvent event, const std::string& reason) {
  const auto row = standing(number);
  if (!row || !apply(number, row->state, event, reason)) return false;
  if (event == JobEvent::retry) {
    Query(database_,
          "UPDATE segments SET state = 'waiting', failures = 0, suspect = 0, reason = '' "
          "WHERE job = ? AND state = 'failed'",
          number)
        .run();
    Query(database_, "UPDATE jobs SET waiting = waiting + failed, failed = 0 WHERE id = ?", number).run();
  }
  if (event == JobEvent::resume || (event == JobEvent::retry && !hold_if_all_paused(number))) settle(number);
  return true;
}

bool Store::hold_if_all_paused(std::uint64_t number) {
  return new_held_since() > 0 && apply(number, JobState::queued, JobEvent::pause, "paused");
}

void Store::hold_new() {
  if (new_held_since() > 0) return;
  begin();
  Query(database_, "INSERT INTO pauses(since_ms) VALUES(?)", clock_.wall_ms()).run();
  new_held_since_.reset();
}

bool Store::resume_new() {
  if (new_held_since() == 0) return false;
  begin();
  Query(database_, "DELETE FROM pauses").run();
  new_held_since_.reset();
  return true;
}

std::int64_t Store::new_held_since() {
  if (!new_held_since_) {
    Query query(database_, "SELECT coalesce(min(since_ms), 0) FROM pauses");
    new_held_since_ = query.next() ? query.integer(0) : 0;
  }
  return *new_held_since_;
}

void Store::set_priority(std::uint64_t number, std::int64_t priority) {
  begin();
  Query(database_, "UPDATE jobs SET priority = ? WHERE id = ?", priority, number).run();
  note(number, "priority " + std::to_string(priority));
  touch(number);
}

void Store::set_reason(std::uint64_t number, const std::string& reason) {
  begin();
  Query(database_, "UPDATE jobs SET reason = ? WHERE id = ?", reason, number).run();
  touch(number);
}

void Store::run_now(std::uint64_t number) {
  begin();
  Query(database_, "UPDATE jobs SET window = '', not_before_ms = 0, after_job = 0 WHERE id = ?", number).run();
  note(number, "to be run now: its window, its time and the job before it do not count any more");
  touch(number);
}

void Store::finish_publishing(std::uint64_t number, const std::string& output, double seconds,
                              const std::string& problem) {
  if (!change(number, JobEvent::publish, problem)) return;
  Query(database_, "UPDATE jobs SET output = ?, audio_s = ? WHERE id = ?", output, seconds, number).run();
}

void Store::set_flags(std::uint64_t number, const std::map<std::uint64_t, std::string>& flags, std::uint64_t flagged) {
  begin();
  Query(database_, "UPDATE segments SET flags = '' WHERE job = ? AND flags != ''", number).run();
  for (const auto& [index, list] : flags)
    Query(database_, "UPDATE segments SET flags = ? WHERE job = ? AND idx = ?", list, number, index).run();
  Query(database_, "UPDATE jobs SET flagged = ? WHERE id = ?", flagged, number).run();
  touch(number);
}

protocol::JobView Store::view(const Job& job) {
  protocol::JobView v;
  v.number = job.number;
  v.job_id = job.job_id;
  v.batch_id = job.batch_id;
  v.batch_name = job.batch_name;
  v.name = job.name;
  v.state = name(job.state);
  v.reason = job.reason;
  v.model = job.model;
  v.voice = job.voice;
  v.output = job.output;
  v.priority = job.priority;
  v.segments = job.segments;
  v.segments_done = job.done;
  v.segments_failed = job.failed;
  v.segments_flagged = job.flagged;
  v.characters = job.characters;
  v.characters_done = job.characters_done;
  v.audio_s = job.audio_s;
  v.submitted_ms = job.submitted_ms;
  v.started_ms = job.started_ms;
  v.finished_ms = job.finished_ms;
  v.window = job.when.window;
  v.not_before_ms = job.when.not_before_ms;
  v.by_ms = job.when.by_ms;
  v.after_job = job.when.after_job;
  if (job.failed > 0) {
    Query query(database_,
                "SELECT idx, spoken, reason FROM segments WHERE job = ? AND state = 'failed' ORDER BY idx LIMIT 20",
                job.number);
    while (query.next()) v.failures.push_back({query.count(0), query.text(1), query.text(2)});
  }
  return v;
}

std::uint64_t Store::unfinished_jobs() {
  Query query(database_, "SELECT count(*) FROM jobs INDEXED BY jobs_open WHERE finished_ms = 0");
  return query.next() ? query.count(0) : 0;
}

std::uint64_t Store::waiting_segments() {
  Query query(database_,
              "SELECT coalesce(sum(waiting), 0) FROM jobs WHERE runnable = 1");
  return query.next() ? query.count(0) : 0;
}

}  // namespace lectern
