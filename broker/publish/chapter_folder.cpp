#include "broker/publish/chapter_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>

#include "broker/publish/fault_point.h"
#include "broker/publish/output_name.h"
#include "broker/publish/render.h"
#include "broker/publish/sidecar.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/subtitles.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr int kNames = 100;  // tries for a free name, when others take each one that we chose

// One call. What it stages is removed with it.
class ChapterFolder {
 public:
  ChapterFolder(const PublishRequest& request, const std::atomic<bool>& stop,
                const std::function<void(const std::string& key)>& missing)
      : request_(request),
        stop_(stop),
        missing_(missing),
        parent_(request.target.parent_path()),
        staged_(staged_name(parent_.path(), request.job_id, "chapters")) {}

  ~ChapterFolder() {
    file_.reset();
    if (!placed_.empty())
      ::renameat2(AT_FDCWD, placed_.c_str(), AT_FDCWD, staged_.c_str(), exchanged_ ? RENAME_EXCHANGE : 0);
    std::error_code ignored;
    fs::remove_all(staged_, ignored);
  }

  Published run() {
    fault_point("folder_ready");
    check_stop(stop_);
    facts_.made_from = made_from(request_);
    if (const auto earlier = find_earlier()) return done(earlier->audio, *earlier);
    fault_point("nothing_earlier");
    auto staged = folder_sidecar(staged_, request_.job_id);
    if (!staged || staged->made_from != facts_.made_from || !is_whole_folder(staged_)) {
      make_all();
      staged = folder_sidecar(staged_, request_.job_id);
    }
    if (!staged) throw Fault(Exit::internal, "cannot read back what was written into " + staged_.string());
    check_stop(stop_);
    return place(*staged);
  }

 private:
  std::optional<EarlierSidecar> find_earlier();
  void make_all();
  void finish_part(std::size_t part);
  void write_beside(const Timeline& timeline, const std::vector<Part>& parts);
  void write_synced(const std::string& name, const std::string& text);
  bool may_replace(const fs::path& folder) const;
  bool move_to(const fs::path& name);
  Published place(const EarlierSidecar& staged);
  Published done(const fs::path& folder, const EarlierSidecar& sidecar);

  const PublishRequest& request_;
  const std::atomic<bool>& stop_;
  const std::function<void(const std::string& key)>& missing_;
  OutputFolder parent_;
  const fs::path staged_;
  WorkFacts facts_;
  std::unique_ptr<StagedFile> file_;  // the chapter that is being encoded
  fs::path placed_;                   // visible, but not yet for good
  bool exchanged_ = false;            // what stood there has our hidden name now
};

// A folder of this job, in the place where an earlier call that was cut short has put it.
std::optional<EarlierSidecar> ChapterFolder::find_earlier() {
  std::error_code error, no_folder;
  for (fs::directory_iterator entry(parent_.path(), error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!is_numbered_folder(request_.target, name) || !entry->is_directory(no_folder)) continue;
    const auto sidecar = folder_sidecar(entry->path(), request_.job_id);
    if (sidecar && sidecar->made_from == facts_.made_from && is_whole_folder(entry->path())) return sidecar;
  }
  if (error) throw system_fault("cannot list the output folder " + parent_.path().string(), error.value());
  return std::nullopt;
}

void ChapterFolder::make_all() {
  fs::remove_all(staged_);
  if (::mkdir(staged_.c_str(), 0777) != 0) throw write_fault(request_.target, errno);
  fault_point("staged_folder_made");
  const Timeline timeline = measure(request_, stop_, missing_);
  fault_point("measured");
  const std::vector<Part> parts = parts_of(request_, timeline);
  const std::string extension = find_format(request_.format)->extension;
  for (std::size_t i = 0; i < parts.size(); ++i)
    facts_.files.push_back({"audio", chapter_name(i + 1, parts.size(), parts[i].title, extension), "", 0,
                            static_cast<double>(parts[i].frames) / timeline.sample_rate_hz, parts[i].title});
  const auto open = [&](std::size_t part) -> StagedFile& {
    file_ = std::make_unique<StagedFile>(staged_ / (std::to_string(part) + ".part"),
                                         request_.target / facts_.files[part].name);
    return *file_;
  };
  facts_.rendered = render(request_, timeline, parts, {open, [&](std::size_t part) { finish_part(part); }}, stop_, missing_);
  fault_point("audio_encoded");
  facts_.format = request_.format;
  facts_.sample_rate_hz = timeline.sample_rate_hz;
  facts_.seconds = static_cast<double>(timeline.frames) / timeline.sample_rate_hz;
  write_beside(timeline, parts);
  sync_folder(staged_);
  fault_point("staged_folder_synced");
}

