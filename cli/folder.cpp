// lectern folder: watched folders: add, list, remove, scan.
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/delivery_options.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/output_names.h"
#include "config/quantity.h"
#include "config/reading.h"
#include "config/script_format.h"
#include "cli/terminal.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using protocol::FolderView;

constexpr std::chrono::milliseconds kLookAgain(300);

struct Options {
  std::string path, model, voice, format, window, output, lexicon;
  std::optional<double> speed, stable_s, poll_s;
  std::optional<std::int64_t> priority;
  std::vector<std::string> profiles, ignore, extensions;
  Delivery delivery;
  std::string skip;
  bool poll = false, once = false;
  double timeout_s = 0;
};

// As the broker knows it: absolute, links of the folder's own path resolved.
std::string absolute_path(const std::string& path) {
  if (path.empty()) return {};
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  fs::path whole = error ? fs::absolute(path).lexically_normal() : real;
  if (!whole.has_filename()) whole = whole.parent_path();
  return whole.string();
}

// "draft:speed=1.25,format=mp3" -> {"speed": 1.25, "format": "mp3"}
nlohmann::json profile_settings(const std::string& words) {
  nlohmann::json settings = nlohmann::json::object();
  for (const std::string& word : CLI::detail::split(words, ',')) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      throw Fault(Exit::usage, "--profile: '" + word + "' is no key=value", "write NAME:voice=anna,speed=1.25");
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    double number = 0;
    if (key == "priority" && CLI::detail::lexical_cast(value, number))
      settings[key] = static_cast<std::int64_t>(number);
    else if (key == "speed" && CLI::detail::lexical_cast(value, number))
      settings[key] = number;
    else
      settings[key] = key == "output" ? absolute_path(value) : value;
  }
  return settings;
}

nlohmann::json folder_settings(const Options& o) {
  nlohmann::json settings = nlohmann::json::object();
  const std::pair<const char*, const std::string*> words[] = {
      {"model", &o.model}, {"voice", &o.voice}, {"format", &o.format}, {"window", &o.window}};
  for (const auto& [key, value] : words)
    if (!value->empty()) settings[key] = *value;
  if (!o.output.empty()) settings["output"] = absolute_path(o.output);
  settings.update(said_delivery(o.delivery));
  if (!o.lexicon.empty()) settings["lexicon"] = absolute_path(o.lexicon);
  if (o.speed) settings["speed"] = *o.speed;
  if (o.priority) settings["priority"] = *o.priority;
  if (o.stable_s) settings["stable_s"] = *o.stable_s;
  if (o.poll_s) settings["poll_s"] = *o.poll_s;
  if (o.poll) settings["poll"] = true;
  if (!o.skip.empty()) settings["skip"] = to_json(parse_reading(o.skip, "--skip"))["skip"];
  if (!o.ignore.empty()) settings["ignore"] = o.ignore;
  if (!o.extensions.empty()) settings["extensions"] = o.extensions;
  for (const std::string& profile : o.profiles) {
    const auto colon = profile.find(':');
    settings["profiles"][profile.substr(0, colon)] =
        colon == std::string::npos ? nlohmann::json::object() : profile_settings(profile.substr(colon + 1));
  }
  return settings;
}

std::string settings_cell(const FolderView& folder) {
  std::string cell;
  for (const auto& [key, value] : folder.settings.items())
    cell += (cell.empty() ? "" : ", ") + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
  return printable(cell);
}

void show(const Context& context, const protocol::Folders& answer) {
  if (context.json) return print_json(protocol::detail::to_json(answer));
  if (answer.folders.empty()) return void(std::printf("no folder is watched; add one: lectern folder add PATH\n"));
  std::vector<std::vector<std::string>> rows{{"FOLDER", "STATE", "WAITING", "IN WORK", "DONE", "FAILED", "SETTINGS"}};
  std::string below;
  for (const FolderView& folder : answer.folders) {
    rows.push_back({printable(folder.path), folder.state, count(folder.waiting), count(folder.unfinished),
                    count(folder.done), count(folder.failed), settings_cell(folder)});
    if (!folder.notice.empty()) below += fmt::format("{}: {}\n", printable(folder.path), printable(folder.notice));
    for (const std::string& problem : folder.problems)
      below += fmt::format("{}: left alone: {}\n", printable(folder.path), printable(problem));
  }
  write_text(STDOUT_FILENO, aligned(rows, {false, false, true, true, true, true, false}) + below);
}

