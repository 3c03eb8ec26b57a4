#include "broker/publish/sidecar.h"

#include <cmath>
#include <fstream>

#include "broker/publish/output_name.h"
#include "broker/publish/subtitles.h"
#include "config/fault.h"
#include "config/seal.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr const char* kSchema = "lectern-sidecar";
constexpr int kVersion = 1;
const std::string kAudio = "audio";

std::string as_text(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);  // names and texts may hold broken UTF-8
}

ordered_json describe_segment(const PublishedSegment& segment, const Piece& piece, std::int64_t begin, double rate) {
  ordered_json described = {{"index", segment.index},
                            {"begin", segment.begin},
                            {"end", segment.end},
                            {"text", segment.spoken},
                            {"start_s", static_cast<double>(piece.start - begin) / rate},
                            {"duration_s", static_cast<double>(piece.speech) / rate},
                            {"pause_s", static_cast<double>(piece.pause) / rate},
                            {"take", segment.take_key},
                            {"seed", segment.seed},
                            {"notes", ordered_json(segment.notes)}};
  if (!segment.voice.empty()) described["voice"] = segment.voice;
  if (segment.edited) described["edited"] = true;
  return described;
}

double tenths(double db) { return std::round(db * 10) / 10; }

ordered_json describe_loudness(const PublishRequest& request, const Rendered& rendered) {
  const LoudnessPreset* preset = find_preset(request.delivery.loudness);
  const Loudness& loudness = rendered.loudness;
  ordered_json described = {{"preset", preset ? preset->name : "none"},
                            {"integrated_lufs", tenths(loudness.integrated_lufs)},
                            {"range_lu", tenths(loudness.range_lu)},
                            {"true_peak_dbtp", tenths(loudness.true_peak_db)},
                            {"rms_db", tenths(loudness.rms_db)},
                            {"noise_floor_db", tenths(loudness.noise_floor_db)},
                            {"gain_db", tenths(to_db(rendered.gain))},
                            {"limited_db", tenths(rendered.limited_db)}};
  if (preset) described["misses"] = misses(*preset, loudness);
  return described;
}

ordered_json describe_files(const std::vector<PublishedFile>& files) {
  ordered_json list = ordered_json::array();
  for (const PublishedFile& file : files) {
    list.push_back({{"kind", file.kind}, {"name", file.name}, {"sha256", file.sha256}, {"bytes", file.bytes}});
    if (file.kind != kAudio) continue;
    list.back()["seconds"] = file.seconds;
    list.back()["title"] = file.title;
  }
  return list;
}

std::vector<PublishedFile> read_files(const json& content) {
  std::vector<PublishedFile> files;
  for (const json& file : content.at("files")) {
    const std::string kind = file.at("kind");
    if (kind == kAudio || find_subtitles(kind))
      files.push_back({kind, file.at("name"), file.at("sha256"), file.at("bytes")});
  }
  return files;
}

