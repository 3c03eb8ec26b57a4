// lectern submit: scripts become jobs of one batch.
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/delivery_options.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/narration.h"
#include "cli/output_names.h"
#include "cli/progress_line.h"
#include "cli/progress_view.h"
#include "config/quantity.h"
#include "config/script_format.h"
#include "config/script_list.h"
#include "cli/submission.h"
#include "cli/voice_making.h"
#include "cli/watch.h"
#include "config/calendar/words.h"
#include "config/file.h"
#include "config/script_settings.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLinesShown = 20;

struct Options {
  std::vector<std::string> words;
  std::string model, voice, cast, lexicon, format, output, name, window, at, after, by, skip, text_format;
  double speed = 0;
  std::int64_t priority = 0;
  Delivery delivery;
  bool wait = false, dry_run = false, overwrite = false, recursive = false, markdown = false;
};

// One run of the command.
class Submitting {
 public:
  Submitting(const Context& context, Options options) : context_(context), options_(std::move(options)) {}

  int run() {
    const Settings settings = context_.settings();
    max_bytes_ = settings.max_script_bytes;
    not_before_ms_ = time_of("--at", options_.at, false);
    by_ms_ = time_of("--by", options_.by, true);
    if (!options_.cast.empty()) cast_ = read_cast(options_.cast);
    if (!options_.skip.empty()) reading_ = to_json(parse_reading(options_.skip, "--skip"));
    ScriptList list = find_scripts(options_.words, {options_.recursive, max_bytes_});
    bad_ = std::move(list.bad);
    if (list.scripts.empty() && bad_.size() == 1) throw bad_[0].fault;
    names_.emplace(options_.output, options_.format, settings, list.scripts.size() + bad_.size());
    read_streams(list.scripts);
    if (!list.scripts.empty()) send(std::move(list.scripts));
    report_bad();
    return exit_;
  }

 private:
  // What --at or --by says; 0 when it is not given.
  static std::int64_t time_of(const char* option, const std::string& words, bool ahead) {
    if (words.empty()) return 0;
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const auto at = calendar::instant_in(words, *calendar::Zone::find(""), now);
    if (!at)
      throw Fault(Exit::usage, std::string(option) + ": '" + words + "' is not understood as a time",
                  "write 22:00, 'tomorrow 06:00', 'fri 22:00', '2026-12-24 22:00' or +3h");
    if (ahead && *at <= now)
      throw Fault(Exit::usage, std::string(option) + ": '" + words + "' has passed", "give a time that is still to come");
    return *at;
  }

  static nlohmann::json read_cast(const std::string& file) {
    YamlFields speakers(parse_yaml(read_file(file), file), file, "");
    return take_cast(speakers);
  }

  // Standard input and pipes are read before anything else: Ctrl-C still ends the program there.
  void read_streams(const std::vector<Script>& scripts) {
    for (const Script& script : scripts) {
      if (!script.stream) continue;
      if (options_.name.empty() && !names_->names_file())
        throw Fault(Exit::usage,
                    script.path == "-" ? "standard input has no name to call the audio by"
                                       : script.path.string() + " is no file to call the audio after",
                    "give --name NAME or --output FILE");
      streams_[script.path.string()] = read_script(script, max_bytes_);
    }
  }

  // Empty: the broker takes the front matter's title, or the script's name.
  std::string job_name(const Script& script) const {
    if (single_ && !options_.name.empty()) return options_.name;
    if (!script.stream) return {};
    return names_->names_file() ? names_->wished(script, "").stem().string() : options_.name;
  }

