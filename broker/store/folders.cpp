// The store's watched folders: those that were added by command, and scripts on their way through any of them.
#include "broker/store/store.h"

namespace lectern {
namespace {

Drop read_drop(const Query& query) { return {query.text(0), query.text(1), query.text(2), query.count(3)}; }

std::vector<Drop> read_drops(Query& query) {
  std::vector<Drop> drops;
  while (query.next()) drops.push_back(read_drop(query));
  return drops;
}

}  // namespace

void Store::add_folder(const std::string& path, const std::string& settings) {
  begin();
  Query(database_,
        "INSERT INTO folders(path, settings, added_ms) VALUES(?,?,?) "
        "ON CONFLICT(path) DO UPDATE SET settings = excluded.settings",
        path, settings, clock_.wall_ms())
      .run();
}

bool Store::remove_folder(const std::string& path) {
  begin();
  return Query(database_, "DELETE FROM folders WHERE path = ?", path).run() > 0;
}

std::vector<Store::AddedFolder> Store::folders() {
  std::vector<AddedFolder> folders;
  Query query(database_, "SELECT path, settings FROM folders ORDER BY path");
  while (query.next()) folders.push_back({query.text(0), query.text(1)});
  return folders;
}

void Store::add_drop(const Drop& drop) {
  begin();
  Query(
      database_,
      "INSERT INTO drops(claim, folder, name, job) VALUES(?,?,?,?) ON CONFLICT(claim) DO UPDATE SET job = excluded.job",
      drop.claim, drop.folder, drop.name, drop.job)
      .run();
}

void Store::forget_drop(const std::string& claim) {
  begin();
  Query(database_, "DELETE FROM drops WHERE claim = ?", claim).run();
}

std::optional<Drop> Store::drop(const std::string& claim) {
  Query query(database_, "SELECT claim, folder, name, job FROM drops WHERE claim = ?", claim);
  if (!query.next()) return std::nullopt;
  return read_drop(query);
}

std::vector<Drop> Store::drops_of_job(std::uint64_t job) {
  Query query(database_, "SELECT claim, folder, name, job FROM drops WHERE job = ?", job);
  return read_drops(query);
}

std::vector<Drop> Store::drops_of_ended_jobs() {
  Query query(database_,
              "SELECT d.claim, d.folder, d.name, d.job FROM drops d JOIN jobs j ON j.id = d.job "
              "WHERE j.finished_ms > 0 ORDER BY d.job");
  return read_drops(query);
}

std::uint64_t Store::drops_in(const std::string& folder) {
  Query query(database_, "SELECT count(*) FROM drops WHERE folder = ?", folder);
  return query.next() ? query.count(0) : 0;
}

std::string Store::open_batch(const std::string& folder) {
  Query query(database_,
              "SELECT b.batch_id FROM drops d JOIN jobs j ON j.id = d.job JOIN batches b ON b.id = j.batch "
              "WHERE d.folder = ? AND j.finished_ms = 0 LIMIT 1",
              folder);
  return query.next() ? query.text(0) : std::string();
}

bool Store::batch_drained(const std::string& batch_id) {
  Query query(database_,
              "SELECT 1 FROM jobs WHERE batch = (SELECT id FROM batches WHERE batch_id = ?) AND finished_ms = 0 "
              "ORDER BY id DESC LIMIT 1",
              batch_id);
  return !query.next();
}

std::map<JobState, std::uint64_t> Store::states_in_batch(const std::string& batch_id) {
  std::map<JobState, std::uint64_t> states;
  Query query(database_,
              "SELECT state, count(*) FROM jobs WHERE batch = (SELECT id FROM batches WHERE batch_id = ?) "
              "GROUP BY state",
              batch_id);
  while (query.next()) states[job_state(query.text(0))] = query.count(1);
  return states;
}

}  // namespace lectern
