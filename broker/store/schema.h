// The database's tables, and how an older database becomes a newer one.
#pragma once

#include "broker/store/database.h"

namespace lectern {

// How to change the schema: raise kSchemaVersion, append one entry to kMigrations in schema.cpp that takes a database
// of the version before to the new one, and check in a database of the version before under tests/data/databases.
inline constexpr int kSchemaVersion = 9;
inline constexpr int kApplicationId = 0x4c637472;  // "Lctr": what `file` and SQLite see in the header

// Opens for durable use (WAL, synchronous=FULL, foreign keys) and brings the schema up to date in one transaction.
// Throws Fault(bad_input) for a database of another application or of a newer Lectern.
void prepare_schema(Database& database);

}  // namespace lectern