protocol::Folders ask(Connection& connection, const std::string& action, const std::string& path,
                      nlohmann::json settings = nlohmann::json::object()) {
  return connection.ask<protocol::Folders>(protocol::FolderRequest{action, path, std::move(settings)});
}

struct Sum {
  std::uint64_t waiting = 0, unfinished = 0, done = 0, failed = 0, problems = 0;
};

Sum sum_of(const protocol::Folders& answer) {
  Sum sum;
  for (const FolderView& folder : answer.folders) {
    sum.waiting += folder.waiting;
    sum.unfinished += folder.unfinished;
    sum.done += folder.done;
    sum.failed += folder.failed;
    sum.problems += folder.problems.size();
  }
  return sum;
}

void end_broker(Connection& connection) { connection.ask<protocol::Welcome>(protocol::Stop{}); }

// Looks, waits until everything that lies there has been narrated, says what came of it. A broker that was started for
// it ends with it.
int drain(const Context& context, const Options& options) {
  const LocalBroker broker(context.paths());
  const bool ran = broker.running();
  broker.ensure_running();
  const Interrupt interrupt;
  Connection connection = broker.connect_or_start(&interrupt);
  const std::string path = absolute_path(options.path);
  const Sum before = ran ? sum_of(ask(connection, "list", path)) : Sum();
  protocol::Folders now = ask(connection, "scan", path);
  const auto end =
      Connection::Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_s * 1000));
  bool timed_out = false;
  try {
    while (sum_of(now).waiting + sum_of(now).unfinished > 0) {
      timed_out = options.timeout_s > 0 && Connection::Clock::now() >= end;
      if (timed_out) break;
      connection.next(Connection::Clock::now() + kLookAgain);
      now = ask(connection, "list", path);
    }
  } catch (const Interrupted&) {
    std::fprintf(stderr, "\nnote: the broker goes on with what it has taken; look at it with: lectern folder list\n");
    return kInterrupted;
  }
  const Sum sum = sum_of(now);
  for (const FolderView& folder : now.folders)
    if (!folder.notice.empty())
      std::fprintf(stderr, "error: %s: %s\n", printable(folder.path).c_str(), printable(folder.notice).c_str());
  if (context.json)
    print_json({{"done", sum.done - before.done},
                {"failed", sum.failed - before.failed},
                {"left_alone", sum.problems},
                {"unfinished", sum.waiting + sum.unfinished}});
  else
    std::printf("%s done, %s failed%s\n", count(sum.done - before.done).c_str(),
                count(sum.failed - before.failed).c_str(),
                sum.problems > 0 ? (", " + count(sum.problems) + " left alone: lectern folder list").c_str() : "");
  if (!ran) end_broker(connection);
  if (timed_out)
    throw Fault(Exit::job_failed, "not all is narrated after " + about(options.timeout_s), "it goes on; scan again");
  for (const FolderView& folder : now.folders)
    if (folder.state == "missing") return static_cast<int>(Exit::not_found);
  return static_cast<int>(sum.failed > before.failed || sum.problems > 0 ? Exit::job_failed : Exit::done);
}

int scan(const Context& context, const Options& options) {
  if (options.once) return drain(context, options);
  Connection connection = LocalBroker(context.paths()).connect_or_start();
  show(context, ask(connection, "scan", absolute_path(options.path)));
  return 0;
}

int run(const Context& context, const std::string& action, const Options& options) {
  const nlohmann::json settings = action == "add" ? folder_settings(options) : nlohmann::json::object();
  Connection connection = LocalBroker(context.paths()).connect_or_start();
  const std::string path = absolute_path(options.path);
  const auto answer = ask(connection, action, path, settings);
  if (action == "remove" && !context.json)
    std::printf("%s is watched no more; what was taken from it goes on\n", printable(path).c_str());
  else
    show(context, answer);
  return 0;
}

