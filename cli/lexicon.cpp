// lectern lexicon add|list|remove|try: how words are spoken.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/player.h"
#include "cli/submission.h"
#include "cli/terminal.h"
#include "cli/watch.h"
#include "config/catalogue.h"
#include "config/fault.h"
#include "config/lexicon.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Words {
  std::string word, spoken, voice, model, file, output;
  bool whole_word = true, match_case = false;
};

fs::path file_of(const Context& context, const Words& words) {
  return words.file.empty() ? context.paths().lexicon() : fs::absolute(words.file).lexically_normal();
}

int add(const Context& context, const Words& words) {
  LexiconEntry entry = make_entry(words.word, words.spoken);
  entry.voice = words.voice;
  entry.model = words.model;
  entry.whole_word = words.whole_word;
  entry.match_case = words.match_case;
  if (!entry.model.empty()) {
    const auto catalogue = Catalogue::load(context.settings().test_models);
    if (!catalogue.model(entry.model).phonemes && entry.phonemes)
      throw Fault(Exit::bad_input, entry.model + " takes no phonemes", "write the word as it sounds: Chumley");
  }
  const fs::path file = file_of(context, words);
  const bool replaced = add_entry(file, entry);
  if (context.json)
    print_json({{"file", file.string()}, {"replaced", replaced}, {"entry", lexicon_json({entry})[0]}});
  else
    std::printf("%s: %s is spoken %s\n", replaced ? "changed" : "added", printable(entry.word).c_str(),
                printable(spoken_as_written(entry)).c_str());
  return 0;
}

int list(const Context& context, const Words& words) {
  const fs::path file = file_of(context, words);
  std::error_code error;
  const bool there = !words.file.empty() || fs::exists(file, error);
  const Lexicon lexicon = there ? read_lexicon(file) : Lexicon();
  if (context.json) {
    print_json({{"file", file.string()}, {"entries", lexicon_json(lexicon)}});
    return 0;
  }
  if (lexicon.empty()) {
    std::printf("no entries in %s\n", printable(file.string()).c_str());
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"WORD", "SPOKEN", "VOICE", "MODEL", "MATCHES"}};
  for (const LexiconEntry& e : lexicon)
    rows.push_back(
        {printable(e.word), printable(spoken_as_written(e)), printable(e.voice), printable(e.model),
         std::string(e.whole_word ? "whole words" : "inside words too") + (e.match_case ? ", in this case" : "")});
  write_text(STDOUT_FILENO, aligned(rows, {}));
  return 0;
}

int remove(const Context& context, const Words& words) {
  const fs::path file = file_of(context, words);
  const std::size_t removed = remove_entries(file, words.word, words.voice, words.model);
  if (removed == 0)
    throw Fault(Exit::not_found, "no such entry in " + file.string() + ": " + words.word,
                "lectern lexicon list shows them");
  if (context.json)
    print_json({{"removed", removed}});
  else
    std::printf("removed %s\n", (removed == 1 ? std::string("1 entry") : count(removed) + " entries").c_str());
  return 0;
}

// A file that is gone with us, and its sidecar.
struct Temporary {
  fs::path audio;
  bool keep = false;
  ~Temporary() {
    std::error_code ignored;
    if (keep) return;
    fs::remove(audio, ignored);
    fs::remove(fs::path(audio).replace_extension(".json"), ignored);
  }
};

protocol::JobView speak(const Context& context, const Words& words, const fs::path& output) {
  protocol::Submit wish;
  wish.job_id = random_id();
  wish.batch_id = random_id();
  wish.name = "lexicon try";
  wish.script_name = (fs::current_path() / "lexicon try").string();
  wish.text_format = "plain";
  wish.model = words.model;
  wish.voice = words.voice;
  wish.lexicon = words.file.empty() ? "" : fs::absolute(words.file).lexically_normal().string();
  wish.output = output.string();
  wish.format = "flac";
  wish.window = "always";
  wish.priority = 100;
  wish.overwrite = true;
  const Interrupt interrupt;
  Connection connection = LocalBroker(context.paths()).connect_or_start(&interrupt);
  const auto submitted = connection.ask<protocol::Submitted>(wish, {words.word + "\n"});
  if (!submitted.warning.empty()) std::fprintf(stderr, "warning: %s\n", printable(submitted.warning).c_str());
  protocol::Selection selection;
  selection.jobs = {std::to_string(submitted.number)};
  Watch watch(connection, selection);
  watch.run([](const protocol::Jobs&) {});
  const protocol::JobView job = watch.state().jobs.at(0);
  if (job.state != "done")
    throw Fault(Exit::job_failed, "job #" + std::to_string(job.number) + " " + job.state + ": " + job.reason,
                "lectern log " + std::to_string(job.number) + " tells more");
  return job;
}

