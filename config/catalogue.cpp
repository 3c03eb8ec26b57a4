#include "config/catalogue.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "config/fault.h"
#include "config/file.h"
#include "config/settings.h"
#include "config/spelling.h"
#include "config/strict_yaml.h"

namespace lectern {
namespace {

// In paths of the catalogue: one file for each voice.
constexpr char kEachVoice = '*';

std::string for_voice(std::string path, const std::string& voice) {
  const std::size_t star = path.find(kEachVoice);
  return star == std::string::npos ? path : path.replace(star, 1, voice);
}

// Reads models.yaml; holds the name of the file for the messages.
class CatalogueReader {
 public:
  explicit CatalogueReader(std::string file) : file_(std::move(file)) {}
  CatalogueModel model(const std::string& name, const YAML::Node& node);

 private:
  void files(YamlFields& fields);
  void voices(YamlFields& fields);
  void voice_group(const YAML::Node& node);
  void named_voices(YamlFields& group, const std::string& key, const CatalogueVoice& like);
  void voice_files(YamlFields& fields);
  void tags(YamlFields& fields);
  void sources(YamlFields& fields);
  void add_voice(YamlFields& group, const YAML::Node& at, CatalogueVoice voice, const std::string& sha256);
  std::string optional_text(YamlFields& fields, const std::string& key);
  std::string required_text(YamlFields& fields, const std::string& key);
  std::string relative_path(YamlFields& fields, const std::string& key);
  std::string digest(YamlFields& fields, const std::string& key, const YAML::Node& value);
  const YAML::Node list(YamlFields& fields, const std::string& key);

  std::string file_;
  CatalogueModel model_;
  std::vector<std::string> voice_digests_;  // beside model_.voices
};

std::string CatalogueReader::optional_text(YamlFields& fields, const std::string& key) {
  const YAML::Node value = fields.find(key);
  return value.IsDefined() ? fields.text(key, value) : std::string();
}

std::string CatalogueReader::required_text(YamlFields& fields, const std::string& key) {
  const YAML::Node value = fields.require(key);
  const std::string text = fields.text(key, value);
  if (text.empty()) fields.refuse(value, "'" + key + "' is empty", "write its value");
  return text;
}

// A path that stays inside the folder that it is joined to.
std::string CatalogueReader::relative_path(YamlFields& fields, const std::string& key) {
  const std::string path = required_text(fields, key);
  const std::filesystem::path parts = path;
  const bool climbs =
      std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part == ".." || part == "."; });
  if (parts.is_absolute() || climbs)
    fields.refuse(fields.find(key), "'" + key + "' leaves the folder: '" + path + "'",
                  "use a path without '..' and leading '/'");
  return path;
}

std::string CatalogueReader::digest(YamlFields& fields, const std::string& key, const YAML::Node& value) {
  const std::string text = fields.text(key, value);
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    fields.refuse(value, "'" + key + "' is not a SHA-256: '" + text + "'", "write 64 lower-case hexadecimal digits");
  return text;
}

const YAML::Node CatalogueReader::list(YamlFields& fields, const std::string& key) {
  const YAML::Node node = fields.find(key);
  if (node.IsDefined() && !node.IsSequence())
    fields.refuse(node, "'" + key + "' must be a list", "begin each entry with '- '");
  return node;
}

void CatalogueReader::files(YamlFields& fields) {
  for (const auto& node : list(fields, "files")) {
    YamlFields entry(node, file_, "'files'");
    CatalogueFile file;
    file.path = relative_path(entry, "path");
    if (const auto bytes = entry.find("bytes"); bytes.IsDefined())
      file.bytes = static_cast<std::uint64_t>(entry.whole("bytes", bytes, 1, 1LL << 50));
    if (const auto hash = entry.find("sha256"); hash.IsDefined()) file.sha256 = digest(entry, "sha256", hash);
    file.shipped = optional_text(entry, "shipped");
    if (const auto value = entry.find("optional"); value.IsDefined()) file.optional = entry.truth("optional", value);
    entry.finish();
    model_.files.push_back(file);
  }
}

void CatalogueReader::add_voice(YamlFields& group, const YAML::Node& at, CatalogueVoice voice,
                                const std::string& sha256) {
  if (model_.find_voice(voice.name)) group.refuse(at, "voice '" + voice.name + "' stands twice", "remove one of them");
  const bool fits_a_file_name = !voice.name.empty() && voice.name.find_first_of("/.") == std::string::npos;
  if (!fits_a_file_name) group.refuse(at, "'" + voice.name + "' cannot name a voice", "use letters, digits and '_'");
  model_.voices.push_back(std::move(voice));
  voice_digests_.push_back(sha256);
}