  Submission::Outgoing compose(const Script& script) const {
    Submission::Outgoing outgoing;
    protocol::Submit& m = outgoing.message;
    m.job_id = random_id();
    m.batch_id = batch_id_;
    m.batch_name = single_ ? "" : options_.name;
    m.name = job_name(script);
    m.script_name = script.path == "-" ? "standard input" : fs::absolute(script.path).lexically_normal().string();
    m.text_format = !options_.text_format.empty()                         ? options_.text_format
                    : options_.markdown && script.format == "plain" ? "markdown"
                                                                          : script.format;
    m.reading = reading_;
    m.model = options_.model;
    m.voice = options_.voice;
    m.cast = cast_;
    m.delivery = said_delivery(options_.delivery);
    m.lexicon = options_.lexicon.empty() ? "" : fs::absolute(options_.lexicon).lexically_normal().string();
    m.format = options_.format.empty() && !names_->names_file() ? "" : names_->format();
    m.output = names_->wished(script, m.name).string();
    m.speed = options_.speed;
    m.priority = options_.priority;
    m.overwrite = options_.overwrite;
    m.dry_run = options_.dry_run;
    m.window = options_.window;
    m.after = !options_.after.empty() && options_.after[0] == '#' ? options_.after.substr(1) : options_.after;
    m.not_before_ms = not_before_ms_;
    m.by_ms = by_ms_;
    const auto stream = streams_.find(script.path.string());
    outgoing.bytes = stream != streams_.end() ? stream->second : read_script(script, max_bytes_);
    return outgoing;
  }

  void send(std::vector<Script> scripts) {
    single_ = scripts.size() + bad_.size() == 1;
    const LocalBroker broker(context_.paths());
    broker.ensure_running();
    Interrupt interrupt;
    Connection connection = broker.connect_or_start(&interrupt);
    Submission submission(connection, std::move(scripts), [this](const Script& script) { return compose(script); });
    try {
      submission.run();
    } catch (const Interrupted&) {
      interrupt.forget();
      const std::size_t unknown = submission.hear_out(Connection::Clock::now() + std::chrono::seconds(1));
      tell_cut_short(submission, unknown);
      exit_ = kInterrupted;
      return;
    } catch (const Fault&) {
      tell_cut_short(submission, 0);
      throw;
    }
    collect_faults(submission);
    if (options_.dry_run) return show_estimates(submission);
    show_jobs(submission);
    if (options_.wait && accepted(submission) > 0) wait_for_all(connection);
  }

  static std::size_t accepted(const Submission& submission) {
    std::size_t sum = 0;
    for (const auto& outcome : submission.outcomes()) sum += outcome.answer.has_value();
    return sum;
  }

  // `unknown`: scripts that were sent and not answered.
  void tell_cut_short(const Submission& submission, std::size_t unknown) const {
    const std::size_t sent = accepted(submission);
    if (options_.dry_run || sent + unknown == 0) return;
    const std::string perhaps = unknown > 0 ? ", " + count(unknown) + " more perhaps," : "";
    std::fprintf(stderr, "note: %s of %s had been accepted%s and will be done; see them: lectern status --batch %s\n",
                 count(sent).c_str(), count(submission.scripts().size(), "script").c_str(), perhaps.c_str(),
                 batch_id_.c_str());
  }

  void collect_faults(const Submission& submission) {
    for (std::size_t i = 0; i < submission.scripts().size(); ++i)
      if (const auto& fault = submission.outcomes()[i].fault) bad_.push_back({submission.scripts()[i].path, *fault});
  }

