#include "broker/publish/one_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "broker/publish/fault_point.h"
#include "broker/publish/output_name.h"
#include "broker/publish/render.h"
#include "broker/publish/sidecar.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/subtitles.h"
#include "broker/publish/timeline.h"
#include "config/file.h"
#include "config/seal.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr int kNames = 100;  // tries for a free name, when others take each one that we chose

// One call. What it stages is removed with it, and so is a sidecar whose audio did
// not follow.
class Publication {
 public:
  Publication(const PublishRequest& request, const std::atomic<bool>& stop,
              const std::function<void(const std::string& key)>& missing)
      : request_(request),
        stop_(stop),
        missing_(missing),
        folder_(request.target.parent_path()),
        staged_audio_(staged("audio")),
        staged_sidecar_(staged("json")) {}

  ~Publication() {
    withdraw();
    for (const fs::path& file : {staged_audio_, staged_sidecar_}) ::unlink(file.c_str());
    for (const SubtitleKind& kind : subtitle_kinds()) ::unlink(staged(kind.name).c_str());
  }

  Published run() {
    fault_point("folder_ready");
    check_stop(stop_);
    facts_.made_from = made_from(request_);
    if (const auto earlier = finish_earlier()) return *earlier;
    fault_point("nothing_earlier");
    const Timeline timeline = measure(request_, stop_, missing_);
    fault_point("measured");
    const std::vector<Part> parts = parts_of(request_, timeline);
    StagedFile audio(staged_audio_, request_.target);
    fault_point("audio_created");
    facts_.rendered = render(request_, timeline, parts,
                             {[&](std::size_t) -> StagedFile& { return audio; }, [](std::size_t) {}}, stop_, missing_);
    fault_point("audio_encoded");
    audio.sync();
    fault_point("audio_synced");
    facts_.format = request_.format;
    facts_.sample_rate_hz = timeline.sample_rate_hz;
    facts_.seconds = static_cast<double>(timeline.frames) / timeline.sample_rate_hz;
    facts_.files = {{"audio", "", sha256_file(staged_audio_), audio.bytes(), facts_.seconds, parts[0].title}};
    fault_point("audio_hashed");
    const auto cues = cues_of(request_, timeline, 0, request_.segments.size(), 0);
    for (const SubtitleKind& kind : subtitle_kinds())
      if (request_.delivery.wants(kind.name)) facts_.files.push_back({kind.name, "", "", 0});
    check_stop(stop_);
    return place(timeline, parts, cues, audio);
  }

 private:
  fs::path staged(const std::string& what) const { return staged_name(folder_.path(), request_.job_id, what); }

  std::optional<Published> finish_earlier();
  bool finish_beside(const EarlierSidecar& earlier);
  Published place(const Timeline& timeline, const std::vector<Part>& parts, const std::vector<Cue>& cues,
                  StagedFile& audio);
  void write_subtitles(const fs::path& audio, const std::vector<Cue>& cues);
  bool place_subtitles(const fs::path& audio, bool replace);
  fs::path choose_name() const;
  bool may_replace(const fs::path& audio) const;
  void remove_others(const fs::path& audio, const std::vector<PublishedFile>& before);
  bool show(const fs::path& staged, const fs::path& visible, bool replace);
  void withdraw();
  Published done(const fs::path& audio, double seconds, std::uint64_t bytes, double peak);

  const PublishRequest& request_;
  const std::atomic<bool>& stop_;
  const std::function<void(const std::string& key)>& missing_;
  OutputFolder folder_;
  const fs::path staged_audio_, staged_sidecar_;
  WorkFacts facts_;
  struct Placed {
    fs::path visible, staged;  // staged: where what stood there before waits; empty: nothing did
  };
  std::vector<Placed> placed_;  // visible, but not yet for good
};

// The place of subtitles of that kind.
fs::path beside(const fs::path& audio, const std::string& kind) {
  return name_beside(audio, find_subtitles(kind)->extension);
}

// Of a file; empty when it is none.
std::string hash_of(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(fs::symlink_status(path, error)) ? sha256_file(path) : "";
}