// `female:` and `male:` map each voice to the SHA-256 of its file.
void CatalogueReader::named_voices(YamlFields& group, const std::string& key, const CatalogueVoice& like) {
  const YAML::Node node = group.find(key);
  if (!node.IsDefined()) return;
  YamlFields names(node, file_, "'" + key + "'");
  for (const std::string& name : names.keys()) {
    CatalogueVoice voice = like;
    voice.name = name;
    voice.sex = key;
    const YAML::Node hash = names.find(name);
    add_voice(names, hash, voice, digest(names, name, hash));
  }
}

void CatalogueReader::voice_group(const YAML::Node& node) {
  YamlFields group(node, file_, "'voices'");
  CatalogueVoice voice;
  voice.language = required_text(group, "language");
  voice.spoken_as = optional_text(group, "spoken_as");
  voice.refusal = optional_text(group, "refusal");
  if (group.find("file").IsDefined()) voice.file = relative_path(group, "file");
  if (voice.spoken_as.empty() == voice.refusal.empty())
    group.refuse(node, "voices of '" + voice.language + "' need either 'spoken_as' or 'refusal'", "write one of them");
  named_voices(group, "female", voice);
  named_voices(group, "male", voice);
  for (const auto& name : list(group, "names")) {  // voices without a file and a sex
    voice.name = group.text("names", name);
    add_voice(group, name, voice, "");
  }
  group.finish();
}

void CatalogueReader::voices(YamlFields& fields) {
  const YAML::Node groups = fields.require("voices");
  for (const auto& node : list(fields, "voices")) voice_group(node);
  model_.default_voice = required_text(fields, "default_voice");
  const CatalogueVoice* chosen = model_.find_voice(model_.default_voice);
  if (!chosen || chosen->spoken_as.empty())
    fields.refuse(fields.find("default_voice"),
                  "default_voice '" + model_.default_voice + "' is not a voice that can be used",
                  "name one of 'voices'");
}

void CatalogueReader::voice_files(YamlFields& fields) {
  const YAML::Node node = fields.find("voice_file");
  if (!node.IsDefined()) return;
  YamlFields entry(node, file_, "'voice_file'");
  const std::string path = relative_path(entry, "path");
  if (path.find(kEachVoice) == std::string::npos)
    entry.refuse(node, "'path' has no '*'", "write '*' for the voice's name");
  const auto bytes = static_cast<std::uint64_t>(entry.whole("bytes", entry.require("bytes"), 1, 1LL << 50));
  entry.finish();
  for (std::size_t i = 0; i < model_.voices.size(); ++i) {
    model_.voices[i].file = for_voice(path, model_.voices[i].name);
    model_.files.push_back({model_.voices[i].file, bytes, voice_digests_[i], "", false});
  }
}

// Written without their brackets, which YAML would take for a list.
void CatalogueReader::tags(YamlFields& fields) {
  for (const auto& tag : list(fields, "tags")) {
    model_.tags.emplace_back("[");
    model_.tags.back().append(fields.text("tags", tag)).append("]");
  }
}

void CatalogueReader::sources(YamlFields& fields) {
  for (const auto& node : list(fields, "sources")) {
    YamlFields entry(node, file_, "'sources'");
    CatalogueSource source;
    source.kind = entry.choice("kind", entry.require("kind"), {"hub", "npm"});
    source.name = required_text(entry, "name");
    source.revision = required_text(entry, "revision");
    if (const auto hash = entry.find("tarball_sha256"); hash.IsDefined())
      source.tarball_sha256 = digest(entry, "tarball_sha256", hash);
    YamlFields members(entry.require("members"), file_, "'members'");
    for (const std::string& from : members.keys()) {
      const std::string to = relative_path(members, from);
      if (from.find(kEachVoice) == std::string::npos)
        source.members.emplace_back(from, to);
      else
        for (const CatalogueVoice& voice : model_.voices)
          source.members.emplace_back(for_voice(from, voice.name), for_voice(to, voice.name));
    }
    for (const CatalogueFile& file : model_.files) {
      const bool given =
          std::any_of(source.members.begin(), source.members.end(), [&](auto& m) { return m.second == file.path; });
      if (file.shipped.empty() && !given)
        entry.refuse(node, "source '" + source.name + "' does not give '" + file.path + "'", "add it to 'members'");
    }
    entry.finish();
    model_.sources.push_back(std::move(source));
  }
}

