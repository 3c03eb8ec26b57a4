// The store's upkeep: a job's history, pruning, the integrity check, copies.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "broker/store/store.h"
#include "config/file.h"

namespace lectern {
namespace {

constexpr int kPagesAStep = 64;

}  // namespace

std::vector<protocol::Event> Store::history(std::uint64_t job) {
  std::vector<protocol::Event> events;
  {
    Query submitted(database_, "SELECT submitted_ms FROM jobs WHERE id = ?", job);
    if (submitted.next()) events.push_back({submitted.integer(0), "submitted"});
  }
  Query query(database_,
              "SELECT at_ms, what FROM (SELECT id, at_ms, what FROM history WHERE job = ? ORDER BY id DESC LIMIT 1000) "
              "ORDER BY id",
              job);
  while (query.next()) events.push_back({query.integer(0), query.text(1)});
  return events;
}

std::vector<protocol::OutputFiles> Store::outputs(std::uint64_t after) {
  std::vector<protocol::OutputFiles> files;
  Query query(database_, "SELECT id, job_id, output FROM jobs WHERE state = 'done' AND id > ? ORDER BY id LIMIT 1000",
              after);
  while (query.next()) files.push_back({query.count(0), query.text(1), query.text(2), ""});
  return files;
}

Store::Pruned Store::prune(const protocol::Prune& rules) {
  Pruned pruned;
  const std::int64_t now = clock_.wall_ms();
  const auto before = [&](double seconds) { return now - static_cast<std::int64_t>(seconds * 1000); };
  if (!rules.dry_run) begin();
  std::vector<std::uint64_t> old;
  if (rules.jobs_older_s >= 0) {
    Query query(database_, "SELECT id FROM jobs WHERE finished_ms > 0 AND finished_ms < ?",
                before(rules.jobs_older_s));
    while (query.next()) old.push_back(query.count(0));
  }
  pruned.counts.jobs = old.size();
  if (!rules.dry_run) {
    for (std::uint64_t job : old) Query(database_, "DELETE FROM jobs WHERE id = ?", job).run();
    if (rules.jobs_older_s >= 0)
      Query(database_, "DELETE FROM energy WHERE at_ms < ?", before(rules.jobs_older_s)).run();
    last_batch_ = {};
    Query(database_, "DELETE FROM batches WHERE id NOT IN (SELECT batch FROM jobs)").run();
  }
  if (rules.takes_older_s < 0 && rules.takes_max_bytes < 0) return pruned;
  std::int64_t total = 0;
  {
    Query query(database_, "SELECT coalesce(sum(bytes), 0) FROM takes");
    if (query.next()) total = query.integer(0);
  }
  Query query(database_,
              "SELECT key, bytes, created_ms FROM takes WHERE key NOT IN (SELECT s.take FROM segments s JOIN jobs j ON "
              "j.id = s.job WHERE j.state NOT IN ('done','cancelled')) ORDER BY created_ms, key");
  const std::int64_t too_old = before(rules.takes_older_s);
  while (query.next()) {
    const bool by_age = rules.takes_older_s >= 0 && query.integer(2) < too_old;
    const bool by_size = rules.takes_max_bytes >= 0 && total > rules.takes_max_bytes;
    if (!by_age && !by_size) continue;
    pruned.takes.push_back(query.text(0));
    pruned.counts.bytes += query.count(1);
    total -= query.integer(1);
  }
  pruned.counts.takes = pruned.takes.size();
  if (!rules.dry_run)
    for (const std::string& key : pruned.takes) Query(database_, "DELETE FROM takes WHERE key = ?", key).run();
  return pruned;
}

void Store::check_integrity() {
  Query query(database_, "PRAGMA quick_check(1)");
  if (query.next() && query.text(0) == "ok") return;
  throw DatabaseFault(Exit::bad_input, "the database " + database_.file().string() + " is damaged: " + query.text(0),
                      "move it aside (with its -wal and -shm) and put a backup in its place");
}

Store::Copy::Copy(Database& source, const std::filesystem::path& file) : file_(file), staged_(file) {
  if (std::filesystem::exists(file))
    throw Fault(Exit::bad_input, "the backup file exists: " + file.string(), "give another name, or remove it");
  staged_ += ".part";
  std::filesystem::remove(staged_);
  target_ = std::make_unique<Database>(staged_);
  backup_ = sqlite3_backup_init(target_->handle(), "main", source.handle(), "main");
  if (!backup_) target_->fail(sqlite3_extended_errcode(target_->handle()), "backup");
}

Store::Copy::~Copy() {
  if (backup_) sqlite3_backup_finish(backup_);
  target_.reset();
  std::error_code ignored;
  std::filesystem::remove(staged_, ignored);
}

bool Store::Copy::step() {
  const int code = sqlite3_backup_step(backup_, kPagesAStep);
  if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return false;
  if (code != SQLITE_DONE) target_->fail(code, "backup");
  sqlite3_backup_finish(std::exchange(backup_, nullptr));
  target_->execute("PRAGMA journal_mode=DELETE");
  target_.reset();
  sync_to_disk(staged_);
  std::filesystem::rename(staged_, file_);
  sync_to_disk(file_.parent_path());
  return true;
}

}  // namespace lectern
