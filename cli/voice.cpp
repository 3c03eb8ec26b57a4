// lectern voice add|list|show|remove|rename|preview|export|import
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/model_table.h"
#include "cli/narration.h"
#include "config/quantity.h"
#include "cli/terminal.h"
#include "cli/voice_making.h"
#include "cli/voice_shelf.h"
#include "config/fault.h"
#include "config/file.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kPreviewText[] =
    "This is how the voice sounds. It reads a story at an even pace, asks a question now and then, and goes on. "
    "Shall we begin?";

struct Words {
  std::string name, other, model, text, output;
  std::optional<double> start_s, length_s;
  bool dry_run = false;
};

int list(const Context& context, const Words& words) {
  const Settings settings = context.settings();
  const Catalogue catalogue = Catalogue::load(settings.test_models);
  const CatalogueModel* only = words.model.empty() ? nullptr : &catalogue.model(words.model);
  const json voices = all_voices_json(context.paths(), catalogue, only);
  if (context.json)
    print_json(voices);
  else
    std::cout << voices_text(voices);
  return 0;
}

// What was found in a recording, for people.
std::string examination_text(const json& e) {
  const auto number = [&](const char* key) { return e.value(key, 0.0); };
  std::string text =
      fmt::format("  {} of {:.1f} s, {} Hz, {}: {:.1f} s of it are used, from {:.1f} s on\n", e.value("kind", "audio"),
                  number("seconds"), e.value("rate_hz", 0), count(e.value("channels", std::uint64_t{1}), "channel"),
                  number("length_s"), number("start_s")) +
      fmt::format(
          "  speech {:.0f} dBFS, noise {:.0f} dBFS, peak {:.1f} dBFS; {:.0f} % of it is speech, {:.2f} % clipped\n",
          number("speech_dbfs"), number("noise_dbfs"), number("peak_dbfs"), 100 * number("speech_share"),
          100 * number("clipped_share"));
  for (const char* list : {"reasons", "advice"})
    for (const json& line : e.value(list, json::array())) text += "  " + line.get<std::string>() + "\n";
  return text;
}

void tell_made(const Context& context, const std::string& name, const std::string& source, const MadeVoice& made) {
  if (context.json) {
    print_json({{"name", name}, {"model", made.model}, {"examination", made.examination}});
    return;
  }
  std::string text =
      fmt::format("{}: {}, from {}\n", printable(name), made.examination.value("verdict", ""), printable(source)) +
      examination_text(made.examination);
  text += made.model.empty()
              ? "no model that clones voices is installed: lectern model pull chatterbox-turbo\n"
              : fmt::format("use it: lectern submit SCRIPT --model {} --voice {}\n", made.model, printable(name));
  write_text(STDOUT_FILENO, text);
}

int add(const Context& context, const Words& words) {
  const VoiceMaking making(context.paths(), context.settings());
  const VoiceWish wish{words.other, words.model, words.start_s, words.length_s, false};
  if (words.dry_run) {
    making.check_free(words.name);
    const MadeVoice looked = making.examine(wish);
    if (context.json)
      print_json(looked.examination);
    else
      write_text(STDOUT_FILENO,
                 fmt::format("{}: {}\n", printable(words.other), looked.examination.value("verdict", "")) +
                     examination_text(looked.examination));
    return static_cast<int>(looked.examination.value("usable", false) ? Exit::done : Exit::bad_input);
  }
  tell_made(context, words.name, words.other, making.add(words.name, wish));
  return 0;
}

int import(const Context& context, const Words& words) {
  const std::string name = words.name.empty() ? fs::path(words.other).stem().string() : words.name;
  const VoiceMaking making(context.paths(), context.settings());
  tell_made(context, name, words.other, making.add(name, {words.other, words.model, {}, {}, true}));
  return 0;
}

json recorded_json(const Paths& paths, const RecordedVoice& voice) {
  json models = json::array();
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(paths.voice(voice.name), none))
    if (entry.path().extension() == ".safetensors") models.push_back(entry.path().stem().string());
  return {{"name", voice.name},
          {"source", voice.source},
          {"added_ms", voice.added_ms},
          {"recording", (paths.voice(voice.name) / kVoiceRecording).string()},
          {"recording_sha256", voice.recording_sha256},
          {"examination", voice.examination},
          {"models", models}};
}

int show(const Context& context, const Words& words) {
  const Paths paths = context.paths();
  const Catalogue catalogue = Catalogue::load(context.settings().test_models);
  for (const CatalogueModel& model : catalogue.models()) {
    if (!model.find_voice(words.name)) continue;
    json voices = json::array();
    for (const json& voice : voices_json(model))
      if (voice["name"] == words.name) voices.push_back(voice);
    if (context.json)
      print_json(voices[0]);
    else
      std::cout << voices_text(voices);
    return 0;
  }
  const RecordedVoice voice = require_recorded_voice(paths, words.name);
  const json facts = recorded_json(paths, voice);
  if (context.json) {
    print_json(facts);
    return 0;
  }
  std::string models;
  for (const json& model : facts["models"]) models += (models.empty() ? "" : ", ") + model.get<std::string>();
  write_text(STDOUT_FILENO,
             fmt::format("{}: {}, made from {} at {}\n", printable(voice.name), voice.examination.value("verdict", ""),
                         printable(voice.source), local_time(voice.added_ms)) +
                 examination_text(voice.examination) +
                 fmt::format("  recording: {}\n  ready for: {}\n", printable(facts["recording"].get<std::string>()),
                             models.empty() ? "no model yet; the first use makes it so" : models));
  return 0;
}

