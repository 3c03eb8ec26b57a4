#include "cli/voice_making.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cli/program_answer.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/script_name.h"
#include "config/sha256.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto kPatience = std::chrono::minutes(10);
constexpr std::size_t kHashDigits = 12;

// A voice on its way, gone unless it is put into its place.
class StagedVoice {
 public:
  explicit StagedVoice(const Paths& paths) : folder_(paths.voices() / fmt::format(".new-{}", getpid())) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);  // of a process of that number that was killed
    make_folder(folder_);
  }
  ~StagedVoice() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  StagedVoice(const StagedVoice&) = delete;
  const fs::path& folder() const { return folder_; }
  void put(const fs::path& place) const {
    std::error_code error;
    fs::rename(folder_, place, error);
    if (error) throw system_fault("cannot put the voice at " + place.string(), error.value());
    sync_to_disk(place.parent_path());
  }

 private:
  fs::path folder_;
};

// What a program of ours says on stderr when it ends with a fault.
Fault fault_of(const ProgramAnswer& answer) {
  const auto line_of = [&](const std::string& start) -> std::string {
    const auto begin = answer.err.rfind(start);
    if (begin == std::string::npos) return {};
    const auto from = begin + start.size();
    return answer.err.substr(from, answer.err.find('\n', from) - from);
  };
  const std::string what = line_of("error: ");
  if (!answer.in_time) return Fault(Exit::internal, "lectern-engine gave no answer in time");
  if (what.empty() || answer.exit < 0)
    return Fault(Exit::internal, "lectern-engine failed (" + std::to_string(answer.exit) + "): " + answer.err,
                 "lectern doctor looks at the installation");
  return Fault(static_cast<Exit>(answer.exit), what, line_of("hint: "));
}

[[noreturn]] void refuse_recording(const VoiceWish& wish, const json& examination) {
  std::string reasons;
  for (const json& reason : examination.at("reasons"))
    reasons += (reasons.empty() ? "" : "; ") + reason.get<std::string>();
  throw Fault(Exit::bad_input, "voice file " + wish.recording.string() + " cannot be used: " + reasons,
              "record 10 to 15 s of clear speech, or choose another part with --start and --length");
}

std::string names_of(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, " or ")); }

}  // namespace

bool names_recording(const std::string& voice) {
  if (voice.find('/') != std::string::npos) return true;
  const std::string extension = lower_extension(voice);
  constexpr const char* kExtensions[] = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3",
                                         ".m4a", ".mp4",  ".aac", ".aif", ".aiff", ".webm"};
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

VoiceMaking::VoiceMaking(const Paths& paths, const Settings& settings)
    : paths_(paths), settings_(settings), catalogue_(Catalogue::load(settings.test_models)) {}

const CatalogueModel* VoiceMaking::cloning_model(const std::string& wished) const {
  std::vector<std::string> cloning;
  for (const CatalogueModel& model : catalogue_.models())
    if (model.clones_voices) cloning.push_back(model.name);
  if (!wished.empty()) {
    const CatalogueModel& model = catalogue_.model(wished);
    if (!model.clones_voices)
      throw Fault(Exit::bad_input, "model " + model.name + " does not make voices from recordings",
                  "use --model " + names_of(cloning));
    require_model(paths_, model);
    return &model;
  }
  cloning.insert(cloning.begin(), settings_.model);
  for (const std::string& name : cloning) {
    const CatalogueModel& model = catalogue_.model(name);
    if (model.clones_voices && installed_model(paths_, model)) return &model;
  }
  return nullptr;
}

void VoiceMaking::check_free(const std::string& name) const {
  check_voice_name(name);
  for (const CatalogueModel& model : catalogue_.models())
    if (model.find_voice(name))
      throw Fault(Exit::bad_input, "the name '" + name + "' is taken: it is a voice of " + model.name,
                  "give another name");
  std::error_code none;
  if (fs::exists(paths_.voice(name), none))
    throw Fault(Exit::bad_input, "the name '" + name + "' is taken: there is such a voice",
                "give another name, or remove it first: lectern voice remove " + name);
}

json VoiceMaking::ask_engine(const VoiceWish& wish, const fs::path& folder, const CatalogueModel* model) const {
  std::vector<std::string> words = {"voice", "--recording", fs::absolute(wish.recording).string(), "--threads",
                                    std::to_string(settings_.threads)};
  const auto add = [&](const char* option, const std::string& value) { words.insert(words.end(), {option, value}); };
  if (wish.start_s) add("--start", fmt::format("{}", *wish.start_s));
  if (wish.length_s) add("--length", fmt::format("{}", *wish.length_s));
  if (wish.as_is) words.emplace_back("--as-is");
  if (!folder.empty()) add("--folder", folder.string());
  if (model != nullptr) add("--model-folder", paths_.model(model->name).string());
  const ProgramAnswer answer = ask_program(sibling_program("lectern-engine"), words, {}, kPatience);
  if (answer.exit != 0 || !answer.in_time) throw fault_of(answer);
  const json examination = json::parse(answer.out, nullptr, false);
  if (!examination.is_object() || !examination.contains("usable"))
    throw Fault(Exit::internal, "lectern-engine gave an answer that cannot be read", "install Lectern again");
  return examination;
}

MadeVoice VoiceMaking::examine(const VoiceWish& wish) const {
  const CatalogueModel* model = cloning_model(wish.model);
  return {ask_engine(wish, {}, nullptr), model ? model->name : ""};
}

MadeVoice VoiceMaking::add(const std::string& name, const VoiceWish& wish) const {
  check_free(name);
  const CatalogueModel* model = cloning_model(wish.model);
  if (std::error_code none; !fs::exists(wish.recording, none))
    throw Fault(Exit::not_found, "voice file not found: " + wish.recording.string(), "give the path of a recording");
  const StagedVoice staged(paths_);
  MadeVoice made{ask_engine(wish, staged.folder(), model), model ? model->name : ""};
  if (!made.examination.at("usable").get<bool>()) refuse_recording(wish, made.examination);
  check_free(name);  // it took a while
  staged.put(paths_.voice(name));
  return made;
}

std::string VoiceMaking::inline_voice(const fs::path& recording, const std::string& model) const {
  if (std::error_code none; !fs::is_regular_file(recording, none))
    throw Fault(Exit::not_found, "voice file not found: " + recording.string(), "give the path of a recording");
  const std::string name = "clip-" + sha256_file(recording).substr(0, kHashDigits);
  const CatalogueModel& speaks = catalogue_.model(model.empty() ? settings_.model : model);
  if (!speaks.clones_voices) cloning_model(speaks.name);  // says so
  if (!recorded_voice(paths_, name)) add(name, {recording, speaks.name, {}, {}, false});
  return name;
}

}  // namespace lectern::cli