void ChapterFolder::finish_part(std::size_t part) {
  file_->sync();
  PublishedFile& facts = facts_.files[part];
  facts.sha256 = sha256_file(file_->path());
  facts.bytes = file_->bytes();
  file_->place(staged_ / facts.name, true);
  file_.reset();
  fault_point("chapter_encoded");
}

void ChapterFolder::write_synced(const std::string& name, const std::string& text) {
  StagedFile file(staged_ / "text.part", request_.target / name);
  file.write_all(text);
  file.sync();
  file.place(staged_ / name, true);
}

void ChapterFolder::write_beside(const Timeline& timeline, const std::vector<Part>& parts) {
  for (const SubtitleKind& kind : subtitle_kinds()) {
    if (!request_.delivery.wants(kind.name)) continue;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string audio = facts_.files[i].name, name = name_beside(audio, kind.extension).string();
      const std::string text =
          kind.write(cues_of(request_, timeline, parts[i].first, parts[i].end, parts[i].begin), request_, audio);
      write_synced(name, text);
      facts_.files.push_back({kind.name, name, sha256(text), text.size()});
    }
    fault_point("subtitles_written");
  }
  write_synced(kFolderSidecar, write_sidecar(request_, timeline, parts, facts_));
  fault_point("sidecar_written");
}

// Only a folder of Lectern's that nobody has changed or added to.
bool ChapterFolder::may_replace(const fs::path& folder) const {
  if (!is_whole_folder(folder)) return false;
  return (request_.overwrite && folder == request_.target) || folder_sidecar(folder, request_.job_id).has_value();
}

// False: something else stands there.
bool ChapterFolder::move_to(const fs::path& name) {
  if (stands(name) && may_replace(name)) {
    // A file system without exchange: a numbered name is taken.
    return exchanged_ = ::renameat2(AT_FDCWD, staged_.c_str(), AT_FDCWD, name.c_str(), RENAME_EXCHANGE) == 0;
  }
  if (::renameat2(AT_FDCWD, staged_.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) throw write_fault(name, errno);
  if (stands(name)) return false;
  if (::rename(staged_.c_str(), name.c_str()) != 0) throw write_fault(name, errno);
  return true;
}

Published ChapterFolder::place(const EarlierSidecar& staged) {
  fs::path name = request_.target;
  for (int attempt = 0; attempt < kNames; ++attempt) {
    fault_point("name_chosen");
    if (move_to(name)) {
      placed_ = name;
      fault_point("folder_placed");
      return done(name, staged);
    }
    name = free_name(request_.target, request_.delivery);
  }
  throw Fault(Exit::internal, "every name tried for " + request_.target.string() + " was taken by another program");
}

Published ChapterFolder::done(const fs::path& folder, const EarlierSidecar& sidecar) {
  sync_folder(parent_.path());
  fault_point("folder_synced");
  placed_.clear();
  parent_.keep();
  std::uint64_t bytes = 0;
  for (const PublishedFile& file : sidecar.files)
    if (file.kind == "audio") bytes += file.bytes;
  return {folder, folder / kFolderSidecar, sidecar.seconds, bytes, sidecar.peak};
}

}  // namespace

bool is_whole_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return false;
  const std::vector<PublishedFile> files = files_of(folder / kFolderSidecar);
  if (files.empty()) return false;
  std::set<std::string> known{kFolderSidecar};
  for (const PublishedFile& file : files) {
    known.insert(file.name);
    const fs::path path = folder / file.name;
    if (fs::path(file.name).has_parent_path() || !fs::is_regular_file(fs::symlink_status(path, error)) ||
        fs::file_size(path, error) != file.bytes || sha256_file(path) != file.sha256)
      return false;
  }
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (!known.contains(entry->path().filename().string())) return false;
  return !error;
}

Published publish_chapters(const PublishRequest& request, const std::atomic<bool>& stop,
                           const std::function<void(const std::string& key)>& missing) {
  return ChapterFolder(request, stop, missing).run();
}

}  // namespace lectern::publish
