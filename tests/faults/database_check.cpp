#include "tests/faults/database_check.h"

#include <sqlite3.h>

#include <stdexcept>

#include "tests/cli/temporary_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

// A rule as a query that finds what breaks it: one line of text a row.
struct Rule {
  const char* broken;
  const char* finds;
};
const Rule kRules[] = {
    {"SQLite finds it damaged", "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'"},
    {"a row points nowhere", "SELECT \"table\" || ' row ' || rowid FROM pragma_foreign_key_check"},
    {"a job's counts differ from its segments",
     "SELECT 'job ' || id || ': ' || waiting || ' ' || leased || ' ' || done || ' ' || failed || ' of ' || segments "
     "FROM jobs j WHERE waiting <> (SELECT count(*) FROM segments WHERE job = j.id AND state = 'waiting') "
     "OR leased <> (SELECT count(*) FROM segments WHERE job = j.id AND state = 'leased') "
     "OR done <> (SELECT count(*) FROM segments WHERE job = j.id AND state = 'done') "
     "OR failed <> (SELECT count(*) FROM segments WHERE job = j.id AND state = 'failed') "
     "OR segments <> waiting + leased + done + failed"},
    {"a job's characters differ from its segments",
     "SELECT 'job ' || id || ': ' || characters_done || ' of ' || characters FROM jobs j WHERE cut = 1 AND ("
     "characters <> (SELECT coalesce(sum(length(spoken)), 0) FROM segments WHERE job = j.id) OR "
     "characters_done <> (SELECT coalesce(sum(length(spoken)), 0) FROM segments WHERE job = j.id AND state = 'done'))"},
    {"a job's seconds differ from its takes",
     "SELECT 'job ' || id || ': ' || audio_s FROM jobs j WHERE state <> 'done' AND abs(audio_s - (SELECT "
     "coalesce(sum(t.frames * 1.0 / t.sample_rate_hz), 0) FROM segments s JOIN takes t ON t.key = s.take "
     "WHERE s.job = j.id AND s.state = 'done')) > 0.001"},
    {"a job is cut without segments, or has segments and is not cut",
     "SELECT 'job ' || id || ' ' || state FROM jobs WHERE (cut = 0) <> (segments = 0)"},
    {"a queued job would wait for ever",
     "SELECT 'job ' || id FROM jobs WHERE state = 'queued' AND cut = 1 AND waiting = 0"},
    {"a queued job has leases", "SELECT 'job ' || id FROM jobs WHERE state = 'queued' AND leased > 0"},
    {"a running job has no lease", "SELECT 'job ' || id FROM jobs WHERE state = 'running' AND leased = 0"},
    {"a job is published or done before all is spoken",
     "SELECT 'job ' || id || ' ' || state FROM jobs WHERE state IN ('publishing','done') AND "
     "(cut = 0 OR done <> segments)"},
    {"a job that ended has leases",
     "SELECT 'job ' || id || ' ' || state FROM jobs WHERE state IN ('done','failed','cancelled') AND leased > 0"},
    {"a job's end has no time, or a time without an end",
     "SELECT 'job ' || id || ' ' || state FROM jobs WHERE (state IN ('done','failed','cancelled')) <> "
     "(finished_ms > 0) OR (finished_ms > 0 AND finished_ms < 1500000000000)"},
    {"a job that could run is not runnable, or another is",
     "SELECT 'job ' || id || ' ' || state FROM jobs WHERE runnable <> (waiting > 0 AND state IN ('queued','running'))"},
    {"a failed job has no reason", "SELECT 'job ' || id FROM jobs WHERE state = 'failed' AND reason = ''"},
    {"a failed segment has no reason", "SELECT 'segment ' || id FROM segments WHERE state = 'failed' AND reason = ''"},
    {"a lease without a worker or a number, or a worker without a lease",
     "SELECT 'segment ' || id || ' ' || state FROM segments WHERE (state = 'leased') <> (worker <> '') "
     "OR (state = 'leased' AND attempt = 0)"},
    {"a spoken segment of an unfinished job has no take",
     "SELECT 'segment ' || s.id FROM segments s JOIN jobs j ON j.id = s.job LEFT JOIN takes t ON t.key = s.take "
     "WHERE s.state = 'done' AND t.key IS NULL AND j.state IN ('held','queued','running','publishing')"},
    {"a job was done more often than it was redone",
     "SELECT 'job ' || j.id || ': ' || count(*) FROM jobs j JOIN history h ON h.job = j.id "
     "WHERE h.what = 'done' GROUP BY j.id HAVING count(*) > 1 + j.edition"},
    {"a done job's history does not say so",
     "SELECT 'job ' || j.id FROM jobs j WHERE j.state = 'done' AND NOT EXISTS "
     "(SELECT 1 FROM history h WHERE h.job = j.id AND h.what = 'done')"},
    {"a job has no time of its submit", "SELECT 'job ' || id FROM jobs WHERE submitted_ms < 1500000000000"},
    {"two jobs wait for one file",
     "SELECT output FROM jobs WHERE state IN ('held','queued','running','publishing') GROUP BY output "
     "HAVING count(*) > 1"},
    {"two jobs became one file",
     "SELECT output FROM jobs WHERE state = 'done' AND overwrite = 0 GROUP BY output HAVING count(*) > 1"},
};

class Copy {
 public:
  explicit Copy(const fs::path& database) {
    const fs::path copy = folder_.path() / "copy.sqlite";
    for (const char* ending : {"", "-wal"})
      if (fs::exists(database.string() + ending)) fs::copy_file(database.string() + ending, copy.string() + ending);
    if (sqlite3_open(copy.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("cannot open " + copy.string());
  }
  ~Copy() { sqlite3_close(handle_); }
  Copy(const Copy&) = delete;

  // The rows' first columns; an error is a row too.
  std::vector<std::vector<std::string>> rows(const char* sql) const {
    std::vector<std::vector<std::string>> found;
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
      code = sqlite3_step(statement);
      if (code != SQLITE_ROW) break;
      auto& row = found.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        row.emplace_back(text ? text : "");
      }
    }
    if (code != SQLITE_DONE) found.push_back({std::string("error: ") + sqlite3_errmsg(handle_)});
    sqlite3_finalize(statement);
    return found;
  }

 private:
  TemporaryFolder folder_;
  sqlite3* handle_ = nullptr;
};

}  // namespace

std::vector<std::string> check_database(const fs::path& database, const fs::path& takes) {
  std::vector<std::string> broken;
  const Copy copy(database);
  for (const Rule& rule : kRules)
    for (const auto& row : copy.rows(rule.finds)) broken.push_back(std::string(rule.broken) + ": " + row[0]);
  if (takes.empty()) return broken;
  for (const auto& row : copy.rows("SELECT key, bytes FROM takes")) {
    const fs::path file = takes / row[0].substr(0, 2) / (row[0] + ".flac");
    std::error_code error;
    if (const auto size = fs::file_size(file, error); error || std::to_string(size) != row.at(1))
      broken.push_back("a take is not on the disk as the database says: " + file.string());
  }
  return broken;
}

}  // namespace lectern