int remove(const Context& context, const Words& words) {
  remove_voice(context, words.name);
  if (!context.json) std::cout << "removed " << words.name << "\n";
  return 0;
}

int rename(const Context& context, const Words& words) {
  rename_voice(context, words.name, words.other);
  if (!context.json) std::cout << words.name << " is now " << words.other << "\n";
  return 0;
}

int export_(const Context& context, const Words& words) {
  const fs::path file = export_voice(context.paths(), words.name, words.other.empty() ? "." : words.other);
  if (context.json)
    print_json({{"file", file.string()}});
  else
    std::cout << file.string() << "\n";
  return 0;
}

// The model that speaks a voice: the wished one, the recorded voice's, the one whose voice it is, that of the settings.
std::string speaking_model(const Context& context, const Words& words) {
  if (!words.model.empty()) return words.model;
  const VoiceMaking making(context.paths(), context.settings());
  if (recorded_voice(context.paths(), words.name)) {
    if (const CatalogueModel* model = making.cloning_model("")) return model->name;
    throw Fault(Exit::not_found, "no voice loaded: no model that clones voices is installed",
                "lectern model pull chatterbox-turbo");
  }
  const CatalogueModel* first = nullptr;
  for (const CatalogueModel& model : making.catalogue().models()) {
    if (!model.find_voice(words.name)) continue;
    if (!first || (!installed_model(context.paths(), *first) && installed_model(context.paths(), model)))
      first = &model;
  }
  return first ? first->name : "";
}

int preview(const Context& context, const Words& words) {
  const fs::path script = fs::temp_directory_path() / fmt::format("lectern-preview-{}.txt", getpid());
  struct Gone {
    fs::path file;
    ~Gone() {
      std::error_code ignored;
      fs::remove(file, ignored);
    }
  } gone{script};
  write_file(script, (words.text.empty() ? kPreviewText : words.text) + std::string("\n"));
  return narrate(context, {script.string(), words.name + "-preview", speaking_model(context, words), words.name,
                           words.output.empty() ? words.name + "-preview.flac" : words.output});
}

}  // namespace

void add_voice(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* voice = app.add_subcommand("voice", "Voices: show them, make them from recordings, try them");
  voice->group(kVoiceCommands);
  voice->require_subcommand(1);
  auto words = std::make_shared<Words>();
  const auto command = [&](const char* name, const char* about, int (*run)(const Context&, const Words&)) {
    CLI::App* made = voice->add_subcommand(name, about);
    made->callback([=, &context, &chosen] { chosen = [=, &context] { return run(context, *words); }; });
    return made;
  };
  const auto name = [&](CLI::App* made) { made->add_option("NAME", words->name, "The voice")->required(); };
  const auto model = [&](CLI::App* made, const char* about) {
    made->add_option("--model", words->model, about)->type_name("NAME");
  };

  CLI::App* made = command("add", "Make a voice from a recording: WAV, FLAC, OGG, MP3; M4A with ffmpeg", add);
  made->add_option("NAME", words->name, "How the voice is to be called")->required();
  made->add_option("RECORDING", words->other, "More than 5 s of clear speech; 10 to 15 s are best")->required();
  model(made, "The model for which it is made ready at once; default: the setting, else one that is installed");
  made->add_option("--start", words->start_s, "Where the part to use begins; default: the best stretch is chosen")
      ->type_name("SECONDS");
  made->add_option("--length", words->length_s, "How long the part is, more than 5, at most 30; default: 15")
      ->type_name("SECONDS");
  made->add_flag("-n,--dry-run", words->dry_run, "Only look at the recording");

  made = command("list", "Show all voices: model, language, sex, and whether they are served", list);
  model(made, "Only those that this model can speak");

  made = command("show", "Show one voice: where it comes from, what was measured", show);
  name(made);

  made = command("remove", "Remove a voice that was made from a recording", remove);
  name(made);

  made = command("rename", "Give a voice that was made from a recording another name", rename);
  name(made);
  made->add_option("NEW", words->other, "Its new name")->required();

  made = command("preview", "Speak a few sentences with a voice, into a file", preview);
  name(made);
  made->add_option("--text", words->text, "What it says; default: two sentences and a question")->type_name("TEXT");
  made->add_option("-o,--output", words->output, "The audio file; default: NAME-preview.flac here")->type_name("FILE");
  model(made, "What speaks; default: a model that has the voice");

  made = command("export", "Write the recording that a voice is made of, to be imported elsewhere", export_);
  name(made);
  made->add_option("FILE", words->other, "A file, or a folder for NAME.flac; default: here");

  made = command("import", "Make a voice from an exported file; the same file makes the same voice", import);
  made->add_option("FILE", words->other, "What `lectern voice export` wrote")->required();
  made->add_option("--name", words->name, "How the voice is to be called; default: the file's name")->type_name("NAME");
  model(made, "The model for which it is made ready at once");
}

}  // namespace lectern::cli
