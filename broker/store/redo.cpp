// The store's redo: a job that has ended gets new takes for some of its segments, and is published once more.
#include "broker/store/store.h"

namespace lectern {

// The fencing number is raised too: an answer that is still under way belongs to the take that was.
std::optional<Store::Redone> Store::redo(std::uint64_t number, const std::string& redo_id,
                                         const std::vector<NewTake>& takes) {
  const auto row = job(number);
  if (!row || !after(row->state, JobEvent::redo)) return std::nullopt;
  begin();
  apply(number, row->state, JobEvent::redo, "");
  std::string indexes;
  for (const NewTake& take : takes) {
    Query(database_,
          "UPDATE segments SET state = 'waiting', spoken = ?, seed = ?, take = ?, attempt = attempt + 1, failures = 0, "
          "suspect = 0, reason = '', flags = '' WHERE job = ? AND idx = ? AND state IN ('waiting','done','failed')",
          take.spoken, take.seed, take.take, number, take.index)
        .run();
    if (take.edited)
      Query(database_, "UPDATE segments SET edited = 1 WHERE job = ? AND idx = ?", number, take.index).run();
    indexes += (indexes.empty() ? " " : ", ") + std::to_string(take.index);
  }
  Redone redone;
  redone.lost = static_cast<std::uint64_t>(
      Query(database_,
            "UPDATE segments SET state = 'waiting' WHERE job = ? AND state = 'done' AND take NOT IN "
            "(SELECT key FROM takes)",
            number)
          .run());
  Query(database_,
        "UPDATE segments SET state = 'done' WHERE job = ? AND state = 'waiting' AND take IN (SELECT key FROM takes)",
        number)
      .run();
  recount(number);
  // What it published is its own to replace from now on, and nothing else.
  Query(database_,
        "UPDATE jobs SET edition = edition + 1, overwrite = CASE WHEN ? THEN 0 ELSE overwrite END, started_ms = 0, "
        "flagged = 0, redo_id = ? WHERE id = ?",
        row->state == JobState::done, redo_id, number)
      .run();
  note(number, "redo of segment" + indexes);
  redone.to_speak = job(number)->waiting;
  if (!hold_if_all_paused(number)) settle(number);
  return redone;
}

void Store::recount(std::uint64_t number) {
  Query(database_,
        "UPDATE jobs SET (waiting, leased, done, failed, characters, characters_done, audio_s) = (SELECT "
        "count(*) FILTER (WHERE s.state = 'waiting'), count(*) FILTER (WHERE s.state = 'leased'), "
        "count(*) FILTER (WHERE s.state = 'done'), count(*) FILTER (WHERE s.state = 'failed'), "
        "coalesce(sum(length(s.spoken)), 0), coalesce(sum(length(s.spoken)) FILTER (WHERE s.state = 'done'), 0), "
        "coalesce(sum(t.frames * 1.0 / t.sample_rate_hz) FILTER (WHERE s.state = 'done'), 0) "
        "FROM segments s LEFT JOIN takes t ON t.key = s.take WHERE s.job = ?) WHERE id = ?",
        number, number)
      .run();
  touch(number);
}

}  // namespace lectern