CatalogueModel CatalogueReader::model(const std::string& name, const YAML::Node& node) {
  YamlFields fields(node, file_, "model '" + name + "'");
  model_ = {};
  voice_digests_.clear();
  model_.name = name;
  if (name.empty() || name.find_first_of("/.") == 0)
    fields.refuse(node, "'" + name + "' cannot name a model", "use letters, digits and '-'");
  model_.title = required_text(fields, "title");
  model_.licence = required_text(fields, "licence");
  model_.licence_url = optional_text(fields, "licence_url");
  model_.homepage = optional_text(fields, "homepage");
  model_.needs = required_text(fields, "needs");
  model_.engine = required_text(fields, "engine");
  model_.revision = static_cast<int>(fields.whole("revision", fields.require("revision"), 1, 1'000'000));
  model_.sample_rate_hz =
      static_cast<int>(fields.whole("sample_rate_hz", fields.require("sample_rate_hz"), 8000, 192000));
  model_.max_segment_chars =
      static_cast<int>(fields.whole("max_segment_chars", fields.require("max_segment_chars"), 20, 10'000));
  if (const auto value = fields.find("chars_per_second"); value.IsDefined())
    model_.chars_per_second = fields.number("chars_per_second", value, 1, 100);
  if (const auto value = fields.find("times_real_time"); value.IsDefined())
    model_.times_real_time = fields.number("times_real_time", value, 0.01, 10'000);
  if (const auto value = fields.find("memory_bytes"); value.IsDefined())
    model_.memory_bytes = static_cast<std::uint64_t>(fields.whole("memory_bytes", value, 0, 1LL << 50));
  if (const auto value = fields.find("clones_voices"); value.IsDefined())
    model_.clones_voices = fields.truth("clones_voices", value);
  if (const auto value = fields.find("phonemes"); value.IsDefined())
    model_.phonemes = fields.truth("phonemes", value);
  if (const auto value = fields.find("join_fragments"); value.IsDefined())
    model_.join_fragments = fields.truth("join_fragments", value);
  if (const auto value = fields.find("built_in"); value.IsDefined()) model_.built_in = fields.truth("built_in", value);
  tags(fields);
  files(fields);
  voices(fields);
  voice_files(fields);
  sources(fields);
  fields.finish();
  if (!model_.built_in && (model_.files.empty() || model_.sources.empty()))
    fields.refuse(node, "model '" + name + "' has no files or no sources", "add them, or 'built_in: true'");
  std::set<std::string> paths;
  for (const CatalogueFile& file : model_.files)
    if (!paths.insert(file.path).second)
      fields.refuse(node, "file '" + file.path + "' of model '" + name + "' stands twice", "remove one of them");
  return model_;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

const CatalogueVoice* CatalogueModel::find_voice(const std::string& voice) const {
  for (const CatalogueVoice& candidate : voices)
    if (candidate.name == voice) return &candidate;
  return nullptr;
}

Catalogue Catalogue::parse(const std::string& yaml, const std::string& name) {
  Catalogue catalogue;
  YamlFields top(parse_yaml(yaml, name), name, "");
  YamlFields models(top.require("models"), name, "'models'");
  for (const std::string& model : models.keys())
    catalogue.models_.push_back(CatalogueReader(name).model(model, models.find(model)));
  top.finish();
  return catalogue;
}

Catalogue Catalogue::load(bool test_models) {
  auto from = [](const std::string& name) {
    const std::filesystem::path file = installed_file(name);
    return parse(read_file(file), file.string());
  };
  Catalogue catalogue = from("models.yaml");
  if (!test_models) return catalogue;
  const Catalogue tests = from("test_models.yaml");
  catalogue.models_.insert(catalogue.models_.end(), tests.models_.begin(), tests.models_.end());
  return catalogue;
}

const CatalogueModel& Catalogue::model(const std::string& name) const {
  std::vector<std::string> names;
  for (const CatalogueModel& model : models_) {
    if (model.name == name) return model;
    names.push_back(model.name);
  }
  const std::string near = nearest_word(name, names);
  throw Fault(Exit::not_found, "unknown model '" + name + "'",
              (near.empty() ? "" : "did you mean '" + near + "'? ") + ("known models: " + joined(names)));
}

void require_voice_file(const CatalogueModel& model, const CatalogueVoice& voice, const InstalledModel& installed) {
  if (model.built_in || voice.file.empty() || !installed.file_hash(voice.file).empty()) return;
  throw Fault(Exit::not_found,
              "no voice loaded: model '" + model.name + "' was installed without " + voice.file + ", its voice '" +
                  voice.name + "'",
              "fetch it: lectern model pull " + model.name);
}

const CatalogueVoice& require_voice(const CatalogueModel& model, const std::string& wished) {
  const std::string& name = wished.empty() ? model.default_voice : wished;
  if (const CatalogueVoice* voice = model.find_voice(name)) {
    if (!voice->spoken_as.empty()) return *voice;
    throw Fault(Exit::bad_input, "voice '" + name + "' of " + model.name + " cannot be used: " + voice->refusal,
                "choose another: lectern voice list --model " + model.name);
  }
  std::vector<std::string> names, near;
  for (const CatalogueVoice& voice : model.voices) names.push_back(voice.name);
  for (std::string word = nearest_word(name, names); !word.empty() && near.size() < 3;
       word = nearest_word(name, names)) {
    near.push_back(word);
    names.erase(std::find(names.begin(), names.end(), word));
  }
  throw Fault(
      Exit::not_found, "model " + model.name + " has no voice '" + name + "'",
      (near.empty() ? "" : "the nearest: " + joined(near) + "; ") + ("all: lectern voice list --model " + model.name));
}

}  // namespace lectern