  void show_jobs(const Submission& submission) {
    std::vector<protocol::Submitted> jobs;
    nlohmann::json list = nlohmann::json::array();
    std::string lines;
    std::set<std::string> waits;
    std::vector<std::string> warnings;
    for (std::size_t i = 0; i < submission.scripts().size(); ++i) {
      const auto& answer = submission.outcomes()[i].answer;
      if (!answer) continue;
      const auto& job = jobs.emplace_back(Connection::expect<protocol::Submitted>(*answer));
      lines += fmt::format("#{}  {}  {}\n", job.number, printable(job.name), printable(job.output));
      if (!job.waits.empty()) waits.insert(job.waits);
      if (!job.warning.empty()) warnings.push_back(fmt::format("#{}: {}", job.number, job.warning));
      note_left_out(fmt::format("#{}", job.number), job.left_out, job.skippable);
      nlohmann::json entry = protocol::detail::to_json(job);
      entry["script"] = submission.scripts()[i].path.string();
      list.push_back(entry);
    }
    if (context_.json) {
      json_ = {{"batch_id", batch_id_}, {"jobs", list}};
      return;
    }
    if (jobs.size() > kLinesShown)
      lines = fmt::format("{} submitted: #{} to #{}, batch {}\n", count(jobs.size(), "job"), jobs.front().number,
                          jobs.back().number, batch_id_);
    if (waits.size() == 1) lines += printable(*waits.begin()) + "\n";
    write_text(STDOUT_FILENO, lines);
    show_notes();
    for (std::size_t i = 0; i < std::min(warnings.size(), kLinesShown); ++i)
      std::fprintf(stderr, "warning: %s\n", printable(warnings[i]).c_str());
    if (warnings.size() > kLinesShown)
      std::fprintf(stderr, "warning: and %s more\n", count(warnings.size() - kLinesShown).c_str());
  }

  void show_estimates(const Submission& submission) {
    nlohmann::json list = nlohmann::json::array();
    std::vector<std::vector<std::string>> rows{{"NAME", "SEGMENTS", "SPOKEN", "CHARACTERS", "AUDIO", "OUTPUT"}};
    protocol::Estimate sum;
    for (std::size_t i = 0; i < submission.scripts().size(); ++i) {
      const auto& answer = submission.outcomes()[i].answer;
      if (!answer) continue;
      const auto e = Connection::expect<protocol::Estimate>(*answer);
      list.push_back(protocol::detail::to_json(e));
      rows.push_back({printable(e.name), count(e.segments), count(e.segments_spoken), count(e.characters),
                      clock_time(e.audio_s), printable(e.output)});
      note_left_out(printable(e.name), e.left_out, e.skippable);
      sum.segments += e.segments;
      sum.segments_spoken += e.segments_spoken;
      sum.characters += e.characters;
      sum.audio_s += e.audio_s;
      if (!e.warning.empty())
        std::fprintf(stderr, "warning: %s: %s\n", printable(e.name).c_str(), printable(e.warning).c_str());
    }
    if (context_.json) {
      json_ = {{"estimates", list}};
      return;
    }
    if (rows.size() > 2)
      rows.push_back({count(rows.size() - 1, "script"), count(sum.segments), count(sum.segments_spoken),
                      count(sum.characters), clock_time(sum.audio_s), ""});
    if (rows.size() == 1) return;
    write_text(STDOUT_FILENO, aligned(rows, {false, true, true, true, true, false}));
    write_text(STDOUT_FILENO, fmt::format("{} of {} already spoken\n", count(sum.segments_spoken),
                                          count(sum.segments, "segment") + (sum.segments == 1 ? " is" : " are")));
    show_notes();
  }

  // What will not be heard, and what need not be.
  void note_left_out(const std::string& job, const nlohmann::json& left_out, const std::vector<std::string>& skippable) {
    std::string reasons, parts;
    for (const auto& [reason, characters] : left_out.items())
      reasons += (reasons.empty() ? "" : ", ") + reason + " (" + count(characters.get<std::uint64_t>(), "character") + ")";
    for (const std::string& part : skippable) parts += (parts.empty() ? "" : ",") + part;
    if (!reasons.empty()) notes_.push_back(job + ": not spoken: " + reasons);
    if (!parts.empty()) notes_.push_back(job + ": --skip " + parts + " would leave these parts out");
  }

  void show_notes() {
    for (std::size_t i = 0; i < std::min(notes_.size(), kLinesShown); ++i)
      std::fprintf(stderr, "note: %s\n", printable(notes_[i]).c_str());
    if (notes_.size() > kLinesShown)
      std::fprintf(stderr, "note: and %s more; --json shows all\n", count(notes_.size() - kLinesShown).c_str());
  }

