#include "cli/model_staging.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/download_progress.h"
#include "cli/model_file.h"
#include "config/fault.h"
#include "config/file.h"

namespace lectern::cli {
namespace fs = std::filesystem;
namespace {

fs::path staging_folder(const Paths& paths, const std::string& model) {
  return paths.models() / ("." + model + ".new");
}
fs::path old_folder(const Paths& paths, const std::string& model) { return paths.models() / ("." + model + ".old"); }

void rename_folder(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0)
    throw system_fault("cannot rename " + from.string() + " to " + to.string(), errno);
}

// `fresh` becomes `place`, and what was there is gone afterwards. Where the file system can exchange two folders, one
// of them is at `place` at every moment; elsewhere restore_old() mends a crash between the two renames.
void replace_folder(const fs::path& fresh, const fs::path& place, const fs::path& old) {
  fs::path left = fresh;
  if (!fs::exists(place)) {
    rename_folder(fresh, place);
    left.clear();
  } else if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0) {
    fs::remove_all(old);
    rename_folder(place, old);
    rename_folder(fresh, place);
    left = old;
  }
  sync_to_disk(place.parent_path());
  if (!left.empty()) fs::remove_all(left);
}

void restore_old(const fs::path& place, const fs::path& old) {
  if (!fs::exists(old)) return;
  if (fs::exists(place))
    fs::remove_all(old);
  else
    rename_folder(old, place);
}

std::optional<InstalledModel> readable_record(const Paths& paths, const CatalogueModel& model) try {
  return installed_model(paths, model);
} catch (const Fault&) {  // the pull writes a new one
  return std::nullopt;
}

}  // namespace

bool matches(const CatalogueFile& file, const fs::path& path, InstalledFile* actual) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const InstalledFile found{file.path, fs::file_size(path), sha256_file(path)};
  if (actual) *actual = found;
  return (file.bytes == 0 || found.bytes == file.bytes) && (file.sha256.empty() || found.sha256 == file.sha256);
}

ModelStaging::ModelStaging(const Paths& paths, const CatalogueModel& model, bool by_record)
    : paths_(paths), model_(model), folder_(staging_folder(paths, model.name)) {
  restore_old(paths.model(model.name), old_folder(paths, model.name));
  make_folder(folder_);
  remove_strangers();
  installed_ = readable_record(paths, model);
  for (const CatalogueFile& file : model.files)
    take_over(file, by_record && installed_ ? installed_->file_hash(file.path) : "");
}

bool ModelStaging::keep_installed(const CatalogueFile& file) {
  return installed_ && take_over(file, installed_->file_hash(file.path));
}

// What a killed pull, or one of another edition of the model, left here and this one does not use.
void ModelStaging::remove_strangers() {
  std::vector<fs::path> strangers;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const fs::path path = entry.path().lexically_relative(folder_);
    const bool ours =
        std::any_of(model_.files.begin(), model_.files.end(), [&](auto& file) { return file.path == path; });
    if (!entry.is_directory() && !ours) strangers.push_back(entry.path());
  }
  for (const fs::path& stranger : strangers) fs::remove(stranger);
}

bool ModelStaging::take_over(CatalogueFile file, const std::string& recorded) {
  if (file.sha256.empty()) file.sha256 = recorded;
  if (file.sha256.empty()) return false;
  const fs::path here = place(file), installed = paths_.model(model_.name) / file.path;
  InstalledFile found;
  if (matches(file, here, &found)) {
    record(file, found.bytes, found.sha256);
    return true;
  }
  fs::remove(here);
  if (!matches(file, installed, &found)) return false;
  // The same bytes under two names: neither folder ever changes a file in place.
  std::error_code error;
  fs::create_hard_link(installed, here, error);
  if (error)
    copy_in(file, installed);
  else
    record(file, found.bytes, found.sha256);
  return true;
}

fs::path ModelStaging::place(const CatalogueFile& file) const {
  const fs::path path = folder_ / file.path;
  make_folder(path.parent_path());
  return path;
}

void ModelStaging::record(const CatalogueFile& file, std::uint64_t bytes, const std::string& sha256) {
  present_.push_back({file.path, bytes, sha256});
}

std::vector<const CatalogueFile*> ModelStaging::missing() const {
  std::vector<const CatalogueFile*> files;
  for (const CatalogueFile& file : model_.files)
    if (std::none_of(present_.begin(), present_.end(), [&](const InstalledFile& p) { return p.path == file.path; }))
      files.push_back(&file);
  return files;
}

const CatalogueFile* ModelStaging::lacking() const {
  for (const CatalogueFile* file : missing())
    if (!file->optional) return file;
  return nullptr;
}

std::uint64_t ModelStaging::missing_bytes() const {
  std::uint64_t bytes = 0;
  for (const CatalogueFile* file : missing()) bytes += file->bytes;
  return bytes;
}

