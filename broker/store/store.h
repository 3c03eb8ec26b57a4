// The store: all jobs, segments and takes, and every change of their state.
//
// Each transition of states.h is one function here; an event that a state does not allow changes nothing and says so.
// Changes join the open transaction (the first one begins it); the loop commits once for all messages that were ready,
// and answers only then. One thread at a time. A failed write throws a Fault and leaves the transaction to be rolled back.
//
// Counts of segments by state are kept in the job's row, so that no question about a job scans its segments.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/clock.h"
#include "broker/protocol/messages.h"
#include "broker/store/database.h"
#include "broker/store/states.h"

namespace lectern {

// When a job may run.
struct When {
  std::string window;              // its name; empty: at any time
  std::int64_t not_before_ms = 0;  // 0: at once
  std::int64_t by_ms = 0;          // wished to be done by then; holds nothing up; 0: no wish
  std::uint64_t after_job = 0;     // only once that job has ended, however it ended; 0: none
  bool operator==(const When&) const = default;
};

// What a job is submitted with.
struct JobTerms {
  std::string job_id, batch_id, batch_name, name, script_name, text_format, model, voice, format, output;
  double speed = 1;
  std::uint64_t seed = 0;
  std::int64_t priority = 0;
  bool overwrite = false;
  When when;
  std::string cast;      // JSON {speaker: voice}; empty: none
  std::string lexicon;   // JSON: entries of the lexicon that hold for it; empty: none
  std::string delivery;  // JSON: form of the finished work; empty: as set
  std::string reading;   // JSON: how the script is read; empty: as set
};

struct NewJob : JobTerms {
  std::string script;  // bytes as they stood in the file
};

struct NewSegment {
  std::uint64_t begin = 0, end = 0;  // code points of the script
  std::string pause, spoken, take;   // what follows; what is spoken; the take's key
  std::uint64_t seed = 0;
  std::string voice = {};                // empty: the job's
  std::optional<double> pause_s = {};  // the pause after it; none: what `pause` stands for
  double speed = 1;                      // a factor on the job's
};

// A job's row.
struct Job : JobTerms {
  std::uint64_t number = 0, batch = 0;
  std::string reason, model_hash;
  JobState state = JobState::queued;
  double audio_s = 0;
  std::int64_t submitted_ms = 0, started_ms = 0, finished_ms = 0;
  bool cut = false;
  std::uint64_t edition = 0;  // raised by every redo
  std::string redo_id;        // of the last one
  std::uint64_t flagged = 0;  // of its segments when it was published
  std::uint64_t segments = 0, waiting = 0, leased = 0, done = 0, failed = 0, characters = 0, characters_done = 0;
};

// A job that has segments to hand out, as the scheduler sees it.
struct RunnableJob {
  std::uint64_t number = 0, batch = 0, waiting = 0;
  std::int64_t priority = 0, submitted_ms = 0;
  std::string model, window;
};

// A segment that was just leased.
struct Claim {
  protocol::Work work;
  std::uint64_t job = 0;
  bool suspect = false;  // must be alone in its engine
};

// A segment as publishing and people need it.
struct SegmentRow {
  std::uint64_t index = 0, begin = 0, end = 0, seed = 0;
  SegmentState state = SegmentState::waiting;
  std::string pause, spoken, take, notes, reason;  // notes: JSON of the take
  std::string voice;                               // empty: the job's
  std::optional<double> pause_s;                   // none: what `pause` stands for
  double speed = 1;                                // a factor on the job's
  bool edited = false;                             // its text is not the script's any more
  std::string flags;                               // JSON list: what was found odd when it was published; empty: none
  double seconds = 0;                              // of its take; 0: it is not there
};

// A schedule's row.
struct ScheduleRow {
  ScheduleSetting setting;
  bool from_config = false, paused = false;
  std::int64_t fired_ms = 0;  // the last time of its rule that is dealt with
  std::string batch_id;       // of its last run that submitted something
  std::string result;         // what came of its last run, for people
  std::int64_t result_ms = 0;
};

struct StoredTake {
  std::string key, notes;
  std::uint64_t frames = 0, bytes = 0;
  int sample_rate_hz = 0;
  double computing_s = 0;
};

// A script that was dropped into a watched folder and claimed; forgotten once it lies in done/ or failed/.
struct Drop {
  std::string claim;   // its folder inside FOLDER/.lectern
  std::string folder;  // absolute
  std::string name;    // the script's file name
  std::uint64_t job = 0;
};

// How a lease ended without a take.
enum class Blame {
  nobody,   // lost with its worker, or given back
  suspect,  // an engine died with it and others: from now on it is tried alone
  segment,  // it failed: counts against max_attempts
  death,    // an engine died with it alone: the same, and the death that made it a suspect counts too
  final,    // it can never be spoken
};

class Store {
 public:
  // Opens or creates the database. Throws Fault for one that is damaged, foreign or newer.
  Store(const std::filesystem::path& file, const Clock& clock);

