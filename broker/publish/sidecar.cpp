#include "broker/publish/sidecar.h"

#include <fstream>

#include "broker/publish/output_name.h"
#include "broker/publish/staged_file.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/seal.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr const char* kSchema = "lectern-sidecar";
constexpr int kVersion = 1;

std::string as_text(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);  // names and texts may hold broken UTF-8
}

ordered_json describe_segment(const PublishedSegment& segment, const Piece& piece, double rate) {
  ordered_json described = {{"index", segment.index},
                            {"begin", segment.begin},
                            {"end", segment.end},
                            {"text", segment.spoken},
                            {"start_s", static_cast<double>(piece.start) / rate},
                            {"duration_s", static_cast<double>(piece.speech) / rate},
                            {"pause_s", static_cast<double>(piece.pause) / rate},
                            {"take", segment.take_key},
                            {"seed", segment.seed},
                            {"notes", ordered_json(segment.notes)}};
  if (!segment.voice.empty()) described["voice"] = segment.voice;
  if (segment.edited) described["edited"] = true;
  return described;
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
  if (!names_audio(content, audio)) return std::nullopt;
  try {
    if (content.at("job_id") != job_id) return std::nullopt;
    AudioFacts facts;
    content.at("sha256").get_to(facts.sha256);
    content.at("format").get_to(facts.format);
    content.at("bytes").get_to(facts.bytes);
    content.at("seconds").get_to(facts.seconds);
    content.at("peak").get_to(facts.peak);
    facts.replaces = content.value("replaces", "");
    return EarlierSidecar{sidecar, audio, facts, content.value("edition", std::uint64_t{0})};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string write_sidecar(const PublishRequest& request, const Timeline& timeline, const AudioFacts& facts,
                          const fs::path& audio) {
  ordered_json segments = ordered_json::array(), unspoken = ordered_json::array();
  for (std::size_t i = 0; i < request.segments.size(); ++i)
    segments.push_back(describe_segment(request.segments[i], timeline.pieces[i], facts.sample_rate_hz));
  for (const auto& gap : request.unspoken)
    unspoken.push_back({{"begin", gap.begin}, {"end", gap.end}, {"reason", gap.reason}});
  ordered_json content = {{"schema", kSchema},
                          {"version", kVersion},
                          {"job_id", request.job_id},
                          {"audio", audio.filename().string()},
                          {"sha256", facts.sha256},
                          {"bytes", facts.bytes},
                          {"edition", request.edition},
                          {"format", facts.format},
                          {"sample_rate_hz", facts.sample_rate_hz},
                          {"seconds", facts.seconds},
                          {"peak", facts.peak},
                          {"gain", facts.gain},
                          {"facts", ordered_json(request.facts)},
                          {"segments", std::move(segments)},
                          {"unspoken", std::move(unspoken)}};
  content["coverage"] = {{"complete", request.problems.empty()}, {"problems", request.problems}};
  if (!facts.replaces.empty()) content["replaces"] = facts.replaces;
  return sealed(as_text(content, 1));
}

bool describes(const fs::path& sidecar, const fs::path& audio) { return names_audio(read_content(sidecar), audio); }

std::vector<EarlierSidecar> earlier_sidecars(const fs::path& target, const std::string& job_id) {
  std::vector<EarlierSidecar> found;
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  std::error_code error, no_file;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto audio = audio_of_sidecar(target, entry->path().filename().string());
    if (!audio || !entry->is_regular_file(no_file)) continue;
    if (auto earlier = read_earlier(sidecar_name(*audio), *audio, job_id)) found.push_back(std::move(*earlier));
  }
  if (error) throw system_fault("cannot list the output folder " + folder.string(), error.value());
  return found;
}

std::optional<Former> find_former(const fs::path& audio, const std::string& job_id) {
  const fs::path sidecar = sidecar_name(audio);
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(sidecar, error))) return std::nullopt;
  const auto earlier = read_earlier(sidecar, audio, job_id);
  if (!earlier) return std::nullopt;
  Former former;
  former.sidecar = read_file(sidecar);
  if (!seal_holds(former.sidecar)) return std::nullopt;
  if (!stands(audio)) return former;
  if (!fs::is_regular_file(fs::symlink_status(audio, error))) return std::nullopt;
  former.sha256 = sha256_file(audio);
  const bool known = former.sha256 == earlier->facts.sha256 || former.sha256 == earlier->facts.replaces;
  return known ? std::optional(former) : std::nullopt;
}

}  // namespace lectern::publish
