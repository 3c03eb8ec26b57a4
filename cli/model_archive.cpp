#include "cli/model_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <map>
#include <memory>

#include "config/fault.h"
#include "config/shared_library.h"

namespace lectern::cli {
namespace {

// libarchive's functions, typed by its own headers. Loaded when needed: it drags in a dozen libraries.
struct Archive {
  SharedLibrary library{"libarchive.so.13", "install it: apt-get install libarchive13"};
  decltype(archive_read_new)* make = library.get<decltype(archive_read_new)>("archive_read_new");
  decltype(archive_read_free)* free = library.get<decltype(archive_read_free)>("archive_read_free");
  decltype(archive_read_support_filter_gzip)* gzip =
      library.get<decltype(archive_read_support_filter_gzip)>("archive_read_support_filter_gzip");
  decltype(archive_read_support_format_tar)* tar =
      library.get<decltype(archive_read_support_format_tar)>("archive_read_support_format_tar");
  decltype(archive_read_open_filename)* open =
      library.get<decltype(archive_read_open_filename)>("archive_read_open_filename");
  decltype(archive_read_next_header)* next =
      library.get<decltype(archive_read_next_header)>("archive_read_next_header");
  decltype(archive_read_data)* data = library.get<decltype(archive_read_data)>("archive_read_data");
  decltype(archive_error_string)* explain = library.get<decltype(archive_error_string)>("archive_error_string");
  decltype(archive_entry_pathname)* path = library.get<decltype(archive_entry_pathname)>("archive_entry_pathname");
};

std::map<std::string, const CatalogueFile*> wanted_members(const CatalogueSource& source, const ModelStaging& staging) {
  std::map<std::string, const CatalogueFile*> wanted;
  for (const CatalogueFile* file : staging.missing())
    for (const auto& [member, path] : source.members)
      if (path == file->path) wanted.emplace(member, file);
  return wanted;
}

}  // namespace

void unpack(const std::filesystem::path& file, const CatalogueSource& source, ModelStaging& staging) {
  static const Archive library;
  const std::unique_ptr<archive, decltype(library.free)> in(library.make(), library.free);
  if (!in) throw std::bad_alloc();
  auto damaged = [&]() {
    const char* why = library.explain(in.get());
    return Fault(Exit::bad_input, "cannot read the archive " + file.string() + ": " + (why ? why : "not a .tgz"),
                 "get it again");
  };
  library.gzip(in.get());
  library.tar(in.get());
  if (library.open(in.get(), file.c_str(), 1 << 18) != ARCHIVE_OK) throw damaged();

  auto wanted = wanted_members(source, staging);
  std::vector<char> buffer(1 << 18);
  archive_entry* entry = nullptr;
  while (!wanted.empty()) {
    const int found = library.next(in.get(), &entry);
    if (found == ARCHIVE_EOF) break;
    if (found < ARCHIVE_WARN) throw damaged();
    const char* name = library.path(entry);
    const auto member = wanted.find(name ? name : "");
    if (member == wanted.end()) continue;
    ModelStaging::Writer writer(staging, *member->second, file.string() + ": " + member->first);
    for (;;) {
      const la_ssize_t got = library.data(in.get(), buffer.data(), buffer.size());
      if (got < 0) throw damaged();
      if (got == 0) break;
      writer.write({buffer.data(), static_cast<std::size_t>(got)});
    }
    writer.finish();
    wanted.erase(member);
  }
  if (!wanted.empty())
    throw Fault(Exit::bad_input, "the archive " + file.string() + " lacks " + wanted.begin()->first,
                "get the version that the catalogue names: " + source.name + " " + source.revision);
}

}  // namespace lectern::cli