  // ---- transaction
  void commit();    // does nothing when nothing was changed
  void rollback();  // forgets all changes since the last commit
  Reading read() { return Reading(database_); }  // for many reads, outside a transaction
  // Jobs that changed since the last call, for followers and for what must be begun.
  std::set<std::uint64_t> take_changed();
  // Those of them that were added, ascending: their scripts are to be cut.
  std::vector<std::uint64_t> take_added();

  // Jobs that became done, failed or cancelled since the last call, in that order.
  std::vector<std::uint64_t> take_ended();

  // What a restart does with work in flight: leased becomes waiting, running becomes queued; publishing and uncut jobs
  // are begun again by the caller; held and paused stay.
  void restart();

  // ---- jobs
  struct Added {
    std::uint64_t number = 0;
    bool known = false;
    JobState state = JobState::queued;  // or held, when everything is paused; of a new one
  };
  Added add_job(const NewJob& job);
  std::optional<Job> job(std::uint64_t number);
  // The little of a job's row that decides what happens next.
  struct Standing {
    JobState state = JobState::queued;
    bool cut = false;
    std::uint64_t segments = 0, waiting = 0, leased = 0, failed = 0;
    std::string reason;
  };
  std::optional<Standing> standing(std::uint64_t number);
  std::optional<std::uint64_t> find_job(const std::string& job_id);
  // Jobs that a selection names, ascending. Throws Fault(not_found) for a name that fits none, or several.
  // Of `all`, at most so many unfinished ones; 0: all of them.
  std::vector<std::uint64_t> select(const protocol::Selection& selection, bool unfinished_only,
                                    std::uint64_t most_unfinished = 0);
  std::vector<std::uint64_t> jobs_in(JobState state);
  std::vector<std::uint64_t> uncut_jobs();
  // The last job that is done and whose audio stands there.
  std::optional<std::uint64_t> published_by(const std::string& output);
  bool output_taken(const std::string& output);  // by a job that is not done or cancelled
  std::string script(std::uint64_t job);

  // The script was cut. Segments whose take is there already are done at once.
  void set_segments(std::uint64_t job, const std::vector<NewSegment>& segments, const std::string& unspoken,
                    const std::string& model_hash, const std::string& structure = "{}");
  // A line of the job's history.
  void note(std::uint64_t job, const std::string& what);
  // One transition; false: refused in the job's state (and nothing changed). `reason` is kept and shown.
  bool change(std::uint64_t job, JobEvent event, const std::string& reason = {});
  // Everything is paused: jobs that come, and those that are retried or redone, are held from the start, until
  // resume_new(), which says whether it was so.
  void hold_new();
  bool resume_new();
  std::int64_t new_held_since();  // ms since 1970; 0: they are not
  void set_priority(std::uint64_t job, std::int64_t priority);
  void set_reason(std::uint64_t job, const std::string& reason);
  // The job waits for nothing any more: no window, no time, no other job.
  void run_now(std::uint64_t job);
  // `problem`: kept as the job's reason; empty: all of the script is spoken.
  void finish_publishing(std::uint64_t job, const std::string& output, double seconds, const std::string& problem = {});
  // What publishing found odd: JSON lists by segment, and how many segments of the job are flagged for any reason.
  void set_flags(std::uint64_t job, const std::map<std::uint64_t, std::string>& flags, std::uint64_t flagged);

