#include "broker/intake.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "broker/publish/publisher.h"
#include "broker/publish/tags.h"
#include "broker/text/segmenter.h"
#include "config/front_matter.h"
#include "config/script_format.h"
#include "config/script_name.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongBytes = 64u << 10;  // a text with markup is cut, at about 0.1 ms for each KB

bool is_document(const protocol::Submit& submit) {
  return submit.text_format != "plain" && submit.text_format != "markdown";
}

[[noreturn]] void refuse_field(const std::string& field, const std::string& wrong, const std::string& mend) {
  throw Fault(Exit::bad_input, "field '" + field + "': " + wrong, mend);
}

void check_field(bool fine, const char* field, const char* wrong, const char* mend) {
  if (!fine) refuse_field(field, wrong, mend);
}

// lexically_normal(), which takes its time, where there is something to do for it.
fs::path normal(const std::string& path) {
  const bool is_normal = path.find("//") == path.npos && path.find("/.") == path.npos;
  return is_normal ? fs::path(path) : fs::path(path).lexically_normal();
}

// The folder of the finished file must be there and writable, or its parent must be, so that it can be made.
void check_output_folder(const fs::path& output) {
  const std::string& file = output.native();
  if (access(file.substr(0, file.rfind('/') + 1).c_str(), W_OK | X_OK) == 0) return;
  fs::path folder = output.parent_path();
  std::error_code error;
  if (!fs::exists(folder, error)) folder = folder.parent_path();
  if (!fs::is_directory(folder, error))
    throw Fault(Exit::not_found, "output folder not found: " + output.parent_path().string(),
                "create it, or give another with --output");
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw Fault(Exit::bad_input, "output folder is not writable: " + folder.string(),
                "change its permissions, or give another with --output");
}

ScriptSettings said_by(const protocol::Submit& submit) {
  ScriptSettings said;
  said.title = submit.name;
  said.model = submit.model;
  said.voice = submit.voice;
  said.format = submit.format;
  said.window = submit.window;
  said.lexicon = submit.lexicon;
  if (submit.speed != 0) said.speed = submit.speed;
  if (submit.priority != 0) said.priority = submit.priority;
  said.cast = parse_cast(submit.cast);
  said.delivery = parse_delivery(submit.delivery);
  if (!submit.reading.empty()) said.skip = parse_reading_json(submit.reading);
  return said;
}

// The wished file as the folder of its chapters: without the extension of a format.
fs::path as_folder(fs::path output) {
  const std::string extension = lower_extension(output);
  if (!extension.empty() && publish::find_format(extension.substr(1))) output.replace_extension();
  return output;
}

// The wished file with the extension of a format that was found later.
fs::path with_format(fs::path output, const std::string& format) {
  output = as_folder(std::move(output));
  return output += "." + format;
}

// A cover must be there, and be one; a relative path counts from the script.
void settle_cover(Delivery& delivery, const std::string& script_name, const std::string& format) {
  if (delivery.cover.empty()) return;
  fs::path cover = expand_home(delivery.cover);
  if (cover.is_relative()) cover = fs::path(script_name).parent_path() / cover;
  if (cover.is_relative())
    throw Fault(Exit::bad_input, "field 'cover': " + delivery.cover + " is no absolute path",
                "write it from the root, or from ~/");
  publish::read_cover(cover, format);
  delivery.cover = cover.lexically_normal().string();
}

}  // namespace

bool is_id(const std::string& id) {
  return id.size() >= 8 && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
}