bool is_file_of(const fs::path& path, const PublishedFile& file) { return hash_of(path) == file.sha256; }

// A sidecar of this job tells that an earlier call got as far as showing it. Its hashes tell which files belong to it:
// those in place (then all is done), or those still staged (then only the renames are missing).
std::optional<Published> Publication::finish_earlier() {
  for (const EarlierSidecar& earlier : earlier_sidecars(request_.target, request_.job_id)) {
    const bool there = stands(earlier.audio), ours = earlier.made_from == facts_.made_from;
    const PublishedFile& audio = earlier.files[0];
    const auto finished = [&] { return done(earlier.audio, earlier.seconds, audio.bytes, earlier.peak); };
    if (ours && is_file_of(earlier.audio, audio) && finish_beside(earlier)) return finished();
    bool cut_short = false;
    if (ours && is_file_of(staged_audio_, audio) && finish_beside(earlier)) {
      cut_short = true;
      placed_.push_back({earlier.sidecar, {}});  // ours: gone with us if the audio cannot follow
      if (show(staged_audio_, earlier.audio, there && may_replace(earlier.audio))) return finished();
    }
    // Without its audio it describes nothing. Beside an audio that has changed since, it is no longer ours to remove.
    if (!there || cut_short) {
      for (std::size_t i = 1; i < earlier.files.size(); ++i) {
        const fs::path file = beside(earlier.audio, earlier.files[i].kind);
        if (is_file_of(file, earlier.files[i])) ::unlink(file.c_str());
      }
      ::unlink(earlier.sidecar.c_str());
    }
    placed_.clear();
  }
  return std::nullopt;
}

// Whether the subtitles of an earlier call stand beside its audio, now at least.
bool Publication::finish_beside(const EarlierSidecar& earlier) {
  for (std::size_t i = 1; i < earlier.files.size(); ++i) {
    const PublishedFile& file = earlier.files[i];
    const fs::path name = beside(earlier.audio, file.kind);
    if (is_file_of(name, file)) continue;
    const bool replace = !earlier.replaces.empty() || (request_.overwrite && earlier.audio == request_.target);
    if (!is_file_of(staged(file.kind), file) || !put_in_place(staged(file.kind), name, replace)) return false;
  }
  return true;
}

// "Overwrite" is said of the audio: what stands beside it and is not its sidecar or named there is somebody's own and
// stays. The job's own earlier work may be replaced as long as nobody changed it.
bool Publication::may_replace(const fs::path& audio) const {
  const fs::path sidecar = sidecar_name(audio);
  std::error_code error;
  const bool alone = !stands(sidecar), described = !alone && describes(sidecar, audio);
  if (fs::is_directory(audio, error) || (!alone && !described)) return false;
  const auto named = described ? files_of(sidecar) : std::vector<PublishedFile>{};
  for (const PublishedFile& file : facts_.files) {
    if (file.kind == "audio") continue;
    const fs::path name = beside(audio, file.kind);
    const auto known = std::find_if(named.begin(), named.end(), [&](const auto& n) { return n.kind == file.kind; });
    if (stands(name) && (known == named.end() || !is_file_of(name, *known))) return false;
  }
  if (request_.overwrite && audio == request_.target) return true;
  if (!described || !seal_holds(read_file(sidecar))) return false;
  const auto own = earlier_sidecars(audio, request_.job_id);
  return std::any_of(own.begin(), own.end(), [&](const EarlierSidecar& earlier) {
    return earlier.audio == audio && (is_file_of(audio, earlier.files[0]) ||
                                        (!earlier.replaces.empty() && hash_of(audio) == earlier.replaces));
  });
}

fs::path Publication::choose_name() const {
  return may_replace(request_.target) ? request_.target : free_name(request_.target, request_.delivery);
}