  // ---- segments
  // Jobs with something to hand out, whose window is one of these ("": no window), whose time has come and whose
  // predecessor has ended: of each window the first ones by priority and age, and the first one of each of the oldest
  // batches; at most about 100.
  std::vector<RunnableJob> runnable(const std::vector<std::string>& windows);
  // The first time after now that a job with something to hand out waits for; INT64_MAX: none.
  std::int64_t next_not_before();
  // Leases up to `most` of the job's waiting segments, in order, to a worker. Segments whose take is there are done
  // instead. A suspect segment is leased only as the first and only one, and only when `alone` allows it.
  std::vector<Claim> claim(std::uint64_t job, const std::string& worker, std::uint64_t most, bool alone);
  // The segment that a lease names, when `worker` holds it under that attempt, or nobody took it since.
  struct Held {
    std::uint64_t job = 0, index = 0;
    std::string take, model, spoken;
    double speed = 1;  // of the segment
  };
  std::optional<Held> held(const protocol::Lease& lease, const std::string& worker);
  bool has_take(const std::string& key);
  void add_take(const StoredTake& take);
  // The take of a leased or waiting segment is stored; false: refused (an old lease and the take is there already).
  bool take_done(const protocol::Lease& lease);
  // The lease ends without a take; false: it was not held any more. A segment that it is to blame for is split in two
  // at its last try but one, and fails after `max_attempts` tries.
  bool end_lease(const protocol::Lease& lease, Blame blame, const std::string& reason, int max_attempts);
  std::vector<protocol::Lease> leases_of(const std::string& worker);
  std::vector<protocol::Lease> leases_of_job(std::uint64_t job);
  // How a segment is to be spoken anew.
  struct NewTake {
    std::uint64_t index = 0, seed = 0;
    std::string spoken, take;  // take: the key
    bool edited = false;       // the text was given by the user
  };
  struct Redone {
    std::uint64_t to_speak = 0, lost = 0;  // lost: segments to be spoken only because their takes are gone
  };
  // A job that is done or failed is queued once more with new takes for these segments; what it publishes then takes
  // the place of what it published before. nullopt: refused in the job's state. `redo_id`: kept, so that a redo that is
  // sent twice is known.
  std::optional<Redone> redo(std::uint64_t job, const std::string& redo_id, const std::vector<NewTake>& takes);
  // Takes that publishing found missing or damaged: forgotten, their segments in this job wait again.
  void lose_takes(std::uint64_t job, const std::vector<std::string>& keys);
  void for_each_segment(std::uint64_t job, const std::function<void(const SegmentRow&)>& visit,
                        std::uint64_t from = 0, std::uint64_t most = INT64_MAX);
  std::string unspoken(std::uint64_t job);
  std::string structure(std::uint64_t job);  // JSON, see the schema

  // ---- estimates
  // What was learned of a model's speed, times real time; 0: nothing.
  double learned_speed(const std::string& model);
  void learn_speed(const std::string& model, double times_real_time);
  std::uint64_t script_bytes(std::uint64_t job);
  // Characters that are left of unheld jobs which come before this one, by model.
  std::map<std::string, std::uint64_t> characters_before(std::uint64_t job, std::int64_t priority);

  // ---- reports
  struct Speaking {
    double audio_s = 0, working_s = 0;  // working_s: seconds in which at least one segment was being spoken
  };
  std::vector<std::uint64_t> ended_since(std::int64_t from_ms);  // in the order in which they ended
  Speaking spoken_since(std::int64_t from_ms);
  void add_energy(double joules);
  double energy_since(std::int64_t from_ms);

  // ---- schedules
  std::vector<ScheduleRow> schedules();  // by name
  void put_schedule(const ScheduleRow& row);
  void remove_schedule(const std::string& name);
  std::uint64_t unfinished_in_batch(const std::string& batch_id);
  // The last job that made the same of the same script (its name and bytes) and has not failed or been cancelled.
  std::optional<std::uint64_t> same_script(const NewJob& job);

