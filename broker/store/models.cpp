// What the store knows of models: what their engines took, whose work is held, and whose comes next.
#include "broker/store/store.h"

namespace lectern {
namespace {

constexpr const char* kWaits =
    "runnable = 1 "
    "AND (after_job = 0 OR NOT EXISTS (SELECT 1 FROM jobs p WHERE p.id = jobs.after_job "
    "AND p.finished_ms = 0))";

}  // namespace

void Store::learn(const protocol::Measure& measure) {
  begin();
  // A peak that is not reached any more is forgotten slowly.
  Query(database_,
        "INSERT INTO measures(model, device, lanes, loading_s, memory_bytes, device_bytes, measured_ms) "
        "VALUES(?,?,?,?,?,?,?) ON CONFLICT(model, device, lanes) DO UPDATE SET "
        "loading_s = (loading_s + excluded.loading_s) / 2, "
        "memory_bytes = CASE WHEN excluded.memory_bytes = 0 THEN memory_bytes "
        "ELSE max(excluded.memory_bytes, (3 * memory_bytes + excluded.memory_bytes) / 4) END, "
        "device_bytes = CASE WHEN excluded.device_bytes = 0 THEN device_bytes "
        "ELSE max(excluded.device_bytes, (3 * device_bytes + excluded.device_bytes) / 4) END, "
        "measured_ms = excluded.measured_ms",
        measure.model, measure.device, measure.lanes, measure.loading_s, measure.memory_bytes, measure.device_bytes,
        clock_.wall_ms())
      .run();
}

std::vector<protocol::Measure> Store::measures() {
  std::vector<protocol::Measure> measures;
  Query query(database_, "SELECT model, device, lanes, loading_s, memory_bytes, device_bytes FROM measures");
  while (query.next())
    measures.push_back({query.text(0), query.text(1), query.integer(2), query.real(3), query.count(4), query.count(5)});
  return measures;
}

void Store::hold_model(const std::string& model) {
  begin();
  Query(database_, "INSERT OR IGNORE INTO unloaded(model, since_ms) VALUES(?,?)", model, clock_.wall_ms()).run();
  unloaded_.reset();
}

void Store::release_model(const std::string& model) {
  if (!unloaded_models().count(model)) return;
  begin();
  Query(database_, "DELETE FROM unloaded WHERE model = ?", model).run();
  unloaded_.reset();
}

const std::map<std::string, std::int64_t>& Store::unloaded_models() {
  if (!unloaded_) {
    unloaded_.emplace();
    Query query(database_, "SELECT model, since_ms FROM unloaded");
    while (query.next()) unloaded_->emplace(query.text(0), query.integer(1));
  }
  return *unloaded_;
}

bool Store::has_begun(const std::string& model, const std::string& window, std::int64_t after_ms) {
  static const std::string sql =
      std::string(
          "SELECT 1 FROM jobs WHERE model = ? AND window = ? AND not_before_ms > ? AND not_before_ms <= ? AND ") +
      kWaits + " LIMIT 1";
  return Query(database_, sql, model, window, after_ms, clock_.wall_ms()).next();
}

std::uint64_t Store::waiting_of(const std::string& model) {
  Query query(database_,
              "SELECT coalesce(sum(waiting), 0) FROM jobs WHERE model = ? AND runnable = 1",
              model);
  return query.next() ? query.count(0) : 0;
}

std::string Store::first_model(const std::string& window, std::int64_t at_ms) {
  static const std::string sql = std::string("SELECT model FROM jobs WHERE window = ? AND not_before_ms <= ? AND ") +
                                 kWaits + " ORDER BY priority DESC, id LIMIT 1";
  Query query(database_, sql, window, at_ms);
  return query.next() ? query.text(0) : std::string();
}

std::optional<Store::Timed> Store::next_timed() {
  static const std::string sql =
      std::string("SELECT model, window, not_before_ms FROM jobs WHERE not_before_ms > 0 AND not_before_ms > ? AND ") +
      kWaits + " ORDER BY not_before_ms LIMIT 1";
  Query query(database_, sql, clock_.wall_ms());
  if (!query.next()) return std::nullopt;
  return Timed{query.text(0), query.text(1), query.integer(2)};
}

}  // namespace lectern