void Publication::write_subtitles(const fs::path& audio, const std::vector<Cue>& cues) {
  for (PublishedFile& file : facts_.files) {
    if (file.kind == "audio") continue;
    const SubtitleKind& kind = *find_subtitles(file.kind);
    const fs::path name = name_beside(audio, kind.extension);
    const std::string text = kind.write(cues, request_, audio.filename().string());
    StagedFile written(staged(kind.name), name);
    written.write_all(text);
    written.sync();
    written.keep();
    file.name = name.filename().string();
    file.sha256 = sha256(text);
    file.bytes = text.size();
    fault_point("subtitles_written");
  }
}

bool Publication::place_subtitles(const fs::path& audio, bool replace) {
  for (const PublishedFile& file : facts_.files) {
    if (file.kind == "audio") continue;
    const fs::path name = beside(audio, file.kind);
    if (!show(staged(file.kind), name, replace)) return false;
    fault_point("subtitles_placed");
  }
  return true;
}

// Subtitles that belonged to the work that was replaced, and of which this one has none.
void Publication::remove_others(const fs::path& audio, const std::vector<PublishedFile>& before) {
  for (const PublishedFile& file : before) {
    const bool has = std::any_of(facts_.files.begin(), facts_.files.end(), [&](const auto& f) { return f.kind == file.kind; });
    if (has || file.kind == "audio") continue;
    const fs::path name = beside(audio, file.kind);
    if (is_file_of(name, file)) ::unlink(name.c_str());
  }
}

// Under its visible name. What it replaces changes places with it, so that it can be put back.
bool Publication::show(const fs::path& staged, const fs::path& visible, bool replace) {
  if (replace && ::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, visible.c_str(), RENAME_EXCHANGE) == 0) {
    placed_.push_back({visible, staged});
    return true;
  }
  if (!put_in_place(staged, visible, replace)) return false;
  placed_.push_back({visible, {}});
  return true;
}

void Publication::withdraw() {
  for (const auto& [visible, staged] : placed_)
    if (staged.empty() || ::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, visible.c_str(), RENAME_EXCHANGE) != 0)
      ::unlink(visible.c_str());
  placed_.clear();
}

Published Publication::place(const Timeline& timeline, const std::vector<Part>& parts, const std::vector<Cue>& cues,
                             StagedFile& audio) {
  for (int attempt = 0; attempt < kNames; ++attempt) {
    const fs::path name = choose_name(), sidecar = sidecar_name(name);
    const bool own = stands(name) && may_replace(name), replace = own || (request_.overwrite && name == request_.target);
    const auto before = own ? files_of(sidecar) : std::vector<PublishedFile>{};
    facts_.replaces = own ? hash_of(name) : "";
    fault_point("name_chosen");
    facts_.files[0].name = name.filename().string();
    write_subtitles(name, cues);
    StagedFile staged(staged_sidecar_, sidecar);
    staged.write_all(write_sidecar(request_, timeline, parts, facts_));
    fault_point("sidecar_written");
    staged.sync();
    fault_point("sidecar_synced");
    if (!show(staged_sidecar_, sidecar, replace)) continue;
    staged.keep();  // under that name waits what it replaced
    fault_point("sidecar_placed");
    if (place_subtitles(name, replace)) {
      sync_folder(folder_.path());  // no power loss may show the audio without its sidecar
      fault_point("sidecar_folder_synced");
      if (show(staged_audio_, name, replace)) {
        audio.keep();
        fault_point("audio_placed");
        remove_others(name, before);
        return done(name, facts_.seconds, facts_.files[0].bytes, facts_.rendered.peak);
      }
    }
    withdraw();
    fault_point("sidecar_withdrawn");
  }
  throw Fault(Exit::internal, "every name tried for " + request_.target.string() + " was taken by another program");
}

Published Publication::done(const fs::path& audio, double seconds, std::uint64_t bytes, double peak) {
  sync_folder(folder_.path());
  fault_point("folder_synced");
  placed_.clear();
  folder_.keep();
  return {audio, sidecar_name(audio), seconds, bytes, peak};
}

}  // namespace

Published publish_file(const PublishRequest& request, const std::atomic<bool>& stop,
                       const std::function<void(const std::string& key)>& missing) {
  return Publication(request, stop, missing).run();
}

}  // namespace lectern::publish
