// The store's part in schedules: their rows, and what was narrated before.
#include "broker/protocol/wire.h"
#include "broker/store/store.h"

namespace lectern {
namespace {

// A setting that an older Lectern did not write has its default.
ScheduleSetting setting_from(const std::string& json) {
  protocol::Json fields = protocol::detail::to_json(ScheduleSetting{});
  fields.update(protocol::Json::parse(json));
  ScheduleSetting setting;
  protocol::detail::from_json(protocol::detail::Header(fields.dump(), "schedule").root(), {nullptr, "schedule"}, setting);
  return setting;
}

}  // namespace

std::vector<ScheduleRow> Store::schedules() {
  std::vector<ScheduleRow> rows;
  Query query(database_,
              "SELECT what, origin, paused, fired_ms, batch_id, result, result_ms FROM schedules ORDER BY name");
  while (query.next())
    rows.push_back({setting_from(query.text(0)), query.text(1) == "config", query.integer(2) != 0, query.integer(3),
                    query.text(4), query.text(5), query.integer(6)});
  return rows;
}

void Store::put_schedule(const ScheduleRow& row) {
  begin();
  Query(database_,
        "INSERT OR REPLACE INTO schedules(name, what, origin, paused, fired_ms, batch_id, result, result_ms) "
        "VALUES(?,?,?,?,?,?,?,?)",
        row.setting.name, protocol::detail::to_json(row.setting).dump(), row.from_config ? "config" : "command",
        row.paused, row.fired_ms, row.batch_id, row.result, row.result_ms)
      .run();
}

void Store::remove_schedule(const std::string& name) {
  begin();
  Query(database_, "DELETE FROM schedules WHERE name = ?", name).run();
}

std::uint64_t Store::unfinished_in_batch(const std::string& batch_id) {
  Query query(database_,
              "SELECT count(*) FROM jobs j JOIN batches b ON b.id = j.batch WHERE b.batch_id = ? "
              "AND j.finished_ms = 0",
              batch_id);
  return query.next() ? query.count(0) : 0;
}

std::optional<std::uint64_t> Store::same_script(const NewJob& job) {
  Query query(database_,
              "SELECT j.id FROM jobs j JOIN scripts s ON s.job = j.id WHERE j.script_name = ? AND j.model = ? "
              "AND j.voice = ? AND j.format = ? AND j.speed = ? AND j.delivery = ? AND j.reading = ? AND "
              "j.lexicon = ? AND j.state NOT IN ('failed','cancelled') "
              "AND s.bytes = CAST(? AS BLOB) ORDER BY j.id DESC LIMIT 1",
              job.script_name, job.model, job.voice, job.format, job.speed, job.delivery, job.reading,
              job.lexicon, job.script);
  if (!query.next()) return std::nullopt;
  return query.count(0);
}

}  // namespace lectern
