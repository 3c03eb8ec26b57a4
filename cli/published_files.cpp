#include "cli/published_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "config/fault.h"
#include "config/file.h"
#include "config/seal.h"
#include "config/sha256.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr off_t kLargestSidecar = 1 << 30;

std::optional<PublishedFile> look(const fs::path& path) {
  PublishedFile file{path};
  if (lstat(path.c_str(), &file.seen) != 0) return std::nullopt;
  file.bytes = static_cast<std::uint64_t>(file.seen.st_size);
  return file;
}

bool same(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

bool unchanged(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size && same(a.st_mtim, b.st_mtim) &&
         same(a.st_ctim, b.st_ctim);
}

struct ListedFile {
  std::string name, sha256;
  std::uint64_t bytes = 0;
};

struct Sidecar {
  std::string job_id;
  std::vector<ListedFile> files;  // the audio first
};

// Throws when it is not as Lectern wrote it.
Sidecar read_sidecar(const PublishedFile& file) {
  if (!S_ISREG(file.seen.st_mode) || file.seen.st_size > kLargestSidecar) throw std::runtime_error("is no sidecar");
  const std::string text = read_file(file.path);
  if (!seal_holds(text)) throw std::runtime_error("was changed since it was published");
  const json content = json::parse(text);
  Sidecar sidecar{content.at("job_id"), {}};
  if (content.contains("files"))
    for (const json& listed : content["files"])
      sidecar.files.push_back({listed.at("name"), listed.at("sha256"), listed.at("bytes")});
  else  // of a version that wrote nothing beside the audio
    sidecar.files.push_back({content.at("audio"), content.at("sha256"), content.at("bytes")});
  if (sidecar.files.empty()) throw std::runtime_error("names no file");
  return sidecar;
}

bool as_published(const PublishedFile& file, const ListedFile& listed) {
  return S_ISREG(file.seen.st_mode) && file.bytes == listed.bytes && sha256_file(file.path) == listed.sha256;
}

// What one job of these published: a file and what stands beside it, or a folder of chapters with all that is in it.
void look_at(const fs::path& output_path, const fs::path& sidecar_path, const std::set<std::string>& jobs,
             PublishedFiles& found) {
  const auto output = look(output_path), sidecar = look(sidecar_path);
  const auto keep = [&](const fs::path& path, const std::string& reason) { found.kept.push_back({path, reason}); };
  if (!sidecar) {
    if (output) keep(output_path, "its sidecar is gone: nothing proves that it is as published");
    return;
  }
  Sidecar facts;
  try {
    facts = read_sidecar(*sidecar);
  } catch (const std::exception& e) {
    keep(sidecar_path, dynamic_cast<const json::exception*>(&e) ? "is no sidecar" : e.what());
    if (output) keep(output_path, "its sidecar does not prove that it is as published");
    return;
  }
  const bool folder = sidecar_path.parent_path() == output_path;
  if (!jobs.count(facts.job_id) || (!folder && facts.files[0].name != output_path.filename())) {
    keep(sidecar_path, "is of a job that the broker does not know as done");
    if (output) keep(output_path, "is of a job that the broker does not know as done");
    return;
  }
  std::vector<PublishedFile> group;
  for (const ListedFile& listed : facts.files) {
    const fs::path path = sidecar_path.parent_path() / fs::path(listed.name).filename();
    const auto file = look(path);
    if (!file) continue;
    try {
      if (!as_published(*file, listed)) {
        keep(path, "was changed since it was published");
        return keep(sidecar_path, "belongs to a file that was changed");
      }
    } catch (const Fault& fault) {
      keep(path, fault.what());
      return keep(sidecar_path, "belongs to a file that cannot be read");
    }
    group.push_back(*file);
  }
  group.push_back(*sidecar);
  if (folder && output) {
    group.push_back(*output);
    group.back().bytes = 0;
  }
  found.unchanged.push_back(std::move(group));
}

}  // namespace

PublishedFiles find_published(const std::vector<protocol::OutputFiles>& outputs) {
  std::map<std::string, std::set<std::string>> jobs;  // by audio: --overwrite gives several jobs one name
  std::map<std::string, std::string> sidecars;
  for (const protocol::OutputFiles& files : outputs) {
    jobs[files.audio].insert(files.job_id);
    sidecars[files.audio] = files.sidecar;
  }
  PublishedFiles found;
  for (const auto& [audio, ids] : jobs) look_at(audio, sidecars[audio], ids, found);
  return found;
}

std::uint64_t remove_published(const std::vector<PublishedFile>& group, std::vector<KeptFile>& kept) {
  std::uint64_t freed = 0;
  std::string reason;
  for (const PublishedFile& file : group) {
    struct stat now {};
    if (S_ISDIR(file.seen.st_mode)) {  // only the system can say whether it is empty now
      if (reason.empty() && rmdir(file.path.c_str()) != 0 && errno != ENOENT)
        kept.push_back({file.path, errno == ENOTEMPTY ? "holds other files" : strerror(errno)});
      continue;
    }
    if (reason.empty() && lstat(file.path.c_str(), &now) != 0) continue;  // gone by itself
    if (reason.empty() && !unchanged(now, file.seen)) reason = "was changed just now";
    if (reason.empty() && unlink(file.path.c_str()) != 0) reason = std::string("cannot be removed: ") + strerror(errno);
    if (reason.empty())
      freed += file.bytes;
    else
      kept.push_back({file.path, reason});
  }
  return freed;
}

}  // namespace lectern::cli
