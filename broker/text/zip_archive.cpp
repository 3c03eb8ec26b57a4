#include "broker/text/zip_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>

#include "config/fault.h"

namespace lectern::text {
namespace {

constexpr const char* kPassedOver[] = {".jpg",  ".jpeg", ".png", ".gif",  ".webp",  ".bmp", ".tif",
                                       ".tiff", ".ttf",  ".otf", ".woff", ".woff2", ".mp3", ".m4a",
                                       ".mp4",  ".ogg",  ".wav", ".webm", ".emf",   ".wmf"};

bool is_passed_over(const std::string& name) {
  const auto dot = name.rfind('.');
  if (dot == name.npos) return false;
  std::string extension = name.substr(dot);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return std::find(std::begin(kPassedOver), std::end(kPassedOver), extension) != std::end(kPassedOver);
}

Fault damaged(archive* from) {
  const char* why = archive_error_string(from);
  return {Exit::bad_input, std::string("the archive is damaged or cut short (") + (why ? why : "unknown") + ")",
          "copy or download it again"};
}

Fault too_large(const std::string& what, std::size_t limit) {
  return {Exit::bad_input, what + " is larger than " + std::to_string(limit >> 20) + " MiB when it is unpacked",
          "a book's text is a few megabytes: it is damaged, or made to do harm"};
}

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

Reader open_archive(std::string_view bytes) {
  Reader reader(archive_read_new(), &archive_read_free);
  if (!reader) throw Fault(Exit::no_space, "not enough memory to read an archive", "");
  archive_read_support_format_zip_seekable(reader.get());
  if (!bytes.starts_with("PK"))
    throw Fault(Exit::bad_input, "it is no such document (no ZIP archive)", "check what kind of file it is");
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) throw damaged(reader.get());
  return reader;
}

// The data of the entry, or nothing when it is larger than `most`.
std::optional<std::string> read_data(archive* from, std::size_t most) {
  std::string data;
  char chunk[65536];
  for (;;) {
    const la_ssize_t got = archive_read_data(from, chunk, sizeof chunk);
    if (got == 0) return data;
    if (got < 0) throw damaged(from);
    if (data.size() + static_cast<std::size_t>(got) > most) return std::nullopt;
    data.append(chunk, static_cast<std::size_t>(got));
  }
}

// Calls `take` for each file until it says that it has enough.
void for_each_file(std::string_view bytes,
                   const std::function<bool(archive*, archive_entry*, const std::string&)>& take) {
  const Reader reader = open_archive(bytes);
  archive_entry* entry = nullptr;
  for (std::size_t files = 0;; ++files) {
    const int outcome = archive_read_next_header(reader.get(), &entry);
    if (outcome == ARCHIVE_EOF) {
      if (files == 0)
        throw Fault(Exit::bad_input, "the archive is empty, damaged or cut short", "copy or download it again");
      return;
    }
    if (outcome != ARCHIVE_OK && outcome != ARCHIVE_WARN) throw damaged(reader.get());
    if (files >= ZipArchive::kMostFiles)
      throw Fault(Exit::bad_input, "the archive holds more than " + std::to_string(ZipArchive::kMostFiles) + " files",
                  "it is damaged, or made to do harm");
    const char* path = archive_entry_pathname_utf8(entry);
    if (!path) path = archive_entry_pathname(entry);
    const std::string name = path ? path : "";
    if (name.empty() || archive_entry_filetype(entry) != AE_IFREG) continue;
    if (!take(reader.get(), entry, name)) return;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string without_escapes(std::string_view reference) {
  std::string plain;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] == '%' && i + 2 < reference.size() && hex_digit(reference[i + 1]) >= 0 &&
        hex_digit(reference[i + 2]) >= 0) {
      plain += static_cast<char>(16 * hex_digit(reference[i + 1]) + hex_digit(reference[i + 2]));
      i += 2;
    } else {
      plain += reference[i];
    }
  }
  return plain;
}

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes) : bytes_(bytes) {
  std::size_t total = 0;
  for_each_file(bytes, [&](archive* from, archive_entry* entry, const std::string& name) {
    if (archive_entry_is_encrypted(entry))
      throw Fault(Exit::bad_input, "it is encrypted with a password (" + name + ")",
                  "save it without a password, then submit that");
    if (is_passed_over(name)) {
      names_.emplace(name, false);
      return true;
    }
    auto data = read_data(from, std::min(kMostFile, kMostBytes - total));
    if (!data) {
      if (kMostBytes - total < kMostFile) throw too_large("the archive", kMostBytes);
      throw too_large(name, kMostFile);
    }
    total += data->size();
    const auto [known, fresh] = files_.emplace(name, std::move(*data));
    if (!fresh) throw Fault(Exit::bad_input, "the archive holds two files named " + name, "pack it again");
    names_.emplace(name, true);
    return true;
  });
}

const std::string* ZipArchive::find(const std::string& name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : &found->second;
}

std::optional<std::string> ZipArchive::read(const std::string& name, std::size_t most) const {
  std::optional<std::string> data;
  for_each_file(bytes_, [&](archive* from, archive_entry*, const std::string& found) {
    if (found != name) return true;
    data = read_data(from, most);
    return false;
  });
  return data;
}

std::optional<std::string> resolve_reference(std::string_view from_file, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  if (reference.find(':') < reference.find('/')) return std::nullopt;
  std::vector<std::string> path;
  std::string whole = without_escapes(reference);
  if (!whole.starts_with('/')) {
    const auto slash = from_file.rfind('/');
    if (slash != from_file.npos) whole = std::string(from_file.substr(0, slash + 1)) + whole;
    if (reference.empty()) return std::string(from_file);
  }
  for (std::size_t begin = 0; begin <= whole.size();) {
    const std::size_t end = std::min(whole.find('/', begin), whole.size());
    const std::string step = whole.substr(begin, end - begin);
    begin = end + 1;
    if (step.empty() || step == ".") continue;
    if (step == "..") {
      if (path.empty()) return std::nullopt;
      path.pop_back();
    } else {
      path.push_back(step);
    }
  }
  std::string resolved;
  for (const std::string& step : path) resolved += (resolved.empty() ? "" : "/") + step;
  return resolved;
}

}  // namespace lectern::text
