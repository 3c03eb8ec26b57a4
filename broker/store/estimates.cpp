// The store's part in estimates: learned speeds, and how much is left to speak.
#include "broker/store/store.h"

namespace lectern {

double Store::learned_speed(const std::string& model) {
  Query query(database_, "SELECT times_real_time FROM speeds WHERE model = ?", model);
  return query.next() ? query.real(0) : 0;
}

void Store::learn_speed(const std::string& model, double times_real_time) {
  begin();
  Query(database_, "INSERT OR REPLACE INTO speeds(model, times_real_time, measured_ms) VALUES(?,?,?)", model,
        times_real_time, clock_.wall_ms())
      .run();
}

std::uint64_t Store::script_bytes(std::uint64_t job) {
  Query query(database_, "SELECT length(bytes) FROM scripts WHERE job = ?", job);
  return query.next() ? query.count(0) : 0;
}

std::map<std::string, std::uint64_t> Store::characters_before(std::uint64_t job, std::int64_t priority) {
  std::map<std::string, std::uint64_t> left;
  Query query(database_,
              "SELECT j.model, sum(CASE WHEN j.cut THEN j.characters - j.characters_done ELSE length(s.bytes) END) "
              "FROM jobs j JOIN scripts s ON s.job = j.id WHERE j.state IN ('queued','running') "
              "AND (j.priority > ? OR (j.priority = ? AND j.id < ?)) GROUP BY j.model",
              priority, priority, job);
  while (query.next()) left[query.text(0)] = query.count(1);
  return left;
}

}  // namespace lectern
