// A thin hold on SQLite: one connection, prepared statements kept by their text, and a transaction that undoes itself.
//
// One thread at a time uses it, and it is the only connection that writes the file. Every SQLite error becomes a DatabaseFault
// that names the file: no_space for SQLITE_FULL (and I/O errors for lack of space), no_broker while another program
// holds it locked, internal after a failed sync, bad_input for a damaged or foreign database.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/fault.h"

namespace lectern {

// A failed read or write of the database; the open transaction cannot be trusted any more.
class DatabaseFault : public Fault {
  using Fault::Fault;
};

class Database {
 public:
  explicit Database(const std::filesystem::path& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs SQL that returns nothing; may hold several statements.
  void execute(const char* sql);
  std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_); }
  std::int64_t changes() const { return sqlite3_changes64(handle_); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  const std::filesystem::path& file() const { return file_; }
  sqlite3* handle() const { return handle_; }

  [[noreturn]] void fail(int code, const char* doing) const;

 private:
  friend class Query;
  sqlite3_stmt* prepare(std::string_view sql);

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, sqlite3_stmt*, Hash, std::equal_to<>> statements_;
};

// One run of a prepared statement: bind with the constructor's arguments, step with next(), read by column. A Query on
// the same SQL must end before another begins.
class Query {
 public:
  template <class... Values>
  Query(Database& database, std::string_view sql, const Values&... values)
      : database_(database), statement_(database.prepare(sql)) {
    int index = 0;
    (bind(++index, values), ...);
  }
  ~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool next();  // true: a row is there
  // For statements that change: runs to the end; how many rows it changed.
  std::int64_t run();

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string text(int column) const;

 private:
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const char* value) { bind(index, std::string_view(value)); }
  void bind(int index, double value);
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value) bind(index, *value);  // else it stays NULL
  }
  template <class Integer>
  requires std::is_integral_v<Integer>
  void bind(int index, Integer value) { bind_integer(index, static_cast<std::int64_t>(value)); }
  void bind_integer(int index, std::int64_t value);
  void check(int code) const;

  Database& database_;
  sqlite3_stmt* statement_;
};

// While it lives, all reads see one state of the database and share its lock, which else each of them takes anew. Nothing
// may be written meanwhile.
class Reading {
 public:
  explicit Reading(Database& database) : database_(database) { Query(database_, "BEGIN").run(); }
  ~Reading() {
    try {
      Query(database_, "ROLLBACK").run();
    } catch (const DatabaseFault&) {  // the next transaction tells
    }
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  Database& database_;
};

// BEGIN IMMEDIATE now; commit() or undo at the end of its life.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { Query(database_, "BEGIN IMMEDIATE").run(); }
  ~Transaction() {
    if (database_.in_transaction()) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() { Query(database_, "COMMIT").run(); }

 private:
  Database& database_;
};

}  // namespace lectern
