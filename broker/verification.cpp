#include "broker/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "broker/coverage.h"
#include "broker/publish/output_name.h"
#include "broker/publish/publisher.h"
#include "broker/publish/sound_format.h"
#include "broker/publish/sound_writer.h"
#include "broker/publish/take_file.h"
#include "broker/text/coverage.h"
#include "config/file.h"
#include "config/quantity.h"
#include "config/seal.h"
#include "config/sha256.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFolderSidecar = "sidecar.json";  // of a work in several files
constexpr double kSilent = 0.001;                       // -60 dBFS
constexpr double kExact_s = 1e-6;                       // rounding of times in the sidecar

class Verification {
 public:
  Verification(const fs::path& file, const std::optional<KnownJob>& known, const fs::path& takes, ModelShelf& models)
      : known_(known), takes_(takes), models_(models) {
    std::error_code error;
    if (file.extension() == ".json") {
      sidecar_ = file;
    } else {
      audio_ = file;
      sidecar_ = fs::is_directory(file, error) ? file / kFolderSidecar : publish::sidecar_name(file);
    }
    if (!fs::exists(sidecar_, error) && (audio_.empty() || !fs::exists(audio_, error)))
      throw Fault(Exit::not_found, "neither audio nor sidecar is there: " + file.string(),
                  "name the audio or its .json as they stand now");
  }

  protocol::Verified run() {
    if (known_) {
      result_.number = known_->job.number;
      result_.name = known_->job.name;
    }
    result_.sidecar = sidecar_.string();
    if (read_sidecar()) {
      check("audio", [&] { return audio_as_published(); });
      check("duration", [&] { return duration(); });
      check("level", [&] { return level(); });
      check("script", [&] { return script(); });
      check("takes", [&] { return takes_there(); });
      list_flagged();
    }
    result_.audio = audio_.string();
    result_.whole = std::all_of(result_.checks.begin(), result_.checks.end(), [](const auto& c) { return c.passed; });
    return std::move(result_);
  }

 private:
  struct Wrong {
    std::string what;
  };

  // `look` returns what was found, or throws Wrong.
  template <class Look>
  bool check(const char* name, const Look& look) {
    protocol::Check check;
    check.name = name;
    try {
      check.detail = look();
      check.passed = true;
    } catch (const Wrong& wrong) {
      check.detail = wrong.what;
    } catch (const json::exception&) {
      check.detail = "the sidecar does not say what it should";
    } catch (const Fault& fault) {
      check.detail = fault.what();
    }
    result_.checks.push_back(check);
    return check.passed;
  }

  // Whether the other checks have something to go by.
  bool read_sidecar() {
    check("sidecar", [&] {
      std::error_code error;
      if (!fs::exists(sidecar_, error)) throw Wrong{"it is gone: nothing tells what the audio should be"};
      const std::string text = read_file(sidecar_);
      content_ = json::parse(text, nullptr, false);
      if (!content_.is_object() || content_.value("schema", json()) != "lectern-sidecar") {
        content_ = json();
        throw Wrong{"is no sidecar of Lectern's"};
      }
      list_files();
      if (audio_.empty()) audio_ = sidecar_.filename() == kFolderSidecar ? sidecar_.parent_path() : files_[0].path;
      if (known_ && content_.at("job_id") != known_->job.job_id) throw Wrong{"is of another job"};
      if (!seal_holds(text)) throw Wrong{"was changed since it was published"};
      return std::string("as it was published");
    });
    return content_.is_object();
  }

  // One file that the sidecar describes. A work in one file needs no list.
  struct File {
    fs::path path;
    std::string kind, name, sha256;
    std::uint64_t bytes = 0;
  };

  void list_files() {
    const fs::path folder = sidecar_.parent_path();
    if (!content_.contains("files")) {
      const std::string name = content_.at("audio");
      files_ = {{folder / name, "audio", name, content_.at("sha256"), content_.at("bytes")}};
      return;
    }
    for (const json& file : content_.at("files")) {
      const std::string name = file.at("name");
      files_.push_back({folder / name, file.at("kind"), name, file.at("sha256"), file.at("bytes")});
    }
    if (files_.empty()) throw Wrong{"names no files"};
  }

  std::string audio_as_published() {
    for (const File& file : files_) {
      std::error_code error;
      if (!fs::exists(file.path, error)) throw Wrong{"it is gone: " + file.path.string()};
      if (fs::file_size(file.path, error) != file.bytes || sha256_file(file.path) != file.sha256)
        throw Wrong{"is not as it was published: the SHA-256 of " + file.name + " is another"};
    }
    return files_.size() == 1 ? "SHA-256 " + files_[0].sha256.substr(0, 12) + "..."
                              : count(files_.size()) + " files, each with its SHA-256";
  }

