#include "broker/store/database.h"

#include "config/fault_point.h"

namespace lectern {
namespace {

// SQLite's count of its own memory takes a lock at every allocation; nobody reads it. Before its first use.
void begin_sqlite() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
}

}  // namespace

Database::Database(const std::filesystem::path& file) : file_(file) {
  begin_sqlite();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (int code = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr); code != SQLITE_OK) {
    const std::string message = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    sqlite3_close(handle_);
    throw Fault(Exit::bad_input, "cannot open the database " + file.string() + ": " + message,
                "check that its folder exists and is writable");
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, 5000);
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

void Database::fail(int code, const char* doing) const {
  const std::string what = "database " + file_.string() + ", " + doing + ": " + sqlite3_errmsg(handle_);
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
    throw DatabaseFault(Exit::internal, what, "the disk did not confirm a write: look after it");
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw DatabaseFault(Exit::no_space, what, "free some space there; work goes on by itself");
    case SQLITE_IOERR:
      throw DatabaseFault(Exit::no_space, what, "check the disk and the space on it");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw DatabaseFault(Exit::bad_input, what,
                          "the file is damaged: move it aside (with its -wal and -shm) and put a backup in its place");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw DatabaseFault(Exit::no_broker, what, "another program has the database open; end it");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      throw DatabaseFault(Exit::bad_input, what, "make the file and its folder writable");
    default:
      throw DatabaseFault(Exit::internal, what);
  }
}

void Database::execute(const char* sql) {
  fault_point(sql);
  if (int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code, sql);
  fault_point(sql);
}

sqlite3_stmt* Database::prepare(std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) fail(code, std::string(sql).c_str());
  return statements_.emplace(sql, statement).first->second;
}

bool Query::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

std::int64_t Query::run() {
  fault_point(sqlite3_sql(statement_));
  while (next()) {
  }
  fault_point(sqlite3_sql(statement_));
  return database_.changes();
}

std::string Query::text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}

void Query::bind(int index, std::string_view value) {
  check(sqlite3_bind_text(statement_, index, value.data() ? value.data() : "", static_cast<int>(value.size()),
                          SQLITE_STATIC));
}
void Query::bind(int index, double value) { check(sqlite3_bind_double(statement_, index, value)); }
void Query::bind_integer(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }

void Query::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code, sqlite3_sql(statement_));
}

}  // namespace lectern