  // ---- watched folders
  struct AddedFolder {
    std::string path, settings;  // settings: JSON
  };
  void add_folder(const std::string& path, const std::string& settings);  // or changes its settings
  bool remove_folder(const std::string& path);                            // false: it was not there
  std::vector<AddedFolder> folders();                                     // by path
  void add_drop(const Drop& drop);
  void forget_drop(const std::string& claim);
  std::optional<Drop> drop(const std::string& claim);
  std::vector<Drop> drops_of_job(std::uint64_t job);
  std::vector<Drop> drops_of_ended_jobs();  // that wait for their move
  std::uint64_t drops_in(const std::string& folder);
  // The batch of a job of that folder that has not ended; empty: none.
  std::string open_batch(const std::string& folder);
  bool batch_drained(const std::string& batch_id);  // all of its jobs have ended
  std::map<JobState, std::uint64_t> states_in_batch(const std::string& batch_id);

  // ---- models
  // What an engine took joins what is known of it.
  void learn(const protocol::Measure& measure);
  std::vector<protocol::Measure> measures();
  // No work of the model is handed out until it is released. Kept with the time since when.
  void hold_model(const std::string& model);
  void release_model(const std::string& model);
  const std::map<std::string, std::int64_t>& unloaded_models();  // that are held; ms since 1970
  // A job of that model and window waits whose time is after `after_ms` and has come; after -1: or that names none.
  bool has_begun(const std::string& model, const std::string& window, std::int64_t after_ms);
  std::uint64_t waiting_of(const std::string& model);  // segments
  // Of the first job of a window that could run at that time; empty: none waits.
  std::string first_model(const std::string& window, std::int64_t at_ms);
  struct Timed {
    std::string model, window;
    std::int64_t at_ms = 0;
  };
  // The next job whose time comes after now.
  std::optional<Timed> next_timed();

  // ---- history, pruning, copies
  // What jobs that are done put out: the first 1000 with a number above `after`, by number, without the sidecar.
  std::vector<protocol::OutputFiles> outputs(std::uint64_t after);
  std::vector<protocol::Event> history(std::uint64_t job);
  struct Pruned {
    protocol::Pruned counts;
    std::vector<std::string> takes;  // keys whose files may go once this is committed
  };
  // Forgets jobs that are done, failed or cancelled, and takes that no unfinished or failed job needs, by the rules of
  // the message; `dry_run` changes nothing.
  Pruned prune(const protocol::Prune& rules);
  // SQLite's own check of the whole file. Throws Fault(bad_input) naming the damage and the mend.
  void check_integrity();
  // A copy of the database that grows step by step between transactions. Throws Fault; then the file is gone.
  class Copy {
   public:
    Copy(Database& source, const std::filesystem::path& file);
    ~Copy();
    bool step();  // outside a transaction; true: the copy is whole and on disk
    const std::filesystem::path& file() const { return file_; }

   private:
    std::filesystem::path file_, staged_;
    std::unique_ptr<Database> target_;
    sqlite3_backup* backup_ = nullptr;
  };
  std::unique_ptr<Copy> copy(const std::filesystem::path& file) { return std::make_unique<Copy>(database_, file); }

  // ---- views
  protocol::JobView view(const Job& job);
  std::uint64_t unfinished_jobs();
  std::uint64_t waiting_segments();

 private:
  void begin();
  std::uint64_t add_batch(const std::string& batch_id, const std::string& batch_name, std::int64_t now_ms);
  void touch(std::uint64_t job) { changed_.insert(job); }
  bool apply(std::uint64_t job, JobState from, JobEvent event, const std::string& reason);
  bool hold_if_all_paused(std::uint64_t job);  // of a job that has just been queued again
  void settle(std::uint64_t job);
  void settle_idle();
  bool split(std::uint64_t segment);
  void move_chapters(std::uint64_t job, std::uint64_t split);
  void recount(std::uint64_t job);
  void count(std::uint64_t job, SegmentState from, SegmentState to, std::uint64_t characters, double audio_s);

  const Clock& clock_;
  Database database_;
  std::optional<Transaction> transaction_;
  std::set<std::uint64_t> changed_;
  std::vector<std::uint64_t> added_;
  std::set<std::uint64_t> idle_;  // whose last lease ended in this transaction
  std::vector<std::uint64_t> ended_;
  std::pair<std::string, std::uint64_t> last_batch_;  // that a job was added to; no id: none
  std::optional<std::map<std::string, std::int64_t>> unloaded_;  // a copy; nullopt: to be read
  std::optional<std::int64_t> new_held_since_;                   // likewise
};

}  // namespace lectern