  void wait_for_all(Connection& connection) {
    protocol::Selection selection;
    selection.batch_id = batch_id_;
    Watch watch(connection, selection);
    ProgressView view(Terminal::of(STDOUT_FILENO));
    auto show = [&](const std::string& text) {
      if (!context_.json) write_text(STDOUT_FILENO, text);
    };
    try {
      watch.run([&](const protocol::Jobs& state) { show(view.show(state, Connection::Clock::now())); });
    } catch (const Interrupted&) {
      std::fprintf(stderr, "\nnote: the jobs go on; look at them with: lectern status --follow --batch %s\n",
                   batch_id_.c_str());
      exit_ = kInterrupted;
      return;
    }
    show(view.finish(watch.state()));
    if (context_.json) json_["finished"] = protocol::detail::to_json(watch.state())["jobs"];
    const Totals sum = totals(watch.state().jobs);
    if (sum.done < sum.jobs) exit_ = static_cast<int>(Exit::job_failed);
  }

  // Bad scripts come last, where they are seen; their exit code stands over that of failed jobs.
  void report_bad() {
    if (context_.json) {
      json_["refused"] = nlohmann::json::array();
      for (const BadScript& bad : bad_)
        json_["refused"].push_back({{"script", bad.path.string()},
                                    {"error", bad.fault.what()},
                                    {"hint", bad.fault.hint()},
                                    {"exit", static_cast<int>(bad.fault.exit())}});
      print_json(json_);
    }
    std::size_t shown = 0;
    for (const BadScript& bad : bad_) {
      if (++shown > kLinesShown) break;
      const std::string what = bad.fault.what(), path = bad.path.string();
      const bool names_it = what.find(bad.path.filename().string()) != std::string::npos;
      std::fputs(describe(Fault(bad.fault.exit(), names_it ? what : path + ": " + what, bad.fault.hint())).c_str(),
                 stderr);
    }
    if (bad_.size() > 1)
      std::fprintf(stderr, "error: %s could not be %s%s\n", count(bad_.size(), "script").c_str(),
                   options_.dry_run ? "looked at" : "submitted", shown < bad_.size() ? "; these are the first" : "");
    if (!bad_.empty() && exit_ != kInterrupted) exit_ = static_cast<int>(bad_[0].fault.exit());
  }

  const Context& context_;
  const Options options_;
  const std::string batch_id_ = random_id();
  std::uint64_t max_bytes_ = 0;
  std::int64_t not_before_ms_ = 0, by_ms_ = 0;
  nlohmann::json cast_ = nlohmann::json::object(), reading_ = nlohmann::json::object();
  bool single_ = true;
  std::optional<OutputNames> names_;
  std::map<std::string, std::string> streams_;
  std::vector<BadScript> bad_;
  std::vector<std::string> notes_;
  nlohmann::json json_ = nlohmann::json::object();
  int exit_ = 0;
};

// A voice that is given as a file becomes one of the user's voices.
int submit(const Context& context, Options options) {
  if (names_recording(options.voice))
    options.voice = VoiceMaking(context.paths(), context.settings()).inline_voice(options.voice, options.model);
  return Submitting(context, std::move(options)).run();
}

}  // namespace

int narrate(const Context& context, const Narration& narration) {
  Options options;
  options.words = {narration.script};
  options.name = narration.name;
  options.model = narration.model;
  options.voice = narration.voice;
  options.output = narration.output;
  options.wait = true;
  return submit(context, std::move(options));
}