  // Segments follow each other without a gap, from the beginning of each file to its end.
  std::string duration() {
    double told = 0;
    for (const File& file : files_) {
      if (file.kind != "audio") continue;
      double reached = told == 0 ? content_.value("leading_pause_s", 0.0) : 0;  // before the first segment
      for (const json& segment : content_.at("segments")) {
        if (segment.value("file", file.name) != file.name) continue;
        const double start = segment.at("start_s"), length = segment.at("duration_s"), pause = segment.at("pause_s");
        if (std::abs(start - reached) > kExact_s * (1 + reached))
          throw Wrong{fmt::format("segment {} begins at {:.3f} s, the one before ends at {:.3f} s",
                                  segment.at("index").get<std::uint64_t>(), start, reached)};
        reached = start + length + pause;
      }
      told += reached;
      if (!publish::find_format(content_.at("format"))) continue;  // of a newer Lectern
      const std::atomic<bool> to_the_end{false};
      const int rate_hz = content_.at("sample_rate_hz");
      const auto settings = publish::sound_settings(content_.at("format"), rate_hz, std::llround(reached * rate_hz));
      const publish::SoundFacts facts = publish::read_back(file.path, settings, true, to_the_end);
      peak_ = std::max(peak_.value_or(0), facts.peak);
      const double decoded = static_cast<double>(facts.frames) / facts.sample_rate_hz;
      const double more = settings.format == 0 ? publish::kCodecFrames : 0;  // made by ffmpeg
      if (decoded < reached - 1.5 / rate_hz || decoded > reached + (1.5 + more) / rate_hz)
        throw Wrong{fmt::format("{} lasts {:.3f} s, its segments {:.3f} s", file.name, decoded, reached)};
    }
    const double seconds = content_.at("seconds");
    if (std::abs(seconds - told) > kExact_s * (1 + told))
      throw Wrong{fmt::format("its segments last {:.3f} s, the sidecar says {:.3f} s", told, seconds)};
    return clock_time(seconds);
  }

  std::string level() {
    if (!peak_) throw Wrong{"could not be read"};
    const double peak = *peak_, told = content_.at("peak");
    if (peak < kSilent) throw Wrong{"it is silent"};
    if (peak > 1) throw Wrong{fmt::format("it goes beyond full scale: peak {:.3f}", peak)};
    if (!publish::is_lossy(content_.at("format")) && std::abs(peak - told) > 0.001)
      throw Wrong{fmt::format("its peak is {:.3f}, the sidecar says {:.3f}", peak, told)};
    return fmt::format("peak {:.1f} dBFS", 20 * std::log10(peak));
  }

  std::string script() {
    std::vector<publish::PublishedSegment> segments;
    std::vector<text::Covered> covered;
    std::vector<text::Unspoken> unspoken;
    for (const json& s : content_.at("segments")) {
      publish::PublishedSegment segment;
      segment.index = s.at("index");
      segment.begin = s.at("begin");
      segment.end = s.at("end");
      segment.spoken = s.at("text");
      segment.edited = s.value("edited", false);
      covered.push_back({segment.index, segment.begin, segment.end, segment.spoken, segment.edited});
      segments.push_back(std::move(segment));
    }
    for (const json& gap : content_.at("unspoken"))
      unspoken.push_back({gap.at("begin"), gap.at("end"), gap.at("reason")});
    const auto problems = known_ ? coverage_problems(models_, known_->job, known_->script, segments, unspoken)
                                 : text::gaps(covered, unspoken, 0);
    if (!problems.empty()) {
      std::string all = problems.front();
      if (problems.size() > 1) all += fmt::format("; and {} more", problems.size() - 1);
      throw Wrong{all};
    }
    const auto edited = std::count_if(covered.begin(), covered.end(), [](const auto& s) { return s.edited; });
    return (known_ ? "every word is spoken, in order" : "every character is accounted for") +
           (edited > 0 ? fmt::format("; {} edited", count(static_cast<std::uint64_t>(edited), "segment")) : "");
  }

  // Takes of jobs that are done may be removed; they are needed for a redo only.
  std::string takes_there() {
    std::uint64_t gone = 0, all = 0;
    for (const json& segment : content_.at("segments")) {
      std::error_code error;
      gone += !fs::is_regular_file(publish::take_path(takes_, segment.at("take")), error);
      ++all;
    }
    if (gone == 0) return "all " + count(all) + " are there";
    return count(gone) + " of " + count(all) + " were removed; a redo speaks them again";
  }

  void list_flagged() try {
    for (const json& segment : content_.at("segments")) {
      const json notes = segment.value("notes", json::object());
      const json flags = notes.is_object() ? notes.value("flagged", json::array()) : json::array();
      if (flags.empty()) continue;
      protocol::FlaggedSegment flagged;
      flagged.index = segment.at("index");
      flagged.start_s = segment.at("start_s");
      flagged.text = segment.at("text");
      for (const json& flag : flags) flagged.flags.push_back(flag);
      result_.flagged.push_back(flagged);
    }
  } catch (const json::exception&) {  // which the checks have told
  }

  const std::optional<KnownJob>& known_;
  const fs::path& takes_;
  ModelShelf& models_;
  fs::path audio_, sidecar_;
  json content_;
  std::vector<File> files_;
  std::optional<double> peak_;  // of all audio, decoded
  protocol::Verified result_;
};

}  // namespace

protocol::Verified verify_output(const fs::path& file, const std::optional<KnownJob>& known, const fs::path& takes,
                                 ModelShelf& models) {
  return Verification(file, known, takes, models).run();
}

}  // namespace lectern
