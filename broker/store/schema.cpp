#include "broker/store/schema.h"

#include "config/fault_point.h"

namespace lectern {
namespace {

// kMigrations[n] takes version n to n + 1.
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE batches(
  id INTEGER PRIMARY KEY,
  batch_id TEXT NOT NULL UNIQUE,        -- client-made
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs(
  id INTEGER PRIMARY KEY,               -- the job's number
  job_id TEXT NOT NULL UNIQUE,          -- client-made
  batch INTEGER NOT NULL REFERENCES batches(id),
  name TEXT NOT NULL,
  script_name TEXT NOT NULL,
  text_format TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('held','queued','running','publishing','done','failed','cancelled')),
  reason TEXT NOT NULL DEFAULT '',
  model TEXT NOT NULL,
  voice TEXT NOT NULL,
  format TEXT NOT NULL,
  speed REAL NOT NULL,
  seed INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  overwrite INTEGER NOT NULL,
  output TEXT NOT NULL,                 -- wished, or where it stands once done
  cut INTEGER NOT NULL DEFAULT 0,       -- 1: its segments are there
  segments INTEGER NOT NULL DEFAULT 0,  -- the counts below are kept in the transaction that changes a segment
  waiting INTEGER NOT NULL DEFAULT 0,
  leased INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  characters INTEGER NOT NULL DEFAULT 0,
  characters_done INTEGER NOT NULL DEFAULT 0,
  audio_s REAL NOT NULL DEFAULT 0,      -- speech made so far; the file's length once done
  model_hash TEXT NOT NULL DEFAULT '',
  submitted_ms INTEGER NOT NULL,
  started_ms INTEGER NOT NULL DEFAULT 0,
  finished_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_runnable ON jobs(priority DESC, id) WHERE waiting > 0 AND state IN ('queued','running');
CREATE INDEX jobs_runnable_by_batch ON jobs(batch, priority DESC, id)
  WHERE waiting > 0 AND state IN ('queued','running');
CREATE INDEX jobs_unfinished ON jobs(id) WHERE state IN ('held','queued','running','publishing');
CREATE INDEX jobs_unfinished_output ON jobs(output) WHERE state IN ('held','queued','running','publishing','failed');
CREATE INDEX jobs_finished ON jobs(finished_ms DESC, id DESC) WHERE state IN ('done','failed','cancelled');
CREATE INDEX jobs_by_batch ON jobs(batch, id);

CREATE TABLE scripts(
  job INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,
  bytes BLOB NOT NULL,                  -- as they stood in the file
  unspoken TEXT NOT NULL DEFAULT '[]'   -- JSON [[begin, end, reason], ...]
) STRICT;

CREATE TABLE segments(
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  idx INTEGER NOT NULL,                 -- from 0 inside its job
  state TEXT NOT NULL CHECK(state IN ('waiting','leased','done','failed')),
  begin_at INTEGER NOT NULL,            -- code points of the script
  end_at INTEGER NOT NULL,
  pause TEXT NOT NULL,                  -- what follows: clause, sentence, paragraph, section, chapter, end
  spoken TEXT NOT NULL,
  seed INTEGER NOT NULL,
  take TEXT NOT NULL,                   -- the key under which its audio is stored
  attempt INTEGER NOT NULL DEFAULT 0,   -- raised by every lease: the fencing number
  failures INTEGER NOT NULL DEFAULT 0,  -- tries that it is to blame for
  split INTEGER NOT NULL DEFAULT 0,     -- 1: one of the two halves of a segment that kept failing
  suspect INTEGER NOT NULL DEFAULT 0,   -- 1: an engine died with it and others; it is tried alone
  worker TEXT NOT NULL DEFAULT '',      -- who holds the lease
  reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX segments_by_job ON segments(job, idx);
CREATE INDEX segments_waiting ON segments(job, idx) WHERE state = 'waiting';
CREATE INDEX segments_leased ON segments(worker, id) WHERE state = 'leased';
CREATE INDEX segments_failed ON segments(job, idx) WHERE state = 'failed';

CREATE TABLE takes(
  key TEXT PRIMARY KEY,
  frames INTEGER NOT NULL,
  sample_rate_hz INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  computing_s REAL NOT NULL,
  notes TEXT NOT NULL,                  -- JSON: what the engine had to say
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE history(
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL
) STRICT;
CREATE INDEX history_by_job ON history(job, id);
)sql",
    // When a job may run, schedules, and what nights need to know of the past.
    R"sql(
ALTER TABLE jobs ADD COLUMN window TEXT NOT NULL DEFAULT '';          -- runs only inside it; empty: at any time
ALTER TABLE jobs ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN by_ms INTEGER NOT NULL DEFAULT 0;         -- wished to be done by then; 0: no wish
ALTER TABLE jobs ADD COLUMN after_job INTEGER NOT NULL DEFAULT 0;     -- runs when that one has ended; 0: none
DROP INDEX jobs_runnable;
DROP INDEX jobs_runnable_by_batch;
CREATE INDEX jobs_runnable ON jobs(window, priority DESC, id, not_before_ms, after_job)
  WHERE waiting > 0 AND state IN ('queued','running');
CREATE INDEX jobs_runnable_by_batch ON jobs(window, batch, priority DESC, id, not_before_ms, after_job)
  WHERE waiting > 0 AND state IN ('queued','running');
CREATE INDEX jobs_by_time ON jobs(not_before_ms)
  WHERE not_before_ms > 0 AND waiting > 0 AND state IN ('queued','running');
CREATE INDEX jobs_by_script ON jobs(script_name);

CREATE TABLE schedules(
  name TEXT PRIMARY KEY,
  origin TEXT NOT NULL CHECK(origin IN ('config','command')),
  what TEXT NOT NULL,                   -- JSON: its rule and what it submits
  paused INTEGER NOT NULL DEFAULT 0,
  fired_ms INTEGER NOT NULL,            -- the last instant of its rule that is dealt with
  batch_id TEXT NOT NULL DEFAULT '',    -- of its last run
  result TEXT NOT NULL DEFAULT '',      -- what came of it, for people
  result_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE speeds(                    -- learned while speaking
  model TEXT PRIMARY KEY,
  times_real_time REAL NOT NULL,
  measured_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE energy(                    -- used while speaking, where the driver tells
  at_ms INTEGER PRIMARY KEY,
  joules REAL NOT NULL
) STRICT;
)sql",
    R"sql(
CREATE TABLE folders(                   -- watched folders that `lectern folder add` made
  path TEXT PRIMARY KEY,
  settings TEXT NOT NULL,               -- JSON with the keys of an entry of `folders:` in config.yaml
  added_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE drops(                     -- scripts that were dropped and have not got to done/ or failed/
  claim TEXT PRIMARY KEY,               -- their folder inside FOLDER/.lectern
  folder TEXT NOT NULL,
  name TEXT NOT NULL,                   -- the script's file name
  job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX drops_by_job ON drops(job);
CREATE INDEX drops_by_folder ON drops(folder);
)sql",
    // What engines took, and models that were unloaded by hand.
    R"sql(
CREATE TABLE measures(
  model TEXT NOT NULL,
  device TEXT NOT NULL,
  lanes INTEGER NOT NULL,               -- segments spoken at once
  loading_s REAL NOT NULL,
  memory_bytes INTEGER NOT NULL,        -- peak of the process; 0: not known yet
  device_bytes INTEGER NOT NULL,        -- peak on the device; 0: not known
  measured_ms INTEGER NOT NULL,
  PRIMARY KEY(model, device, lanes)
) STRICT, WITHOUT ROWID;

CREATE TABLE unloaded(                  -- their work is held until they are wanted again
  model TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
    // Several voices in one script.
    R"sql(
ALTER TABLE jobs ADD COLUMN speakers TEXT NOT NULL DEFAULT '';        -- JSON {speaker: voice}; empty: none
ALTER TABLE segments ADD COLUMN voice TEXT NOT NULL DEFAULT '';       -- who speaks it; empty: the job's voice
)sql",
    // What a narrator delivers: how a script is read, its chapters, and the form of the finished work.
    R"sql(
ALTER TABLE jobs ADD COLUMN delivery TEXT NOT NULL DEFAULT '';        -- JSON: form of the finished work; empty: as set
ALTER TABLE jobs ADD COLUMN reading TEXT NOT NULL DEFAULT '';         -- JSON: how the script is read; empty: as set
ALTER TABLE scripts ADD COLUMN structure TEXT NOT NULL DEFAULT '{}';  -- JSON {title, author, chapters: [{segment, title}]}
ALTER TABLE segments ADD COLUMN pause_s REAL;                         -- the pause after it; NULL: what `pause` stands for
ALTER TABLE segments ADD COLUMN speed REAL NOT NULL DEFAULT 1;        -- a factor on the job's
ALTER TABLE segments ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;    -- 1: its text is not the script's any more
)sql",
    // What a job's end leaves to be looked at and mended.
    R"sql(
ALTER TABLE jobs ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;       -- raised by every redo
ALTER TABLE jobs ADD COLUMN redo_id TEXT NOT NULL DEFAULT '';         -- client-made, of the last redo
ALTER TABLE jobs ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;       -- of its segments when it was published
ALTER TABLE jobs ADD COLUMN lexicon TEXT NOT NULL DEFAULT '';         -- JSON: its entries when it was submitted
ALTER TABLE segments ADD COLUMN flags TEXT NOT NULL DEFAULT '';       -- JSON list: what was found odd at publishing
)sql",
    // Indexes that are written only when what they say changes, by conditions that are cheap to look at: a list of more
    // than two states is a table that SQLite builds for every row that it writes.
    R"sql(
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK(state IN (''held'',''queued'',''running'',''publishing'',''done'',''failed'',''cancelled''))',
  'CHECK(state = ''held'' OR state = ''queued'' OR state = ''running'' OR state = ''publishing'' OR state = ''done'' '
  || 'OR state = ''failed'' OR state = ''cancelled'')') WHERE name = 'jobs';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK(state IN (''waiting'',''leased'',''done'',''failed''))',
  'CHECK(state = ''waiting'' OR state = ''leased'' OR state = ''done'' OR state = ''failed'')') WHERE name = 'segments';
PRAGMA writable_schema = RESET;
ALTER TABLE jobs ADD COLUMN runnable INTEGER NOT NULL DEFAULT 0;      -- 1: it has segments to hand out; by the trigger
DROP INDEX jobs_runnable;
DROP INDEX jobs_runnable_by_batch;
DROP INDEX jobs_by_time;
DROP INDEX jobs_unfinished;
DROP INDEX jobs_unfinished_output;
DROP INDEX jobs_finished;
CREATE TRIGGER jobs_set_runnable AFTER UPDATE OF waiting, state ON jobs
  WHEN NEW.runnable <> (NEW.waiting > 0 AND NEW.state IN ('queued','running'))
  BEGIN UPDATE jobs SET runnable = 1 - runnable WHERE id = NEW.id; END;
UPDATE jobs SET state = state;
CREATE INDEX jobs_runnable ON jobs(window, priority DESC, id, not_before_ms, after_job) WHERE runnable = 1;
CREATE INDEX jobs_runnable_by_batch ON jobs(window, batch, priority DESC, id, not_before_ms, after_job)
  WHERE runnable = 1;
CREATE INDEX jobs_by_time ON jobs(not_before_ms) WHERE not_before_ms > 0 AND runnable = 1;
-- finished_ms is 0 in the states held to publishing, and only there.
CREATE INDEX jobs_open ON jobs(output, finished_ms) WHERE finished_ms = 0 OR state = 'failed';
CREATE INDEX jobs_finished ON jobs(finished_ms DESC, id DESC) WHERE finished_ms > 0;
DELETE FROM history WHERE what = 'submitted';                         -- its job's submitted_ms says it
)sql",
    R"sql(
CREATE TABLE pauses(                    -- a row while everything is paused: new jobs are held too
  since_ms INTEGER NOT NULL
) STRICT;
)sql",
};
static_assert(std::size(kMigrations) == kSchemaVersion);