void add_submit(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("submit", "Narrate scripts: files, folders, globs, or - for standard input");
  command->group(kJobCommands);
  auto o = std::make_shared<Options>();
  command
      ->add_option("SCRIPT", o->words,
                   "Files; folders, of which " + script_extension_words() + " are taken; globs; - reads standard input")
      ->required();
  command
      ->add_option("--voice", o->voice,
                   "Who speaks: a voice, a blend as in af_heart:0.6+bm_george:0.4, or a recording; default: the setting, "
                   "else the model's own")
      ->type_name("NAME|FILE");
  command
      ->add_option("--cast", o->cast, "Who speaks lines like 'Anna: Come in.': a file with lines like 'Anna: af_heart'")
      ->type_name("FILE");
  command
      ->add_option("--lexicon", o->lexicon, "Pronunciations for these scripts, over those of `lectern lexicon`")
      ->type_name("FILE");
  command->add_option("--model", o->model, "What speaks; default: the setting, else kokoro-82m")->type_name("NAME");
  command->add_option("--speed", o->speed, "Speaking rate, 0.5 to 2.0; default: the setting, else 1.0")
      ->check(CLI::Range(0.5, 2.0))
      ->type_name("FACTOR");
  command->add_option("--format", o->format, "wav, flac, ogg, opus, mp3 or m4b; default: by --output, the setting, flac")
      ->check(CLI::IsMember(audio_formats()))
      ->type_name("FORMAT");
  command
      ->add_option("-o,--output", o->output,
                   "Folder for the audio, or a file for one script; default: the setting, else beside each script")
      ->type_name("DIR|FILE");
  add_delivery_options(*command, o->delivery);
  command->add_option("--priority", o->priority, "-100 to 100, higher runs earlier; default: 0")
      ->check(CLI::Range(-100, 100))
      ->type_name("N");
  command
      ->add_option("--window", o->window,
                   "Run only inside this window of config.yaml; 'always': at any time; default: the setting `window`")
      ->type_name("NAME");
  command->add_option("--at", o->at, "Start at this time at the earliest: 22:00, 'tomorrow 06:00', 'fri 22:00', +3h")
      ->type_name("TIME");
  command->add_option("--after", o->after, "Run when that job has ended, whether it is done, failed or cancelled")
      ->type_name("JOB");
  command->add_option("--by", o->by, "Wished to be done by then: warns now when, by estimate, it will not be")
      ->type_name("TIME");
  command->add_option("--name", o->name, "Of the job and its title; of the batch when there are several scripts")
      ->type_name("NAME");
  command->add_flag("--markdown", o->markdown, "Read every text as Markdown; default: .md and .markdown files");
  command
      ->add_option("--text-format", o->text_format,
                   "Read every script as " + script_format_names() + "; default: by its extension, else plain")
      ->check(CLI::Validator(
          [](std::string& name) { return is_script_format(name) ? "" : "there is no format '" + name + "'"; }, ""))
      ->type_name("FORMAT");
  command
      ->add_option("--skip", o->skip,
                   "Parts that are not read: contents, boilerplate, footnotes (with commas), or none; default: the setting")
      ->type_name("PARTS");
  command->add_flag("-r,--recursive", o->recursive, "Look into the folders of folders too");
  command->add_flag("--overwrite", o->overwrite, "Replace existing audio; default: a numbered name beside it");
  command->add_flag("-w,--wait", o->wait, "Stay until the jobs are finished, and show how they get on");
  command->add_flag("-n,--dry-run", o->dry_run, "Only say what would be done: segments, characters, expected time");
  command->footer(
      "Examples:\n"
      "  lectern submit chapters/ --voice bf_emma --output audio/\n"
      "  lectern submit book.md --format mp3 --wait\n"
      "  lectern submit book.md --format m4b --cover cover.jpg --author 'Jane Austen'\n"
      "  lectern submit book.md --format mp3 --split chapters --subtitles srt,vtt\n"
      "  lectern submit chapters/ --window night --by 'fri 07:00'\n"
      "  fortune | lectern submit - --name fortune");
  command->callback([&context, &chosen, o] { chosen = [&context, o] { return submit(context, *o); }; });
}

}  // namespace lectern::cli
