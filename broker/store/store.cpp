// The store's transaction, restart, and the life of segments. The jobs are in jobs.cpp.
//
// Invariants, kept by count(): jobs.waiting, leased, done, failed are the numbers of the job's segments in that state;
// characters_done and audio_s sum over its done segments.
#include "broker/store/store.h"

#include <utility>

#include "broker/store/schema.h"
#include "config/fault_point.h"

namespace lectern {

Store::Store(const std::filesystem::path& file, const Clock& clock) : clock_(clock), database_(file) {
  prepare_schema(database_);
}

void Store::begin() {
  if (!transaction_) transaction_.emplace(database_);
}

void Store::commit() {
  if (!transaction_) return;
  try {
    settle_idle();
    transaction_->commit();
  } catch (const Fault&) {
    rollback();
    throw;
  }
  transaction_.reset();
}

void Store::rollback() {
  transaction_.reset();
  idle_.clear();
  added_.clear();
  ended_.clear();
  last_batch_ = {};
  unloaded_.reset();
  new_held_since_.reset();
}

std::set<std::uint64_t> Store::take_changed() {
  settle_idle();
  return std::exchange(changed_, {});
}

std::vector<std::uint64_t> Store::take_added() { return std::exchange(added_, {}); }

std::vector<std::uint64_t> Store::take_ended() { return std::exchange(ended_, {}); }

void Store::note(std::uint64_t job, const std::string& what) {
  begin();
  Query(database_, "INSERT INTO history(job, at_ms, what) VALUES(?,?,?)", job, clock_.wall_ms(), what).run();
}

void Store::restart() {
  begin();
  database_.execute(
      "UPDATE jobs SET waiting = waiting + leased, leased = 0 WHERE leased > 0;"
      "UPDATE segments SET state = 'waiting', worker = '' WHERE state = 'leased';"
      "UPDATE jobs SET state = 'queued' WHERE state = 'running'");
  std::vector<std::uint64_t> queued = jobs_in(JobState::queued);
  for (std::uint64_t job : queued) settle(job);
  commit();
}

namespace {

constexpr const char* kRunnable =
    "SELECT id, batch, waiting, priority, submitted_ms, model, window FROM jobs "
    "WHERE runnable = 1 AND window = ? AND not_before_ms <= ? "
    "AND (after_job = 0 OR NOT EXISTS (SELECT 1 FROM jobs p WHERE p.id = jobs.after_job "
    "AND p.finished_ms = 0)) ";

}  // namespace

std::vector<RunnableJob> Store::runnable(const std::vector<std::string>& windows) {
  static const std::string by_priority = std::string(kRunnable) + "ORDER BY priority DESC, id LIMIT 32";
  static const std::string next_batch =
      std::string(kRunnable) + "AND batch > ? ORDER BY batch, priority DESC, id LIMIT 1";
  const std::int64_t now = clock_.wall_ms();
  std::vector<RunnableJob> jobs;
  std::set<std::uint64_t> seen;
  auto add = [&](const Query& query) {
    if (!seen.insert(query.count(0)).second) return;
    jobs.push_back({query.count(0), query.count(1), query.count(2), query.integer(3), query.integer(4), query.text(5),
                    query.text(6)});
  };
  for (const std::string& window : windows) {
    const std::size_t before = jobs.size();
    {
      Query first(database_, by_priority, window, now);
      while (first.next()) add(first);
    }
    std::int64_t batch = -1;
    for (int i = 0; i < 64 && jobs.size() - before >= 32; ++i) {
      Query next(database_, next_batch, window, now, batch);
      if (!next.next()) break;
      batch = next.integer(1);
      add(next);
    }
  }
  return jobs;
}

std::int64_t Store::next_not_before() {
  Query query(database_,
              "SELECT min(not_before_ms) FROM jobs WHERE runnable = 1 "
              "AND not_before_ms > 0 AND not_before_ms > ?",
              clock_.wall_ms());
  return query.next() && !query.null(0) ? query.integer(0) : INT64_MAX;
}

std::vector<Claim> Store::claim(std::uint64_t number, const std::string& worker, std::uint64_t most, bool alone) {
  std::vector<Claim> claims;
  const auto row = job(number);
  if (!row || !after(row->state, JobEvent::lease)) return claims;
  begin();
  struct Waiting {
    Claim claim;
    std::string take;
    std::uint64_t attempt;
  };
  while (claims.size() < most) {
    std::optional<Waiting> waiting;
    {
      Query query(database_,
                  "SELECT id, attempt, spoken, seed, take, suspect, voice, speed FROM segments "
                  "WHERE job = ? AND state = 'waiting' ORDER BY idx LIMIT 1",
                  number);
      if (!query.next()) break;
      waiting.emplace();
      auto& work = waiting->claim.work;
      work.lease.segment = query.count(0);
      work.lease.attempt = query.count(1) + 1;
      work.text = query.text(2);
      work.seed = query.count(3);
      waiting->take = query.text(4);
      waiting->claim.suspect = query.integer(5) != 0;
      work.voice = query.text(6);
      work.speed = query.real(7);
    }
    Claim& claim = waiting->claim;
    if (has_take(waiting->take)) {
      take_done({claim.work.lease.segment, claim.work.lease.attempt - 1});
      continue;
    }
    if (claim.suspect && (!alone || !claims.empty())) break;
    Query(database_, "UPDATE segments SET state = 'leased', attempt = ?, worker = ? WHERE id = ?",
          claim.work.lease.attempt, worker, claim.work.lease.segment)
        .run();
    count(number, SegmentState::waiting, SegmentState::leased, 0, 0);
    claim.job = number;
    claim.work.model = row->model;
    if (claim.work.voice.empty()) claim.work.voice = row->voice;
    claim.work.speed *= row->speed;
    claims.push_back(std::move(claim));
    if (claims.back().suspect) break;
  }
  // It may have become another state's meanwhile: by a take that was there.
  if (!claims.empty() && standing(number)->state == JobState::queued)
    apply(number, JobState::queued, JobEvent::lease, "");
  return claims;
}

std::optional<Store::Held> Store::held(const protocol::Lease& lease, const std::string& worker) {
  Query query(
      database_,
      guard_removed("fencing")
          ? "SELECT s.job, s.idx, s.take, j.model, s.spoken, j.speed * s.speed FROM segments s JOIN jobs j "
            "ON j.id = s.job WHERE s.id = ? AND ? > 0 AND ? > ''"
          : "SELECT s.job, s.idx, s.take, j.model, s.spoken, j.speed * s.speed FROM segments s JOIN jobs j "
            "ON j.id = s.job WHERE s.id = ? AND s.attempt = ? AND s.attempt > 0 "
            "AND (s.state = 'waiting' OR (s.state = 'leased' AND s.worker = ?))",
      lease.segment, lease.attempt, worker);
  if (!query.next()) return std::nullopt;
  return Held{query.count(0), query.count(1), query.text(2), query.text(3), query.text(4), query.real(5)};
}

bool Store::has_take(const std::string& key) {
  return Query(database_, "SELECT 1 FROM takes WHERE key = ?", key).next();
}

void Store::add_take(const StoredTake& take) {
  begin();
  Query(database_,
        "INSERT OR REPLACE INTO takes(key, frames, sample_rate_hz, bytes, computing_s, notes, created_ms) "
        "VALUES(?,?,?,?,?,?,?)",
        take.key, take.frames, take.sample_rate_hz, take.bytes, take.computing_s, take.notes, clock_.wall_ms())
      .run();
}

bool Store::take_done(const protocol::Lease& lease) {
  std::uint64_t number = 0, characters = 0;
  double audio_s = 0;
  SegmentState state{};
  {
    Query query(database_,
                "SELECT s.job, s.state, length(s.spoken), t.frames * 1.0 / t.sample_rate_hz "
                "FROM segments s JOIN takes t ON t.key = s.take WHERE s.id = ?",
                lease.segment);
    if (!query.next()) return false;
    number = query.count(0);
    state = segment_state(query.text(1));
    characters = query.count(2);
    audio_s = query.real(3);
  }
  if (!after(state, SegmentEvent::take)) return false;
  begin();
  Query(database_, "UPDATE segments SET state = 'done', worker = '', reason = '' WHERE id = ?", lease.segment).run();
  count(number, state, SegmentState::done, characters, audio_s);
  settle(number);
  return true;
}

bool Store::end_lease(const protocol::Lease& lease, Blame blame, const std::string& reason, int max_attempts) {
  std::uint64_t number = 0, index = 0;
  int failures = 0;
  const bool again = blame == Blame::segment || blame == Blame::death;  // it may be tried again, though not for ever
  {
    Query query(database_,
                "SELECT job, failures, idx, suspect FROM segments WHERE id = ? AND attempt = ? AND state = 'leased'",
                lease.segment, lease.attempt);
    if (!query.next()) return false;
    number = query.count(0);
    failures = static_cast<int>(query.integer(1));
    if (blame == Blame::death && failures == 0 && query.integer(3) != 0) ++failures;
    if (again || blame == Blame::final) ++failures;
    index = query.count(2);
  }
  begin();
  const bool give_up = blame == Blame::final || failures >= max_attempts;
  const bool last_but_one = again && failures == max_attempts - 1;
  const auto event = give_up ? SegmentEvent::fail : SegmentEvent::give_up;
  const SegmentState to = *after(SegmentState::leased, event);
  Query(database_,
        "UPDATE segments SET state = ?, worker = '', failures = ?, suspect = max(suspect, ?), reason = ? WHERE id = ?",
        name(to), failures, blame == Blame::suspect ? 1 : 0, reason, lease.segment)
      .run();
  count(number, SegmentState::leased, to, 0, 0);
  if (blame != Blame::nobody)
    note(number, "segment " + std::to_string(index) + (give_up ? " given up: " : " to be tried again: ") + reason);
  if (last_but_one && split(lease.segment)) note(number, "segment " + std::to_string(index) + " split in two");
  settle(number);
  return true;
}

std::vector<protocol::Lease> Store::leases_of(const std::string& worker) {
  std::vector<protocol::Lease> leases;
  Query query(database_, "SELECT id, attempt FROM segments WHERE state = 'leased' AND worker = ?", worker);
  while (query.next()) leases.push_back({query.count(0), query.count(1)});
  return leases;
}

std::vector<protocol::Lease> Store::leases_of_job(std::uint64_t job) {
  std::vector<protocol::Lease> leases;
  Query query(database_, "SELECT id, attempt FROM segments WHERE job = ? AND state = 'leased'", job);
  while (query.next()) leases.push_back({query.count(0), query.count(1)});
  return leases;
}

void Store::lose_takes(std::uint64_t number, const std::vector<std::string>& keys) {
  begin();
  for (const std::string& key : keys) {
    struct Lost {
      std::uint64_t segment, characters;
      double audio_s;
    };
    std::vector<Lost> lost;
    {
      Query query(database_,
                  "SELECT s.id, length(s.spoken), coalesce(t.frames * 1.0 / t.sample_rate_hz, 0) FROM segments s "
                  "LEFT JOIN takes t ON t.key = s.take WHERE s.job = ? AND s.state = 'done' AND s.take = ?",
                  number, key);
      while (query.next()) lost.push_back({query.count(0), query.count(1), query.real(2)});
    }
    for (const Lost& l : lost) {
      Query(database_, "UPDATE segments SET state = 'waiting' WHERE id = ?", l.segment).run();
      count(number, SegmentState::done, SegmentState::waiting, l.characters, l.audio_s);
    }
    Query(database_, "DELETE FROM takes WHERE key = ?", key).run();
  }
  change(number, JobEvent::takes_missing);
  note(number, std::to_string(keys.size()) + " takes were missing or damaged and are spoken again");
}

void Store::for_each_segment(std::uint64_t job, const std::function<void(const SegmentRow&)>& visit,
                             std::uint64_t from, std::uint64_t most) {
  Query query(database_,
              "SELECT s.idx, s.begin_at, s.end_at, s.seed, s.state, s.pause, s.spoken, s.take, t.notes, s.reason, s.voice, "
              "s.pause_s, s.speed, s.edited, s.flags, coalesce(t.frames * 1.0 / t.sample_rate_hz, 0) FROM segments s "
              "LEFT JOIN takes t ON t.key = s.take WHERE s.job = ? AND s.idx >= ? ORDER BY s.idx LIMIT ?",
              job, from, most);
  while (query.next())
    visit({query.count(0), query.count(1), query.count(2), query.count(3), segment_state(query.text(4)), query.text(5),
           query.text(6), query.text(7), query.null(8) ? "{}" : query.text(8), query.text(9), query.text(10),
           query.null(11) ? std::nullopt : std::optional(query.real(11)), query.real(12), query.integer(13) != 0,
           query.text(14), query.real(15)});
}

void Store::count(std::uint64_t number, SegmentState from, SegmentState to, std::uint64_t characters, double audio_s) {
  auto delta = [&](SegmentState state) { return (to == state ? 1 : 0) - (from == state ? 1 : 0); };
  const int done = delta(SegmentState::done);
  Query(database_,
        "UPDATE jobs SET waiting = waiting + ?, leased = leased + ?, done = done + ?, failed = failed + ?, "
        "characters_done = characters_done + ?, audio_s = audio_s + ? WHERE id = ?",
        delta(SegmentState::waiting), delta(SegmentState::leased), done, delta(SegmentState::failed),
        static_cast<std::int64_t>(characters) * done, audio_s * done, number)
      .run();
  touch(number);
}

// What follows from the counts: all spoken -> publishing; nothing left but failures -> failed; nobody works on it and
// something waits -> queued, unless the same transaction leases it again. A held job stays as it is until it is
// resumed.
void Store::settle(std::uint64_t number) {
  const auto row = standing(number);
  if (!row || !row->cut) return;
  if (row->waiting == 0 && row->leased == 0) {
    if (row->failed > 0)
      apply(number, row->state, JobEvent::fail,
            std::to_string(row->failed) + " of " + std::to_string(row->segments) + " segments could not be spoken");
    else
      apply(number, row->state, JobEvent::spoken, "");
  } else if (row->leased == 0) {
    idle_.insert(number);
  }
}

void Store::settle_idle() {
  for (std::uint64_t number : std::exchange(idle_, {}))
    if (const auto row = standing(number); row && row->leased == 0 && row->waiting > 0)
      apply(number, row->state, JobEvent::idle, row->reason);
}

}  // namespace lectern