int try_text(const Context& context, const Words& words) {
  Temporary temporary{words.output.empty() ? fs::temp_directory_path() / fmt::format("lectern-try-{}.flac", getpid())
                                           : fs::absolute(words.output).lexically_normal(),
                      !words.output.empty()};
  const protocol::JobView job = speak(context, words, temporary.audio);
  temporary.audio = job.output;
  std::ifstream in(fs::path(job.output).replace_extension(".json"), std::ios::binary);
  const json sidecar = json::parse(in, nullptr, false);
  json segments = json::array();
  std::string text;
  if (sidecar.is_object())
    for (const json& segment : sidecar.value("segments", json::array())) {
      const std::string spoken = segment.value("text", "");
      const std::string phonemes = segment.value("notes", json::object()).value("phonemes", "");
      segments.push_back({{"text", spoken}, {"phonemes", phonemes}});
      text += printable(spoken) + "\n" + (phonemes.empty() ? "" : "  /" + printable(phonemes) + "/\n");
    }
  const std::string player = words.output.empty() ? find_player(temporary.audio) : "";
  if (words.output.empty() && player.empty()) temporary.keep = true;
  if (context.json)
    print_json({{"segments", segments}, {"file", temporary.keep ? json(temporary.audio.string()) : json()}});
  else
    write_text(STDOUT_FILENO, text + (temporary.keep ? printable(temporary.audio.string()) + "\n" : ""));
  if (player.empty()) return 0;
  temporary.keep = true;  // for whoever wants to hear it all the same
  const bool heard = play(temporary.audio);
  temporary.keep = false;
  return heard ? 0 : kInterrupted;
}

}  // namespace

void add_lexicon(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* lexicon = app.add_subcommand("lexicon", "How words are spoken: add them, show them, try them");
  lexicon->group(kVoiceCommands);
  lexicon->require_subcommand(1);
  auto words = std::make_shared<Words>();
  const auto command = [&](const char* name, const char* about, int (*run)(const Context&, const Words&)) {
    CLI::App* made = lexicon->add_subcommand(name, about);
    made->callback([=, &context, &chosen] { chosen = [=, &context] { return run(context, *words); }; });
    return made;
  };
  const auto place = [&](CLI::App* made) {
    made->add_option("--file", words->file, "A lexicon of its own, for --lexicon; default: the one for all jobs")
        ->type_name("FILE");
  };
  const auto whom = [&](CLI::App* made) {
    made->add_option("--voice", words->voice, "Only for this voice")->type_name("NAME");
    made->add_option("--model", words->model, "Only for this model")->type_name("NAME");
  };

  CLI::App* made = command("add", "Say how a word is spoken", add);
  made->add_option("WORD", words->word, "As it is written in scripts")->required();
  made->add_option("SPOKEN", words->spoken, "Other words, or IPA between strokes for models that take phonemes")
      ->required();
  whom(made);
  made->add_flag("--whole-word,!--inside-words", words->whole_word,
                 "Only as a word of its own (the default), or inside others too");
  made->add_flag("--case,!--any-case", words->match_case, "Only in this case; default: in any");
  place(made);
  made->footer("Examples:\n  lectern lexicon add Cholmondeley Chumley\n  lectern lexicon add Cholmondeley /ˈtʃʌmli/");

  made = command("list", "Show all entries", list);
  place(made);

  made = command("remove", "Take the entries of a word out", remove);
  made->add_option("WORD", words->word, "As `list` shows it")->required();
  whom(made);
  place(made);

  made =
      command("try", "Show what is spoken for a text, with phonemes where the model has them, and speak it", try_text);
  made->add_option("TEXT", words->word, "A sentence or two")->required();
  made->add_option("--voice", words->voice, "Who speaks; default: as for a submit")->type_name("NAME");
  made->add_option("--model", words->model, "What speaks; default: as for a submit")->type_name("NAME");
  made->add_option("--lexicon", words->file, "Pronunciations over those for all jobs")->type_name("FILE");
  made->add_option("-o,--output", words->output, "The audio file; default: it is played, see `lectern play`")
      ->type_name("FILE");
}

}  // namespace lectern::cli
