// Every message that Lectern's programs exchange. PROTOCOL.md beside this file is the reference for people; its tables
// are printed from the field lists below and a test keeps them equal.
//
// A message is a struct: its fields, their defaults, and `fields()`, which names each field once with what it means.
// Field types: bool, integers, double, std::string, nlohmann::json, optional and vector of those, and nested structs.
// Units stand in the name (_ms wall clock since 1970, _s seconds, _bytes) or in the comment.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "config/schedule_setting.h"

namespace lectern::protocol {

using Json = nlohmann::json;

// Frame 0 of every message. Raised with every change that an older program would misread.
inline constexpr const char* kVersion = "lectern/1";

// ---- shared parts -------------------------------------------------------------------------------------------------

// A segment handed to a worker. `attempt` is the fencing number: an answer with an older one is ignored.
struct Lease {
  std::uint64_t segment = 0;
  std::uint64_t attempt = 0;
  template <class V>
  static void fields(V&& v) {
    v("segment", &Lease::segment, "the segment's number in the store");
    v("attempt", &Lease::attempt, "which try this is; the fencing number");
  }
  bool operator==(const Lease&) const = default;
};

struct FailedSegment {
  std::uint64_t index = 0;
  std::string text, reason;
  template <class V>
  static void fields(V&& v) {
    v("index", &FailedSegment::index, "its number inside the job, from 0");
    v("text", &FailedSegment::text, "what could not be spoken");
    v("reason", &FailedSegment::reason, "why");
  }
};

// A segment as people see it.
struct SegmentView {
  std::uint64_t index = 0, begin = 0, end = 0, seed = 0;
  std::string state, text, voice, pause, take, reason;
  double seconds = 0;
  bool edited = false;
  std::vector<std::string> flags;
  template <class V>
  static void fields(V&& v) {
    v("index", &SegmentView::index, "its number inside the job, from 0");
    v("begin", &SegmentView::begin, "the first code point of the script that it speaks");
    v("end", &SegmentView::end, "the one after the last");
    v("seed", &SegmentView::seed, "of its take");
    v("state", &SegmentView::state, "waiting, leased, done or failed");
    v("text", &SegmentView::text, "what is spoken");
    v("voice", &SegmentView::voice, "who speaks it");
    v("pause", &SegmentView::pause, "what follows: clause, sentence, paragraph, section, chapter or end");
    v("take", &SegmentView::take, "the key of its take");
    v("reason", &SegmentView::reason, "why it failed or is tried again; empty otherwise");
    v("seconds", &SegmentView::seconds, "of its take as it was spoken; 0: it is not there");
    v("edited", &SegmentView::edited, "its text was given by a redo, not by the script");
    v("flags", &SegmentView::flags, "what is odd about its take");
  }
};

// A job as people see it.
struct JobView {
  std::uint64_t number = 0;
  std::string job_id, batch_id, batch_name, name, state, reason, model, voice, output;
  std::int64_t priority = 0;
  std::uint64_t segments = 0, segments_done = 0, segments_failed = 0, characters = 0, characters_done = 0;
  std::uint64_t segments_flagged = 0;
  double audio_s = 0, expected_audio_s = 0, speed = 0, remaining_s = -1;
  std::int64_t submitted_ms = 0, started_ms = 0, finished_ms = 0;
  std::string window;
  std::int64_t not_before_ms = 0, by_ms = 0;
  std::uint64_t after_job = 0;
  std::vector<FailedSegment> failures;
  template <class V>
  static void fields(V&& v) {
    v("number", &JobView::number, "the job's number, as people name it");
    v("job_id", &JobView::job_id, "the client-made id");
    v("batch_id", &JobView::batch_id, "the batch's client-made id");
    v("batch_name", &JobView::batch_name, "the batch's name, may be empty");
    v("name", &JobView::name, "the job's name");
    v("state", &JobView::state, "held, queued, running, publishing, done, failed or cancelled");
    v("reason", &JobView::reason, "why it waits or failed; empty otherwise");
    v("model", &JobView::model, "the model that speaks it");
    v("voice", &JobView::voice, "the voice that speaks it");
    v("output", &JobView::output, "the audio file, or the folder of its chapters: wished, or where it stands when done");
    v("priority", &JobView::priority, "higher runs earlier");
    v("segments", &JobView::segments, "how many; 0 until the script is cut");
    v("segments_done", &JobView::segments_done, "spoken so far");
    v("segments_failed", &JobView::segments_failed, "given up");
    v("segments_flagged", &JobView::segments_flagged, "whose takes were found odd when it was published");
    v("characters", &JobView::characters, "to be spoken in all");
    v("characters_done", &JobView::characters_done, "spoken so far");
    v("audio_s", &JobView::audio_s, "seconds of audio made so far; of the file, pauses included, when done");
    v("expected_audio_s", &JobView::expected_audio_s, "expected seconds of audio in all");
    v("speed", &JobView::speed, "times real time since it started; 0: not known yet");
    v("remaining_s", &JobView::remaining_s, "seconds to go; -1: not known");
    v("submitted_ms", &JobView::submitted_ms, "when it was accepted");
    v("started_ms", &JobView::started_ms, "when its first segment was handed out; 0: not yet");
    v("finished_ms", &JobView::finished_ms, "when it ended; 0: not yet");
    v("window", &JobView::window, "the window in which it runs; empty: at any time");
    v("not_before_ms", &JobView::not_before_ms, "it starts at this time at the earliest; 0: at once");
    v("by_ms", &JobView::by_ms, "wished to be done by then; 0: no wish");
    v("after_job", &JobView::after_job, "the number of the job that has to end before; 0: none");
    v("failures", &JobView::failures, "segments that were given up, the first 20");
  }
};

struct WorkerView {
  std::string worker, device, state, model;
  std::int64_t pid = 0, engine_pid = 0;
  std::uint64_t leases = 0, credit = 0, memory_bytes = 0, peak_memory_bytes = 0, segments_done = 0;
  std::string voice, waits_for;
  std::int64_t unload_ms = 0;
  std::uint64_t device_bytes = 0, peak_device_bytes = 0, segments_waiting = 0;
  double speed = 0;
  template <class V>
  static void fields(V&& v) {
    v("worker", &WorkerView::worker, "its id");
    v("device", &WorkerView::device, "cpu or cuda:N");
    v("state", &WorkerView::state, "cold, loading, warm, busy, draining or backoff");
    v("model", &WorkerView::model, "the loaded model; empty when cold");
    v("voice", &WorkerView::voice, "of the segment that it was given last");
    v("waits_for", &WorkerView::waits_for, "why it does not load what is asked of it; empty: nothing holds it up");
    v("unload_ms", &WorkerView::unload_ms, "when the idle model will be unloaded; 0: not idle; -1: never");
    v("device_bytes", &WorkerView::device_bytes, "device memory of the engine process now, as the driver tells");
    v("peak_device_bytes", &WorkerView::peak_device_bytes, "the most that was seen");
    v("segments_waiting", &WorkerView::segments_waiting, "waiting segments of its model, of the jobs that may run");
    v("speed", &WorkerView::speed, "times real time over the last minute; 0: nothing spoken in it");
    v("pid", &WorkerView::pid, "of the agent");
    v("engine_pid", &WorkerView::engine_pid, "of the engine process; 0: none");
    v("leases", &WorkerView::leases, "segments that it holds");
    v("credit", &WorkerView::credit, "segments that it has room for in all");
    v("memory_bytes", &WorkerView::memory_bytes, "resident memory of the engine process now");
    v("peak_memory_bytes", &WorkerView::peak_memory_bytes, "its peak");
    v("segments_done", &WorkerView::segments_done, "spoken since the agent started");
  }
};

// ---- client -> broker ---------------------------------------------------------------------------------------------

struct Hello {
  static constexpr const char* kType = "hello";
  static constexpr const char* kDoc = "client: are you there? Answered by `welcome`.";
  template <class V>
  static void fields(V&&) {}
};

struct Submit {
  static constexpr const char* kType = "submit";
  static constexpr const char* kDoc =
      "client: narrate this script. Payload 0: the script's bytes as they stand in the file. Answered by `submitted` "
      "once it is on disk, by `estimate` when dry_run, or by `error`. The same job_id sent again is the same job.";
  std::string job_id, batch_id, batch_name, name, script_name, text_format, model, voice, format, output;
  double speed = 0;
  std::int64_t priority = 0;
  bool overwrite = false, dry_run = false;
  std::string window, after;
  std::int64_t not_before_ms = 0, by_ms = 0;
  std::string lexicon{};
  Json cast = Json::object();
  Json delivery = Json::object(), reading = Json::object();
  template <class V>
  static void fields(V&& v) {
    v("job_id", &Submit::job_id, "client-made, unique for ever: 8 to 64 letters, digits or dashes");
    v("batch_id", &Submit::batch_id, "client-made; jobs of one submit share it");
    v("batch_name", &Submit::batch_name, "for people; may be empty");
    v("name", &Submit::name, "of the job, for people; the title of the audio; empty: the front matter's title, else the script's name");
    v("script_name", &Submit::script_name, "file name or path of the script, for messages and the sidecar");
    v("text_format", &Submit::text_format, "plain, markdown, html, epub, docx, srt or ssml");
    v("model", &Submit::model, "empty: the front matter's, else the broker's default");
    v("voice", &Submit::voice, "empty: the front matter's, else the model's default");
    v("format", &Submit::format, "wav, flac, ogg, opus, mp3 or m4b; empty: the front matter's, else the broker's default");
    v("output", &Submit::output, "absolute path of the wished audio file; by chapters its extension goes and it names their folder; with an empty format its extension becomes the format's");
    v("speed", &Submit::speed, "0.5 to 2.0; 0: the front matter's, else the broker's default");
    v("priority", &Submit::priority, "-100 to 100; higher runs earlier; 0: the front matter's, else 0");
    v("overwrite", &Submit::overwrite, "replace an existing file instead of taking a numbered name");
    v("dry_run", &Submit::dry_run, "only say what would happen");
    v("window", &Submit::window, "run only inside it; `always`: at any time; empty: the front matter's, else the broker's default");
    v("after", &Submit::after, "a job by number, id, or start of an id: run when it has ended, however; empty: none");
    v("not_before_ms", &Submit::not_before_ms, "start at this time at the earliest; 0: at once");
    v("by_ms", &Submit::by_ms, "wished to be done by then: the answer warns when that does not fit; 0: no wish");
    v("lexicon", &Submit::lexicon, "absolute path of a file of pronunciations; empty: the front matter's, else only the user's own");
    v("cast", &Submit::cast, "speaker -> voice, for the script's lines that begin with `Speaker:`; a JSON object");
    v("delivery", &Submit::delivery, "form of the finished work: loudness, split, subtitles, author, narrator, album, cover, track, date; a JSON object of texts; what it lacks is as the front matter or the broker's settings say");
    v("reading", &Submit::reading, "how the script is read; a JSON object: skip: a list of contents, boilerplate, footnotes");
  }
};

// Which jobs a request is about: any of the three ways.
struct Selection {
  std::vector<std::string> jobs;
  std::string batch_id;
  bool all = false;
  template <class V>
  static void fields(V&& v) {
    v("jobs", &Selection::jobs, "numbers, ids, or starts of ids of at least 4 characters");
    v("batch_id", &Selection::batch_id, "all jobs of this batch; empty: none");
    v("all", &Selection::all, "every job");
  }
};

struct Status {
  static constexpr const char* kType = "status";
  static constexpr const char* kDoc = "client: how are these jobs? Answered by `jobs`.";
  Selection selection{};
  bool workers_only = false;
  std::uint64_t most = 0;
  template <class V>
  static void fields(V&& v) {
    v("selection", &Status::selection, "which jobs; `all` shows unfinished ones and the last 20 finished");
    v("most", &Status::most, "of `all`, so many unfinished jobs at most, those that were submitted first; 0: all of them");
    v("workers_only", &Status::workers_only, "no jobs, only workers and counts");
  }
};

struct Follow {
  static constexpr const char* kType = "follow";
  static constexpr const char* kDoc =
      "client: like `status`, and then a `progress` whenever one of them changes (at most 4 a second for a job), for 15 "
      "seconds from the last `follow`: repeat it to go on. `progress` may be dropped when the client reads slowly; the "
      "next `follow` shows the truth.";
  Selection selection;
  template <class V>
  static void fields(V&& v) {
    v("selection", &Follow::selection, "which jobs");
  }
};

struct Change {
  static constexpr const char* kType = "change";
  static constexpr const char* kDoc = "client: change the state of jobs. Answered by `changed`.";
  std::string action;
  Selection selection;
  std::int64_t priority = 0;
  template <class V>
  static void fields(V&& v) {
    v("action", &Change::action, "cancel, pause, resume, retry, priority or run-now; pause of all holds jobs that come later too, until resume of all");
    v("selection", &Change::selection, "which jobs");
    v("priority", &Change::priority, "for the action priority: the new value, -100 to 100");
  }
};

struct History {
  static constexpr const char* kType = "history";
  static constexpr const char* kDoc = "client: what happened to this job? Answered by `events`.";
  std::string job;
  template <class V>
  static void fields(V&& v) {
    v("job", &History::job, "number, id, or start of an id of at least 4 characters");
  }
};

struct Segments {
  static constexpr const char* kType = "segments";
  static constexpr const char* kDoc = "client: what does this job consist of? Answered by `segment_list`.";
  std::string job;
  std::uint64_t from = 0, most = 1000;
  bool flagged = false;
  template <class V>
  static void fields(V&& v) {
    v("job", &Segments::job, "number, id, or start of an id of at least 4 characters");
    v("from", &Segments::from, "the first index to look at");
    v("most", &Segments::most, "segments to look at, 1 to 1000");
    v("flagged", &Segments::flagged, "of those only the ones that are flagged or failed");
  }
};

struct Redo {
  static constexpr const char* kType = "redo";
  static constexpr const char* kDoc =
      "client: speak these segments of a job that is done or failed anew and publish it again over its own former file. "
      "Answered by `redone`. The same redo_id sent again is the same redo.";
  std::string redo_id, job;
  std::vector<std::uint64_t> segments;
  std::int64_t seed = -1;
  std::string text;
  template <class V>
  static void fields(V&& v) {
    v("redo_id", &Redo::redo_id, "client-made, unique for ever: 8 to 64 letters, digits or dashes");
    v("job", &Redo::job, "number, id, or start of an id of at least 4 characters");
    v("segments", &Redo::segments, "their indexes");
    v("seed", &Redo::seed, "of the new takes; -1: derived, another one than before unless the text changes");
    v("text", &Redo::text, "to be spoken instead, for one segment; empty: the same text");
  }
};

struct Verify {
  static constexpr const char* kType = "verify";
  static constexpr const char* kDoc =
      "client: is what this job published still whole? Answered by `verified` when all of it was read; changes nothing.";
  std::string job, file;
  template <class V>
  static void fields(V&& v) {
    v("job", &Verify::job, "number, id, or start of an id of a job that is done; empty: by file");
    v("file", &Verify::file, "absolute path of the audio or its sidecar, of a job that may be forgotten; empty: by job");
  }
};

struct Prune {
  static constexpr const char* kType = "prune";
  static constexpr const char* kDoc =
      "client: forget finished jobs and remove takes that no unfinished or failed job needs. Answered by `pruned`.";
  double jobs_older_s = -1, takes_older_s = -1;
  std::int64_t takes_max_bytes = -1;
  bool dry_run = false;
  template <class V>
  static void fields(V&& v) {
    v("jobs_older_s", &Prune::jobs_older_s, "jobs that ended longer ago; -1: none");
    v("takes_older_s", &Prune::takes_older_s, "takes made longer ago; -1: none for their age");
    v("takes_max_bytes", &Prune::takes_max_bytes, "the oldest takes beyond so many bytes in all; -1: none for their size");
    v("dry_run", &Prune::dry_run, "only say what would go");
  }
};

struct Outputs {
  static constexpr const char* kType = "outputs";
  static constexpr const char* kDoc = "client: which files did jobs that are done put out? Answered by `output_list`.";
  std::uint64_t after = 0;
  template <class V>
  static void fields(V&& v) {
    v("after", &Outputs::after, "only jobs with a larger number: the last one of the list before, 0 at first");
  }
};

struct Backup {
  static constexpr const char* kType = "backup";
  static constexpr const char* kDoc =
      "client: write a copy of the database, as it is at its end, while work goes on. Answered by `backed_up`.";
  std::string file;
  template <class V>
  static void fields(V&& v) {
    v("file", &Backup::file, "absolute path; must not exist");
  }
};

struct Plan {
  static constexpr const char* kType = "plan";
  static constexpr const char* kDoc = "client: what will run tonight, by estimate? Answered by `planned`.";
  template <class V>
  static void fields(V&&) {}
};

struct Schedule {
  static constexpr const char* kType = "schedule";
  static constexpr const char* kDoc =
      "client: show or change the schedules. Answered by `schedules`; to `run`, once all of it is submitted.";
  std::string action, name;
  ScheduleSetting setting;
  template <class V>
  static void fields(V&& v) {
    v("action", &Schedule::action, "list, add, remove, run, pause or resume");
    v("name", &Schedule::name, "which, except for list and add");
    v("setting", &Schedule::setting, "for add");
  }
};

struct Report {
  static constexpr const char* kType = "report";
  static constexpr const char* kDoc =
      "client: what was narrated since then? Answered by `reported`, with the page for a browser as payload 0 when a "
      "folder is named.";
  std::int64_t since_ms = 0;
  std::string page_folder;
  template <class V>
  static void fields(V&& v) {
    v("since_ms", &Report::since_ms, "the begin of that time");
    v("page_folder", &Report::page_folder, "where the page will lie: its links depend on it; empty: no page");
  }
};

struct ModelChange {
  static constexpr const char* kType = "model_change";
  static constexpr const char* kDoc =
      "client: load a model in a worker, or unload what is loaded. After an unload no work of the model is handed out until "
      "it is loaded again, a job is submitted, resumed or retried, or a window or a job's time begins. Answered by `model_changed`.";
  std::string action, model, keep;
  bool now = false;
  template <class V>
  static void fields(V&& v) {
    v("action", &ModelChange::action, "load or unload");
    v("model", &ModelChange::model, "which; for unload empty: any");
    v("keep", &ModelChange::keep, "load: how long it stays without work, as `keep_alive`; empty: as set");
    v("now", &ModelChange::now, "unload: segments in work go back to the queue instead of being finished");
  }
};

struct FolderRequest {
  static constexpr const char* kType = "folder";
  static constexpr const char* kDoc = "client: about watched folders. Answered by `folders`.";
  std::string action, path;
  Json settings = Json::object();
  template <class V>
  static void fields(V&& v) {
    v("action", &FolderRequest::action,
      "list; add: watch `path`, or change its settings; remove: watch it no more, its jobs go on; scan: look now, answered "
      "when it is done");
    v("path", &FolderRequest::path, "absolute; empty for list and scan: all");
    v("settings", &FolderRequest::settings, "for add: the keys of an entry of `folders:` in config.yaml, without path");
  }
};

struct Stop {
  static constexpr const char* kType = "stop";
  static constexpr const char* kDoc = "client: end the broker and its worker in order; jobs go on at the next start.";
  template <class V>
  static void fields(V&&) {}
};

// ---- broker -> client ---------------------------------------------------------------------------------------------

struct Welcome {
  static constexpr const char* kType = "welcome";
  static constexpr const char* kDoc = "broker: the answer to `hello`, and to `stop`.";
  std::string version, data_folder;
  std::int64_t pid = 0, started_ms = 0;
  template <class V>
  static void fields(V&& v) {
    v("version", &Welcome::version, "of the broker program");
    v("data_folder", &Welcome::data_folder, "the folder that it serves");
    v("pid", &Welcome::pid, "its process");
    v("started_ms", &Welcome::started_ms, "when it started");
  }
};

struct Submitted {
  static constexpr const char* kType = "submitted";
  static constexpr const char* kDoc = "broker: the job is on disk and will be done.";
  std::string job_id, output;
  std::uint64_t number = 0;
  bool known = false;
  std::string waits{}, warning{};
  std::string name{};
  Json left_out = Json::object();
  std::vector<std::string> skippable{};
  template <class V>
  static void fields(V&& v) {
    v("job_id", &Submitted::job_id, "as submitted");
    v("output", &Submitted::output, "the audio file that it will become");
    v("number", &Submitted::number, "the job's number");
    v("known", &Submitted::known, "it had been submitted before; nothing was added");
    v("waits", &Submitted::waits, "what it waits for, as in `status`; empty: it may run");
    v("warning", &Submitted::warning,
      "why it will not be done by the wished time, by estimate, and what of the lexicon the model cannot speak; empty: nothing");
    v("name", &Submitted::name, "of the job");
    v("left_out", &Submitted::left_out, "reason -> characters with words that are not spoken; {}: none, or not looked at yet");
    v("skippable", &Submitted::skippable, "parts of the script that are read and could be skipped, where it was looked at");
  }
};

struct Estimate {
  static constexpr const char* kType = "estimate";
  static constexpr const char* kDoc = "broker: what a submit would do.";
  std::string job_id, name, output, model, voice;
  std::uint64_t segments = 0, segments_spoken = 0, characters = 0;
  double audio_s = 0;
  std::string warning{};
  Json left_out = Json::object();
  std::vector<std::string> skippable{};
  template <class V>
  static void fields(V&& v) {
    v("warning", &Estimate::warning, "what of the lexicon the model cannot speak; empty: nothing");
    v("job_id", &Estimate::job_id, "as submitted");
    v("name", &Estimate::name, "that the job would have");
    v("output", &Estimate::output, "the audio file that it would become");
    v("model", &Estimate::model, "that would speak it");
    v("voice", &Estimate::voice, "that would speak it");
    v("segments", &Estimate::segments, "how many");
    v("segments_spoken", &Estimate::segments_spoken, "of which takes are there already");
    v("characters", &Estimate::characters, "to be spoken");
    v("audio_s", &Estimate::audio_s, "expected seconds of audio");
    v("left_out", &Estimate::left_out, "reason -> characters with words that would not be spoken");
    v("skippable", &Estimate::skippable, "parts of the script that would be read and could be skipped");
  }
};

struct Jobs {
  static constexpr const char* kType = "jobs";
  static constexpr const char* kDoc = "broker: the answer to `status` and `follow`.";
  std::vector<JobView> jobs;
  std::vector<WorkerView> workers;
  std::uint64_t unfinished = 0, segments_waiting = 0;
  std::string notice;
  template <class V>
  static void fields(V&& v) {
    v("jobs", &Jobs::jobs, "in the order in which they were submitted");
    v("workers", &Jobs::workers, "all workers that the broker knows");
    v("unfinished", &Jobs::unfinished, "jobs that are not done, failed or cancelled, in all");
    v("segments_waiting", &Jobs::segments_waiting, "segments that wait for a worker, in all");
    v("notice", &Jobs::notice, "what holds all work up (no worker, no space); empty: nothing");
  }
};

struct Progress {
  static constexpr const char* kType = "progress";
  static constexpr const char* kDoc = "broker: a followed job changed.";
  JobView job;
  template <class V>
  static void fields(V&& v) {
    v("job", &Progress::job, "as it is now");
  }
};

struct Refusal {
  std::uint64_t number = 0;
  std::string reason;
  template <class V>
  static void fields(V&& v) {
    v("number", &Refusal::number, "the job");
    v("reason", &Refusal::reason, "why the change is not possible");
  }
};

struct Changed {
  static constexpr const char* kType = "changed";
  static constexpr const char* kDoc = "broker: the change is on disk.";
  std::vector<std::uint64_t> numbers;
  std::vector<Refusal> refused;
  std::string everything{};
  template <class V>
  static void fields(V&& v) {
    v("numbers", &Changed::numbers, "jobs that were changed");
    v("refused", &Changed::refused, "jobs that were not, and why");
    v("everything", &Changed::everything, "paused: jobs that come are held too; resumed: they no longer are; held: so are those that were retried; empty: nothing of that");
  }
};

struct Event {
  std::int64_t at_ms = 0;
  std::string what;
  template <class V>
  static void fields(V&& v) {
    v("at_ms", &Event::at_ms, "when");
    v("what", &Event::what, "the new state or what happened, with the reason");
  }
};

struct Events {
  static constexpr const char* kType = "events";
  static constexpr const char* kDoc = "broker: a job's history.";
  JobView job;
  std::vector<Event> events;
  template <class V>
  static void fields(V&& v) {
    v("job", &Events::job, "as it is now");
    v("events", &Events::events, "oldest first, the last 1000");
  }
};

struct SegmentList {
  static constexpr const char* kType = "segment_list";
  static constexpr const char* kDoc = "broker: the answer to `segments`.";
  JobView job;
  std::vector<SegmentView> segments;
  bool more = false;
  template <class V>
  static void fields(V&& v) {
    v("job", &SegmentList::job, "as it is now");
    v("segments", &SegmentList::segments, "in order");
    v("more", &SegmentList::more, "there are segments behind those that were looked at");
  }
};

struct Check {
  std::string name, detail;
  bool passed = false;
  template <class V>
  static void fields(V&& v) {
    v("name", &Check::name, "sidecar, audio, duration, level, script or takes");
    v("passed", &Check::passed, "it is as it should be");
    v("detail", &Check::detail, "what was found");
  }
};

struct FlaggedSegment {
  std::uint64_t index = 0;
  double start_s = 0;
  std::string text;
  std::vector<std::string> flags;
  template <class V>
  static void fields(V&& v) {
    v("index", &FlaggedSegment::index, "its number inside the job, from 0");
    v("start_s", &FlaggedSegment::start_s, "where it is heard in the file");
    v("text", &FlaggedSegment::text, "what is spoken");
    v("flags", &FlaggedSegment::flags, "what is odd about its take");
  }
};

struct Verified {
  static constexpr const char* kType = "verified";
  static constexpr const char* kDoc = "broker: what was found of a published file.";
  std::uint64_t number = 0;
  std::string name, audio, sidecar;
  bool whole = false;
  std::vector<Check> checks;
  std::vector<FlaggedSegment> flagged;
  template <class V>
  static void fields(V&& v) {
    v("number", &Verified::number, "the job; 0: the broker does not know it");
    v("name", &Verified::name, "of the job; empty: not known");
    v("audio", &Verified::audio, "the audio file");
    v("sidecar", &Verified::sidecar, "what describes it");
    v("whole", &Verified::whole, "every check passed");
    v("checks", &Verified::checks, "in this order; without a sidecar only the first");
    v("flagged", &Verified::flagged, "segments whose takes are odd, in order");
  }
};

struct Redone {
  static constexpr const char* kType = "redone";
  static constexpr const char* kDoc = "broker: the redo is on disk and will be done.";
  std::uint64_t number = 0, segments = 0, takes_gone = 0;
  std::string output, waits;
  bool known = false;
  template <class V>
  static void fields(V&& v) {
    v("number", &Redone::number, "the job");
    v("segments", &Redone::segments, "that are to be spoken; 0: all takes are there already");
    v("takes_gone", &Redone::takes_gone, "of those, segments that only lack their takes, which were removed");
    v("output", &Redone::output, "the audio file that will be replaced");
    v("known", &Redone::known, "it had been asked for before; nothing was changed");
    v("waits", &Redone::waits, "what it waits for, as in `status`; empty: it may run");
  }
};

struct Pruned {
  static constexpr const char* kType = "pruned";
  static constexpr const char* kDoc = "broker: what is gone, or would be.";
  std::uint64_t jobs = 0, takes = 0, bytes = 0;
  template <class V>
  static void fields(V&& v) {
    v("jobs", &Pruned::jobs, "forgotten");
    v("takes", &Pruned::takes, "removed");
    v("bytes", &Pruned::bytes, "that those takes held");
  }
};

struct ModelChanged {
  static constexpr const char* kType = "model_changed";
  static constexpr const char* kDoc = "broker: these workers were told; `status` shows how they go on.";
  std::vector<std::string> workers;
  template <class V>
  static void fields(V&& v) {
    v("workers", &ModelChanged::workers, "their ids; none: nothing is loaded");
  }
};

// What a job that is done put out, whether it stands there still or not.
struct OutputFiles {
  std::uint64_t number = 0;
  std::string job_id, audio, sidecar;
  template <class V>
  static void fields(V&& v) {
    v("number", &OutputFiles::number, "the job");
    v("job_id", &OutputFiles::job_id, "as it stands in the sidecar");
    v("audio", &OutputFiles::audio, "the audio file");
    v("sidecar", &OutputFiles::sidecar, "what describes it");
  }
};

struct OutputList {
  static constexpr const char* kType = "output_list";
  static constexpr const char* kDoc = "broker: the answer to `outputs`.";
  std::vector<OutputFiles> outputs;
  template <class V>
  static void fields(V&& v) {
    v("outputs", &OutputList::outputs, "by number, at most 1000; none: there are no more");
  }
};

struct BackedUp {
  static constexpr const char* kType = "backed_up";
  static constexpr const char* kDoc = "broker: the copy is whole and on disk.";
  std::string file;
  std::uint64_t bytes = 0;
  template <class V>
  static void fields(V&& v) {
    v("file", &BackedUp::file, "the copy");
    v("bytes", &BackedUp::bytes, "its size");
  }
};

struct OpenWindow {
  std::string name;
  std::int64_t begin_ms = 0, end_ms = 0;
  template <class V>
  static void fields(V&& v) {
    v("name", &OpenWindow::name, "of the window");
    v("begin_ms", &OpenWindow::begin_ms, "when it opens, or has opened");
    v("end_ms", &OpenWindow::end_ms, "when it closes; a day later when it does not close");
  }
};

struct ModelSpeed {
  std::string model;
  double times_real_time = 0;
  bool learned = false;
  template <class V>
  static void fields(V&& v) {
    v("model", &ModelSpeed::model, "its name");
    v("times_real_time", &ModelSpeed::times_real_time, "seconds of audio in a second, all workers together");
    v("learned", &ModelSpeed::learned, "measured on this machine; else the catalogue's guess");
  }
};

struct PlannedJob {
  std::uint64_t number = 0;
  std::string name, window, waits;
  std::int64_t start_ms = 0, end_ms = 0, by_ms = 0;
  double work_s = 0, part_done = 0;
  bool late = false;
  template <class V>
  static void fields(V&& v) {
    v("number", &PlannedJob::number, "the job");
    v("name", &PlannedJob::name, "of the job");
    v("window", &PlannedJob::window, "in which it runs; empty: at any time");
    v("waits", &PlannedJob::waits, "when it goes on after the plan's end, or why not; empty: not known");
    v("start_ms", &PlannedJob::start_ms, "when it will start or go on; 0: not until the plan's end");
    v("end_ms", &PlannedJob::end_ms, "when it will be done; 0: not until the plan's end");
    v("by_ms", &PlannedJob::by_ms, "wished to be done by then; 0: no wish");
    v("work_s", &PlannedJob::work_s, "seconds of work that are left of it");
    v("part_done", &PlannedJob::part_done, "how much of it will be done at the plan's end, 0 to 1");
    v("late", &PlannedJob::late, "it will not be done by the wished time");
  }
};

struct Planned {
  static constexpr const char* kType = "planned";
  static constexpr const char* kDoc = "broker: what will run until the plan's end. Every time in it is an estimate.";
  std::int64_t now_ms = 0, until_ms = 0;
  std::vector<OpenWindow> windows;
  std::vector<ModelSpeed> speeds;
  std::vector<PlannedJob> runs;
  std::uint64_t more = 0;
  template <class V>
  static void fields(V&& v) {
    v("now_ms", &Planned::now_ms, "when the plan was made");
    v("until_ms", &Planned::until_ms, "its end: when the windows that are open or open next have closed");
    v("windows", &Planned::windows, "those windows of unfinished jobs");
    v("speeds", &Planned::speeds, "that the times come from");
    v("runs", &Planned::runs, "in the order of their starts; then those that do not start until the end");
    v("more", &Planned::more, "jobs that are not shown");
  }
};

struct ScheduleView {
  ScheduleSetting setting;
  bool from_config = false, paused = false;
  std::int64_t next_ms = 0, result_ms = 0;
  std::string result;
  template <class V>
  static void fields(V&& v) {
    v("setting", &ScheduleView::setting, "what is submitted, and when");
    v("from_config", &ScheduleView::from_config, "it stands in config.yaml; else it was added by a command");
    v("paused", &ScheduleView::paused, "it is not run");
    v("next_ms", &ScheduleView::next_ms, "when it is run next; 0: paused");
    v("result_ms", &ScheduleView::result_ms, "when it was run last; 0: never");
    v("result", &ScheduleView::result, "what came of that");
  }
};

struct Schedules {
  static constexpr const char* kType = "schedules";
  static constexpr const char* kDoc = "broker: all schedules, by name.";
  std::vector<ScheduleView> schedules;
  template <class V>
  static void fields(V&& v) {
    v("schedules", &Schedules::schedules, "as they are now");
  }
};

struct Reported {
  static constexpr const char* kType = "reported";
  static constexpr const char* kDoc = "broker: what ended since a time, and what has not.";
  std::int64_t from_ms = 0, until_ms = 0;
  std::string window;
  std::uint64_t done = 0, failed = 0, cancelled = 0, carried_over = 0, more = 0;
  double audio_s = 0, working_s = 0, speed = 0, energy_j = 0;
  std::vector<JobView> jobs;
  template <class V>
  static void fields(V&& v) {
    v("from_ms", &Reported::from_ms, "the begin");
    v("until_ms", &Reported::until_ms, "the end: now");
    v("window", &Reported::window, "that it is about; empty: none");
    v("done", &Reported::done, "jobs");
    v("failed", &Reported::failed, "jobs");
    v("cancelled", &Reported::cancelled, "jobs");
    v("carried_over", &Reported::carried_over, "jobs that are not finished");
    v("more", &Reported::more, "jobs that are not shown");
    v("audio_s", &Reported::audio_s, "seconds of finished audio");
    v("working_s", &Reported::working_s, "seconds in which something was being spoken");
    v("speed", &Reported::speed, "times real time in those; 0: nothing was spoken");
    v("energy_j", &Reported::energy_j, "that the devices used while work ran; 0: their driver does not tell");
    v("jobs", &Reported::jobs, "those that ended, in that order, then those carried over");
  }
};

// A watched folder as people see it.
struct FolderView {
  std::string path, source, state, notice;
  Json settings = Json::object();
  std::uint64_t waiting = 0, unfinished = 0, done = 0, failed = 0;
  std::vector<std::string> problems;
  template <class V>
  static void fields(V&& v) {
    v("path", &FolderView::path, "the folder; a profile is a folder of its own");
    v("source", &FolderView::source, "config, added or profile");
    v("state", &FolderView::state, "watching (events), polling, missing or starting");
    v("notice", &FolderView::notice, "why nothing is taken from it; empty: nothing holds it up");
    v("settings", &FolderView::settings, "what is dropped gets these, as far as the folder says");
    v("waiting", &FolderView::waiting, "scripts that lie there and have not stood still yet");
    v("unfinished", &FolderView::unfinished, "scripts taken that are not in done/ or failed/ yet");
    v("done", &FolderView::done, "scripts that went to done/ since the broker started");
    v("failed", &FolderView::failed, "scripts that went to failed/ since the broker started");
    v("problems", &FolderView::problems, "files that cannot be taken, and why; the first 20");
  }
};

struct Folders {
  static constexpr const char* kType = "folders";
  static constexpr const char* kDoc = "broker: the watched folders, after the change that was asked for.";
  std::vector<FolderView> folders;
  template <class V>
  static void fields(V&& v) {
    v("folders", &Folders::folders, "all, or those that the request named");
  }
};

struct Error {
  static constexpr const char* kType = "error";
  static constexpr const char* kDoc = "broker: a request was refused and changed nothing.";
  std::int64_t exit = 70;
  std::string message, hint;
  template <class V>
  static void fields(V&& v) {
    v("exit", &Error::exit, "the exit code that the client should end with");
    v("message", &Error::message, "what is wrong, naming the field or file");
    v("hint", &Error::hint, "the mend; may be empty");
  }
};

// ---- worker <-> broker --------------------------------------------------------------------------------------------

struct Ready {
  static constexpr const char* kType = "ready";
  static constexpr const char* kDoc =
      "worker: here I am, with room for this many segments. The first message of an agent, and again whenever the broker "
      "answers a heartbeat with `who`. The broker takes leases that it knows and the list lacks as given up.";
  std::string worker, device, version;
  std::int64_t pid = 0;
  std::uint64_t credit = 0;
  std::vector<Lease> leases;
  template <class V>
  static void fields(V&& v) {
    v("worker", &Ready::worker, "its id, unique for ever");
    v("device", &Ready::device, "cpu or cuda:N");
    v("version", &Ready::version, "of the program");
    v("pid", &Ready::pid, "of the agent");
    v("credit", &Ready::credit, "segments that it has room for in all");
    v("leases", &Ready::leases, "segments that it holds");
  }
};

struct Heartbeat {
  static constexpr const char* kType = "heartbeat";
  static constexpr const char* kDoc =
      "worker: every second, with what it does; the broker answers with `heartbeat` too, so that both know that the other "
      "lives; of its fields only those of the expected work are filled.";
  std::string worker, device, state, model, waits_for, refuses, expected_model;
  std::int64_t engine_pid = 0, unload_in_ms = 0, expected_in_ms = 0;
  std::uint64_t credit = 0, memory_bytes = 0, peak_memory_bytes = 0, device_bytes = 0, peak_device_bytes = 0;
  template <class V>
  static void fields(V&& v) {
    v("worker", &Heartbeat::worker, "its id");
    v("state", &Heartbeat::state, "cold, loading, warm, busy, draining or backoff");
    v("model", &Heartbeat::model, "the loaded model; empty when cold");
    v("engine_pid", &Heartbeat::engine_pid, "of the engine process; 0: none");
    v("credit", &Heartbeat::credit, "segments that it has room for in all; grows when the engine says its lanes");
    v("memory_bytes", &Heartbeat::memory_bytes, "resident memory of the engine process now");
    v("peak_memory_bytes", &Heartbeat::peak_memory_bytes, "its peak");
    v("device_bytes", &Heartbeat::device_bytes, "its memory on the device, as the driver tells");
    v("peak_device_bytes", &Heartbeat::peak_device_bytes, "the most that was seen");
    v("unload_in_ms", &Heartbeat::unload_in_ms, "until the idle model is unloaded; 0: it is not idle; -1: never");
    v("device", &Heartbeat::device, "that the engine runs on when it is not the worker's own; else empty");
    v("waits_for", &Heartbeat::waits_for, "why it does not load what is asked of it; empty: nothing holds it up");
    v("refuses", &Heartbeat::refuses, "the model that it cannot take work of for now; empty: none");
    v("expected_model", &Heartbeat::expected_model, "broker: of work that may run soon; empty: none is known");
    v("expected_in_ms", &Heartbeat::expected_in_ms, "broker: until then");
  }
};

struct Who {
  static constexpr const char* kType = "who";
  static constexpr const char* kDoc = "broker: a worker that I do not know; say `ready` again.";
  template <class V>
  static void fields(V&&) {}
};

struct Work {
  static constexpr const char* kType = "work";
  static constexpr const char* kDoc = "broker to worker, agent to engine: speak this segment.";
  Lease lease;
  std::string model, voice, text, sound;
  double speed = 1;
  std::uint64_t seed = 0;
  template <class V>
  static void fields(V&& v) {
    v("lease", &Work::lease, "names it in every answer");
    v("model", &Work::model, "that must be loaded; one worker holds leases of one model at a time");
    v("voice", &Work::voice, "of that model: of the segment, else of the job");
    v("text", &Work::text, "what is spoken, numbers and abbreviations written out");
    v("sound", &Work::sound,
      "to another machine: digest of model, voice and precision, which its own must equal; empty: do not compare");
    v("speed", &Work::speed, "0.5 to 2.0");
    v("seed", &Work::seed, "for all randomness in it");
  }
};

struct CancelWork {
  static constexpr const char* kType = "cancel_work";
  static constexpr const char* kDoc = "broker to worker, agent to engine: nobody wants these any more; do not answer.";
  std::vector<Lease> leases;
  template <class V>
  static void fields(V&& v) {
    v("leases", &CancelWork::leases, "which");
  }
};

struct Take {
  static constexpr const char* kType = "take";
  static constexpr const char* kDoc =
      "engine to agent to broker: the audio of a segment. Payload 0: mono samples, 32-bit float, little-endian.";
  Lease lease;
  std::uint64_t frames = 0;
  std::int64_t sample_rate_hz = 0;
  double computing_s = 0;
  Json notes = Json::object();
  template <class V>
  static void fields(V&& v) {
    v("lease", &Take::lease, "which segment, which try");
    v("frames", &Take::frames, "samples in the payload");
    v("sample_rate_hz", &Take::sample_rate_hz, "of the payload");
    v("computing_s", &Take::computing_s, "seconds that it took");
    v("notes", &Take::notes, "what the engine has to say about it, for the sidecar");
  }
};

struct SegmentFailed {
  static constexpr const char* kType = "segment_failed";
  static constexpr const char* kDoc = "engine to agent to broker: a segment could not be spoken.";
  Lease lease;
  bool retryable = true;
  std::string reason;
  template <class V>
  static void fields(V&& v) {
    v("lease", &SegmentFailed::lease, "which segment, which try");
    v("retryable", &SegmentFailed::retryable, "another try may succeed");
    v("reason", &SegmentFailed::reason, "one line for the user");
  }
};

struct GiveBack {
  static constexpr const char* kType = "give_back";
  static constexpr const char* kDoc = "worker: these segments were not begun or not finished; nobody is to blame.";
  std::vector<Lease> leases;
  template <class V>
  static void fields(V&& v) {
    v("leases", &GiveBack::leases, "which");
  }
};

struct EngineFailed {
  static constexpr const char* kType = "engine_failed";
  static constexpr const char* kDoc =
      "engine to agent to broker: the engine could not start or ended by itself. The agent sends it with the leases that "
      "were lost with it; an engine sends it, without leases, before it exits.";
  std::string model, message, hint;
  std::int64_t exit = 70;
  bool loading = false, final = false;
  std::vector<Lease> leases;
  template <class V>
  static void fields(V&& v) {
    v("model", &EngineFailed::model, "that it ran or was to load");
    v("message", &EngineFailed::message, "what happened, naming the file if one is at fault");
    v("hint", &EngineFailed::hint, "the mend; may be empty");
    v("exit", &EngineFailed::exit, "exit code by the README's table; 6: it ran out of memory, nobody is to blame");
    v("final", &EngineFailed::final, "trying again is useless: the model's jobs fail");
    v("loading", &EngineFailed::loading, "it had not become ready");
    v("leases", &EngineFailed::leases, "segments that were in it");
  }
};

struct Unload {
  static constexpr const char* kType = "unload";
  static constexpr const char* kDoc =
      "broker to worker: give the model's memory back whatever `keep_alive` is. The engine finishes the segments that it "
      "has begun and ends; the agent passes their takes on, gives the other leases back, and stays.";
  bool now = false;
  template <class V>
  static void fields(V&& v) {
    v("now", &Unload::now, "do not finish what was begun: give it back too");
  }
};

struct Load {
  static constexpr const char* kType = "load";
  static constexpr const char* kDoc =
      "broker to worker: load this model though there may be no work for it, as soon as no other work is held.";
  std::string model, keep;
  template <class V>
  static void fields(V&& v) {
    v("model", &Load::model, "which");
    v("keep", &Load::keep, "how long it stays without work, in the forms of the setting `keep_alive`; empty: as set");
  }
};

struct Measure {
  std::string model, device;
  std::int64_t lanes = 0;
  double loading_s = 0;
  std::uint64_t memory_bytes = 0, device_bytes = 0;
  template <class V>
  static void fields(V&& v) {
    v("model", &Measure::model, "which");
    v("device", &Measure::device, "cpu or cuda:N");
    v("lanes", &Measure::lanes, "segments that it spoke at once");
    v("loading_s", &Measure::loading_s, "from the start of the process until it was ready");
    v("memory_bytes", &Measure::memory_bytes, "peak of the process's resident memory");
    v("device_bytes", &Measure::device_bytes, "peak of its memory on the device");
  }
};

struct Measured {
  static constexpr const char* kType = "measured";
  static constexpr const char* kDoc =
      "worker to broker: what an engine took, when it has ended. Broker to worker, after `ready`: what was measured before.";
  std::vector<Measure> measures;
  template <class V>
  static void fields(V&& v) {
    v("measures", &Measured::measures, "one for each model, device and number of lanes");
  }
};

struct Retire {
  static constexpr const char* kType = "retire";
  static constexpr const char* kDoc =
      "broker to worker: end. The agent gives back what is not finished, ends the engine and exits.";
  template <class V>
  static void fields(V&&) {}
};

// ---- agent <-> engine ---------------------------------------------------------------------------------------------

struct EngineReady {
  static constexpr const char* kType = "engine_ready";
  static constexpr const char* kDoc = "engine to agent: the model is loaded.";
  std::string engine;
  std::int64_t revision = 0, sample_rate_hz = 0, lanes = 1;
  double loading_s = 0;
  template <class V>
  static void fields(V&& v) {
    v("engine", &EngineReady::engine, "which engine it is");
    v("revision", &EngineReady::revision, "must be the catalogue's revision of the model");
    v("sample_rate_hz", &EngineReady::sample_rate_hz, "of its takes");
    v("lanes", &EngineReady::lanes, "segments that are worth having in work at once");
    v("loading_s", &EngineReady::loading_s, "from the start of the process");
  }
};

struct Finish {
  static constexpr const char* kType = "finish";
  static constexpr const char* kDoc = "agent to engine: finish what is begun, then exit.";
  template <class V>
  static void fields(V&&) {}
};

// Calls f.operator()<T>() for every message, in the order of this file.
template <class F>
void for_each_message(F&& f) {
  [&]<class... T>(std::type_identity<T>...) { (f.template operator()<T>(), ...); }(
      std::type_identity<Hello>{}, std::type_identity<Submit>{}, std::type_identity<Status>{},
      std::type_identity<Follow>{}, std::type_identity<Change>{}, std::type_identity<History>{},
      std::type_identity<Segments>{}, std::type_identity<Redo>{}, std::type_identity<Verify>{},
      std::type_identity<Prune>{}, std::type_identity<Outputs>{}, std::type_identity<Backup>{},
      std::type_identity<Plan>{}, std::type_identity<Schedule>{}, std::type_identity<Report>{},
      std::type_identity<FolderRequest>{}, std::type_identity<ModelChange>{}, std::type_identity<Stop>{},
      std::type_identity<Welcome>{}, std::type_identity<Submitted>{}, std::type_identity<Estimate>{},
      std::type_identity<Jobs>{}, std::type_identity<Progress>{}, std::type_identity<Changed>{},
      std::type_identity<Events>{}, std::type_identity<SegmentList>{}, std::type_identity<Verified>{},
      std::type_identity<Redone>{},
      std::type_identity<Pruned>{}, std::type_identity<OutputList>{},
      std::type_identity<ModelChanged>{}, std::type_identity<BackedUp>{}, std::type_identity<Planned>{},
      std::type_identity<Schedules>{}, std::type_identity<Reported>{},
      std::type_identity<Folders>{}, std::type_identity<Error>{}, std::type_identity<Ready>{}, std::type_identity<Heartbeat>{},
      std::type_identity<Who>{}, std::type_identity<Work>{}, std::type_identity<CancelWork>{},
      std::type_identity<Take>{}, std::type_identity<SegmentFailed>{}, std::type_identity<GiveBack>{},
      std::type_identity<EngineFailed>{}, std::type_identity<Unload>{}, std::type_identity<Load>{},
      std::type_identity<Measured>{}, std::type_identity<Retire>{}, std::type_identity<EngineReady>{},
      std::type_identity<Finish>{});
}

}  // namespace lectern::protocol