Intake::Checked Intake::read(const protocol::Submit& submit, std::string script, const Around& around) {
  check_field(is_id(submit.job_id), "job_id", "must be 8 to 64 letters, digits or dashes", "");
  check_field(is_id(submit.batch_id), "batch_id", "must be 8 to 64 letters, digits or dashes", "");
  if (script.size() > settings_.max_script_bytes)
    throw Fault(Exit::bad_input,
                submit.script_name + " is larger than " + std::to_string(settings_.max_script_bytes) + " bytes",
                "split it, or raise max_script_bytes in config.yaml");
  ScriptSettings said;
  said.model = settings_.model;
  said.voice = settings_.voice;
  said.format = settings_.format;
  said.window = settings_.window;
  said.delivery = settings_.delivery;
  said.skip = settings_.skip;
  if (!is_script_format(submit.text_format))
    refuse_field("text_format", "there is no format '" + submit.text_format + "'", "use " + script_format_names());
  const bool is_text = !is_document(submit);
  std::string own_title;
  said.apply(around.folder);
  if (is_text) {
    const std::string decoded = text::decode_script(script, submit.script_name);
    said.apply(read_front_matter(decoded, submit.script_name));
    own_title = text::title_of(decoded);
  }
  said.apply(around.beside);
  said.apply(said_by(submit));
  NewJob job;
  job.job_id = submit.job_id;
  job.batch_id = submit.batch_id;
  job.batch_name = submit.batch_name;
  job.script_name = submit.script_name;
  const auto name = [&] {
    return !said.title.empty() ? said.title : !own_title.empty() ? own_title : script_title(submit.script_name);
  };
  job.name = name();
  job.text_format = submit.text_format;
  job.model = said.model;
  job.format = said.format;
  fs::path output = normal(submit.output);
  job.speed = said.speed.value_or(settings_.speed);
  job.priority = said.priority.value_or(0);
  job.overwrite = submit.overwrite;
  job.script = std::move(script);
  job.when = when(submit, said.window);
  check_field(job.speed >= 0.5 && job.speed <= 2.0, "speed", "must be from 0.5 to 2.0", "1.0 is the voice's own speed");
  check_field(job.priority >= -100 && job.priority <= 100, "priority", "must be from -100 to 100",
              "0 is the usual one");
  if (!publish::find_format(job.format))
    refuse_field("format", "there is no format '" + job.format + "'", "use wav, flac, ogg, opus, mp3 or m4b");
  settle_cover(said.delivery, submit.script_name, job.format);
  job.delivery = said.delivery == settings_.delivery ? usual_delivery_ : to_json(said.delivery).dump();
  check_field(output.is_absolute() && output.has_filename(), "output", "must be the absolute path of a file", "");
  if (said.delivery.by_chapters())
    output = as_folder(std::move(output));
  else if (submit.format.empty() && output.extension() != "." + job.format)
    output = with_format(std::move(output), job.format);
  SoundSettings sound = models_.sound(job.model, said.voice, job.speed);
  publish::require_format(job.format, sound.sample_rate_hz);
  job.voice = sound.voice;
  if (!said.cast.empty()) job.cast = protocol::Json(said.cast).dump();
  check_field(submit.reading.is_object(), "reading", "must be a JSON object", "");
  if (!said.skip->skip.empty()) job.reading = to_json(*said.skip).dump();
  check_field(submit.lexicon.empty() || fs::path(submit.lexicon).is_absolute(), "lexicon", "must be an absolute path",
              "");
  const LexiconShelf::Chosen chosen = lexicons_.choose(said.lexicon, job, sound);
  job.lexicon = chosen.json;
  Checked checked;
  checked.warning = chosen.warning;
  // What is wrong with markup, cast or document is said now and not at night, and so is what will be left out.
  if (!is_text || !job.reading.empty() || has_markup(job.script, said.cast)) {
    CutScript result = cut(job, sound);
    checked.left_out = std::move(result.left_out);
    checked.skippable = std::move(result.skippable);
    if (!is_text) own_title = result.title;
    job.name = name();
  }
  check_output_folder(output);
  job.output = output.string();
  checked.delivery = std::move(said.delivery);
  checked.after = submit.after;
  checked.job = std::move(job);
  checked.sound = std::move(sound);
  return checked;
}

bool Intake::reads_long(const protocol::Submit& submit, const std::string& script) {
  return is_document(submit) || script.size() > kLongBytes;
}

void Intake::settle(Checked& checked) {
  NewJob& job = checked.job;
  if (!checked.after.empty()) job.when.after_job = store_.select({{checked.after}, "", false}, false).front();
  const auto taken = [&](const fs::path& path) { return store_.output_taken(path.string()); };
  if (!job.overwrite || taken(job.output))
    job.output = publish::free_name(job.output, checked.delivery, taken, &outputs_).string();
}

void Intake::check_sound(const std::string& model, const std::string& voice, double speed) {
  const std::string named = model.empty() ? settings_.model : model;
  models_.sound(named, voice.empty() && named == settings_.model ? settings_.voice : voice,
                speed == 0 ? settings_.speed : speed);
}

CutScript Intake::cut(const NewJob& job, const SoundSettings& sound) const {
  return cut_script(job.script, job.script_name, job.text_format, sound,
                    script_rules(job.cast, job.lexicon, job.reading,
                                 [&](const std::string& voice) { return models_.sound(job.model, voice, job.speed); }));
}

When Intake::when(const protocol::Submit& submit, const std::string& window) const {
  When when;
  if (window != kAlways) when.window = window;
  if (!when.window.empty() && !find_window(settings_.windows, when.window))
    refuse_field("window", "there is no window '" + when.window + "'", known_windows(settings_.windows, when.window));
  check_field(submit.not_before_ms >= 0, "not_before_ms", "must be a time after 1970, or 0", "");
  check_field(submit.by_ms >= 0, "by_ms", "must be a time after 1970, or 0", "");
  when.not_before_ms = submit.not_before_ms;
  when.by_ms = submit.by_ms;
  return when;
}

Store::Added Intake::add(const NewJob& job) {
  const auto added = store_.add_job(job);
  if (added.known) return added;
  store_.release_model(job.model);
  spdlog::info("job {} submitted: {} -> {}", added.number, job.script_name, job.output);
  return added;
}

}  // namespace lectern