std::int64_t pragma(Database& database, const char* name) {
  Query query(database, std::string("PRAGMA ") + name);
  return query.next() ? query.integer(0) : 0;
}

}  // namespace

void prepare_schema(Database& database) {
  const auto application = pragma(database, "application_id");
  const auto version = pragma(database, "user_version");
  const bool empty = pragma(database, "schema_version") == 0;
  const std::string file = database.file().string();
  if (!empty && application != kApplicationId)
    throw Fault(Exit::bad_input, "the database " + file + " belongs to another application",
                "move it aside, or use another --home");
  if (version > kSchemaVersion)
    throw Fault(Exit::bad_input,
                "the database " + file + " has version " + std::to_string(version) + ", this Lectern knows up to " +
                    std::to_string(kSchemaVersion),
                "use the newer Lectern that wrote it, or put back a backup of the older version");
  database.execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit=16777216; PRAGMA wal_autocheckpoint=3000; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY");
  if (guard_removed("no-db-sync")) database.execute("PRAGMA synchronous=OFF");
  // What stands in the write-ahead log goes to the file and is synced: after a failed sync, parts of the log may be in
  // memory only, and all that is appended behind them would be lost with them.
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  if (version == kSchemaVersion) return;
  Transaction transaction(database);
  for (auto step = version; step < kSchemaVersion; ++step) database.execute(kMigrations[step]);
  database.execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str());
  database.execute(("PRAGMA user_version=" + std::to_string(kSchemaVersion)).c_str());
  transaction.commit();
}

}  // namespace lectern