void ModelStaging::need_room() const {
  constexpr std::uint64_t kSpare = 1 << 20;  // folders and the record
  struct statvfs disk {};
  if (statvfs(folder_.c_str(), &disk) != 0) return;
  const std::uint64_t room = std::uint64_t(disk.f_bavail) * disk.f_frsize, needed = missing_bytes();
  if (needed == 0 || needed + kSpare <= room) return;
  throw Fault(Exit::no_space,
              "not enough disk space in " + paths_.models().string() + ": " + size_text(needed) + " are needed, " +
                  size_text(room) + " are free",
              "free some space there, or choose another folder with --home or LECTERN_HOME");
}

void ModelStaging::move_in(const CatalogueFile& file, const fs::path& from) {
  InstalledFile found;
  const fs::path to = place(file);
  if (!matches(file, from, &found) || rename(from.c_str(), to.c_str()) != 0) {
    copy_in(file, from);  // says what is wrong with it; or it lies on another disk
    fs::remove(from);
    return;
  }
  try {
    require_whole(file.path, to, "the download of " + file.path);
  } catch (const Fault&) {
    fs::remove(to);
    throw;
  }
  sync_to_disk(to);
  record(file, found.bytes, found.sha256);
}

void ModelStaging::copy_in(const CatalogueFile& file, const fs::path& from) {
  const int in = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) throw system_fault("cannot read " + from.string(), errno);
  const std::unique_ptr<const int, void (*)(const int*)> closing(&in, [](const int* number) { close(*number); });
  Writer writer(*this, file, from.string());
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t got = read(in, buffer.data(), buffer.size());
    if (got < 0 && errno != EINTR) throw system_fault("cannot read " + from.string(), errno);
    if (got == 0) break;
    if (got > 0) writer.write({buffer.data(), static_cast<std::size_t>(got)});
  }
  writer.finish();
}

void ModelStaging::copy_shipped() {
  for (const CatalogueFile* file : missing())
    if (!file->shipped.empty()) copy_in(*file, installed_file(file->shipped));
}

InstalledModel ModelStaging::install(const std::string& source) {
  if (const CatalogueFile* file = lacking())
    throw Fault(Exit::internal, "model '" + model_.name + "' lacks " + file->path);
  std::sort(present_.begin(), present_.end(), [](auto& a, auto& b) { return a.path < b.path; });
  nlohmann::json files = nlohmann::json::array();
  std::set<fs::path> folders = {folder_};
  for (const InstalledFile& file : present_) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    folders.insert((folder_ / file.path).parent_path());
  }
  const nlohmann::json record = {{"model", model_.name}, {"source", source}, {"files", files}};
  write_file(folder_ / "installed.json", record.dump(1) + "\n");
  for (const fs::path& folder : folders) sync_to_disk(folder);
  replace_folder(folder_, paths_.model(model_.name), old_folder(paths_, model_.name));
  return {model_.name, source, present_};
}

ModelStaging::Writer::Writer(ModelStaging& staging, const CatalogueFile& file, std::string origin)
    : staging_(staging), file_(file), origin_(std::move(origin)), path_(staging.place(file)) {
  path_ += ".part";
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw system_fault("cannot write " + path_.string(), errno);
}

ModelStaging::Writer::~Writer() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(path_.c_str());
}

void ModelStaging::Writer::refuse(const std::string& what) const {
  throw Fault(Exit::bad_input, origin_ + " is not the expected " + file_.path + ": " + what,
              "get the file of the version that the catalogue names");
}

void ModelStaging::Writer::write(std::string_view bytes) {
  hash_.update(bytes);
  bytes_ += bytes.size();
  if (file_.bytes > 0 && bytes_ > file_.bytes) refuse("it has more than " + std::to_string(file_.bytes) + " bytes");
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw system_fault("cannot write " + path_.string(), errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void ModelStaging::Writer::finish() {
  if (file_.bytes > 0 && bytes_ != file_.bytes)
    refuse("it has " + std::to_string(bytes_) + " bytes instead of " + std::to_string(file_.bytes));
  const std::string digest = hash_.finish();
  if (!file_.sha256.empty() && digest != file_.sha256) refuse("SHA-256 " + digest + " instead of " + file_.sha256);
  require_whole(file_.path, path_, origin_);
  if (fsync(descriptor_) != 0) throw system_fault("cannot write " + path_.string(), errno);
  fs::path final_path = path_;
  final_path.replace_extension();
  if (rename(path_.c_str(), final_path.c_str()) != 0) throw system_fault("cannot write " + final_path.string(), errno);
  close(descriptor_);
  descriptor_ = -1;
  staging_.record(file_, bytes_, digest);
}

void remove_model(const Paths& paths, const std::string& name) {
  const fs::path place = paths.model(name), old = old_folder(paths, name);
  fs::remove_all(old);
  if (fs::exists(place)) {
    rename_folder(place, old);  // at once not a model any more
    sync_to_disk(paths.models());
  }
  fs::remove_all(old);
  fs::remove_all(staging_folder(paths, name));
}

}  // namespace lectern::cli
