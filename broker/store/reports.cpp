// The store's part in reports: what ended, what was spoken and used since a time.
#include <algorithm>

#include "broker/store/store.h"

namespace lectern {

std::vector<std::uint64_t> Store::ended_since(std::int64_t from_ms) {
  std::vector<std::uint64_t> jobs;
  Query query(database_,
              "SELECT id FROM jobs WHERE finished_ms > 0 AND finished_ms >= ? "
              "ORDER BY finished_ms, id",
              from_ms);
  while (query.next()) jobs.push_back(query.count(0));
  return jobs;
}

// Takes are made side by side: the time in which at least one was being made is what counts.
Store::Speaking Store::spoken_since(std::int64_t from_ms) {
  Speaking sum;
  double busy_until = 0;
  Query query(database_,
              "SELECT created_ms, computing_s, frames * 1.0 / sample_rate_hz FROM takes WHERE created_ms >= ? "
              "ORDER BY created_ms",
              from_ms);
  while (query.next()) {
    const double end = static_cast<double>(query.integer(0)) / 1000;
    const double begin = std::max(end - query.real(1), busy_until);
    sum.working_s += std::max(end - begin, 0.0);
    busy_until = std::max(busy_until, end);
    sum.audio_s += query.real(2);
  }
  return sum;
}

void Store::add_energy(double joules) {
  begin();
  Query(database_,
        "INSERT INTO energy(at_ms, joules) VALUES(?,?) ON CONFLICT(at_ms) DO UPDATE SET joules = joules + "
        "excluded.joules",
        clock_.wall_ms(), joules)
      .run();
}

double Store::energy_since(std::int64_t from_ms) {
  Query query(database_, "SELECT coalesce(sum(joules), 0) FROM energy WHERE at_ms >= ?", from_ms);
  return query.next() ? query.real(0) : 0;
}

}  // namespace lectern