std::string read_start(const fs::path& file, std::size_t bytes) {
  std::ifstream in(file, std::ios::binary);
  std::string text(bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(bytes));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// The opening of every sidecar of that job; what comes first is written first.
std::string opening(const std::string& job_id) {
  const std::string text = as_text(ordered_json{{"schema", kSchema}, {"version", kVersion}, {"job_id", job_id}}, 1);
  return text.substr(0, text.size() - 2);  // without "\n}"
}

// A file's name as it reads back from JSON, which holds no broken UTF-8.
std::string name_in_json(const fs::path& file) {
  return json::parse(as_text(file.filename().string(), -1)).get<std::string>();
}

bool names_audio(const json& content, const fs::path& audio) {
  return content.is_object() && content.value("schema", json()) == kSchema &&
         content.value("audio", json()) == name_in_json(audio);
}

json read_content(const fs::path& sidecar) {
  std::ifstream in(sidecar, std::ios::binary);
  return json::parse(in, nullptr, false);
}

std::optional<EarlierSidecar> read_earlier(const fs::path& sidecar, const fs::path& audio, const std::string& job_id) {
  const std::string start = opening(job_id);
  if (read_start(sidecar, start.size()) != start) return std::nullopt;
  const json content = read_content(sidecar);
  try {
    if (content.at("job_id") != job_id) return std::nullopt;
    EarlierSidecar earlier{sidecar, audio, content.at("made_from"), content.value("replaces", ""), content.at("seconds"), content.at("peak"),
                           read_files(content)};
    return earlier;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string made_from(const PublishRequest& request) {
  const PauseSettings& pauses = request.pauses;
  ordered_json chapters = ordered_json::array();
  for (const text::Chapter& chapter : request.chapters) chapters.push_back({chapter.segment, chapter.title});
  Sha256 hash;
  hash.update(as_text({request.edition, request.format, ordered_json(to_json(request.delivery)), ordered_json(request.facts), request.author, chapters,
                       {pauses.clause, pauses.sentence, pauses.paragraph, pauses.section, pauses.chapter, pauses.end}},
                      -1));
  if (request.leading_pause_s > 0) hash.update(as_text(request.leading_pause_s, -1));
  for (const PublishedSegment& segment : request.segments)
    hash.update(as_text({segment.begin, segment.end, segment.spoken, segment.take_key, static_cast<int>(segment.after),
                         segment.pause_s.value_or(-1)},
                        -1));
  return hash.finish();
}

std::string write_sidecar(const PublishRequest& request, const Timeline& timeline, const std::vector<Part>& parts,
                          const WorkFacts& facts) {
  const double rate = facts.sample_rate_hz;
  const bool in_one = !request.delivery.by_chapters();
  ordered_json segments = ordered_json::array(), unspoken = ordered_json::array(), chapters = ordered_json::array();
  for (std::size_t part = 0; part < parts.size(); ++part)
    for (std::size_t i = parts[part].first; i < parts[part].end; ++i) {
      segments.push_back(describe_segment(request.segments[i], timeline.pieces[i], parts[part].begin, rate));
      if (!in_one) segments.back()["file"] = facts.files[part].name;
    }
  for (const auto& gap : request.unspoken)
    unspoken.push_back({{"begin", gap.begin}, {"end", gap.end}, {"reason", gap.reason}});
  for (const Part& chapter : chapters_of(request, timeline))
    chapters.push_back({{"title", chapter.title},
                        {"segment", request.segments[chapter.first].index},
                        {"start_s", in_one ? static_cast<double>(chapter.begin) / rate : 0.0}});
  ordered_json content = {
      {"schema", kSchema}, {"version", kVersion}, {"job_id", request.job_id}, {"made_from", facts.made_from}};
  content["edition"] = request.edition;
  if (!facts.replaces.empty()) content["replaces"] = facts.replaces;
  if (in_one) {
    content["audio"] = facts.files[0].name;
    content["sha256"] = facts.files[0].sha256;
    content["bytes"] = facts.files[0].bytes;
  }
  content["format"] = facts.format;
  content["sample_rate_hz"] = facts.sample_rate_hz;
  content["seconds"] = facts.seconds;
  content["peak"] = facts.rendered.peak;
  content["gain"] = facts.rendered.gain;
  content["loudness"] = describe_loudness(request, facts.rendered);
  content["facts"] = ordered_json(request.facts);
  content["files"] = describe_files(facts.files);
  content["leading_pause_s"] = static_cast<double>(timeline.leading) / rate;
  content["chapters"] = std::move(chapters);
  content["segments"] = std::move(segments);
  content["unspoken"] = std::move(unspoken);
  content["coverage"] = {{"complete", request.problems.empty()}, {"problems", request.problems}};
  return sealed(as_text(content, 1));
}

bool describes(const fs::path& sidecar, const fs::path& audio) { return names_audio(read_content(sidecar), audio); }

std::vector<PublishedFile> files_of(const fs::path& sidecar) {
  const json content = read_content(sidecar);
  try {
    if (content.at("schema") == kSchema) return read_files(content);
  } catch (const json::exception&) {
  }
  return {};
}

std::optional<EarlierSidecar> folder_sidecar(const fs::path& folder, const std::string& job_id) {
  return read_earlier(folder / kFolderSidecar, folder, job_id);
}

std::vector<EarlierSidecar> earlier_sidecars(const fs::path& target, const std::string& job_id) {
  std::vector<EarlierSidecar> found;
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  std::error_code error, no_file;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto audio = audio_of_sidecar(target, entry->path().filename().string());
    if (!audio || !entry->is_regular_file(no_file)) continue;
    auto earlier = read_earlier(sidecar_name(*audio), *audio, job_id);
    if (earlier && !earlier->files.empty() && earlier->files[0].name == name_in_json(*audio))
      found.push_back(std::move(*earlier));
  }
  if (error) throw system_fault("cannot list the output folder " + folder.string(), error.value());
  return found;
}

}  // namespace lectern::publish