void add_settings(CLI::App& command, Options& o) {
  command.add_option("--voice", o.voice, "Who speaks what is dropped here")->type_name("NAME");
  command.add_option("--model", o.model, "What speaks it")->type_name("NAME");
  command.add_option("--speed", o.speed, "Speaking rate, 0.5 to 2.0")->check(CLI::Range(0.5, 2.0))->type_name("FACTOR");
  command.add_option("--format", o.format, "wav, flac, ogg, opus, mp3 or m4b")
      ->check(CLI::IsMember(audio_formats()))
      ->type_name("FORMAT");
  command
      .add_option("-o,--output", o.output, "Folder for the audio; default: the setting, else done/ inside the folder")
      ->type_name("DIR");
  add_delivery_options(command, o.delivery);
  command.add_option("--window", o.window, "What is dropped here runs only inside this window; 'always': at any time")
      ->type_name("NAME");
  command.add_option("--lexicon", o.lexicon, "Pronunciations, over those for all jobs")->type_name("FILE");
  command.add_option("--priority", o.priority, "-100 to 100, higher runs earlier")
      ->check(CLI::Range(-100, 100))
      ->type_name("N");
  command
      .add_option("--profile", o.profiles,
                  "A subfolder that is watched too, with what differs: draft:speed=1.25,format=mp3")
      ->allow_extra_args(false)
      ->type_name("NAME[:KEY=VALUE,...]");
  command.add_option("--stable", o.stable_s, "A file is taken when it has stood still for so long; default: 2")
      ->check(CLI::Range(0.0, 3600.0))
      ->type_name("SECONDS");
  command.add_flag("--poll", o.poll, "Look again and again instead of waiting for events; network folders: always");
  command.add_option("--poll-every", o.poll_s, "Between two such looks; default: 5")
      ->check(CLI::Range(0.1, 3600.0))
      ->type_name("SECONDS");
  command.add_option("--skip", o.skip, "Parts that are not read: contents, boilerplate, footnotes (with commas), or none")
      ->type_name("PARTS");
  command.add_option("--ignore", o.ignore, "Names to leave alone, besides hidden and temporary ones: '*.bak'")
      ->allow_extra_args(false)
      ->type_name("PATTERN");
  command.add_option("--extension", o.extensions, "Take files with this one; default: " + script_extension_words())
      ->allow_extra_args(false)
      ->type_name("EXT");
}

}  // namespace

void add_folder(CLI::App& app, Context& context, Action& chosen) {
  auto o = std::make_shared<Options>();
  CLI::App* folder = app.add_subcommand("folder", "Watch folders: what is dropped there is narrated");
  folder->group(kJobCommands);
  folder->require_subcommand(1);
  folder->footer(
      "A script that has stood still is taken out of the folder. It ends in done/ with its audio, or in failed/ with\n"
      "NAME.error.txt; move it back to try again. Settings in a file NAME.yaml beside it, or in its front matter,\n"
      "stand over the folder's.\n"
      "Examples:\n"
      "  lectern folder add ~/Narrate --voice bf_emma --format mp3\n"
      "  lectern folder scan --once               from cron: narrate what lies there, then end");
  const auto act = [&context, &chosen, o](const char* action) {
    return [&context, &chosen, o, action] { chosen = [&context, o, action] { return run(context, action, *o); }; };
  };
  CLI::App* add = folder->add_subcommand("add", "Watch a folder, or give it other settings");
  add->add_option("PATH", o->path, "The folder; done/ and failed/ are made inside")->required();
  add_settings(*add, *o);
  add->callback(act("add"));
  CLI::App* list = folder->add_subcommand("list", "Show watched folders and what waits in them");
  list->callback(act("list"));
  CLI::App* remove = folder->add_subcommand("remove", "Watch a folder no more; what was taken from it goes on");
  remove->add_option("PATH", o->path, "The folder")->required();
  remove->callback(act("remove"));
  CLI::App* look = folder->add_subcommand("scan", "Look into the folders now");
  look->add_option("PATH", o->path, "Which one; default: all");
  look->add_flag("--once", o->once,
                 "Stay until all that lies there is narrated; 1: something failed. Ends the broker if it started it");
  look->add_option("--timeout", o->timeout_s, "With --once: give up after so many seconds, with exit code 1")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  look->callback([&context, &chosen, o] { chosen = [&context, o] { return scan(context, *o); }; });
}

}  // namespace lectern::cli
