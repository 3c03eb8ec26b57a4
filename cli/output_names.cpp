#include "cli/output_names.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/terminal.h"

namespace lectern::cli {
namespace fs = std::filesystem;
namespace {

bool is_format(const std::string& word) {
  return std::find(audio_formats().begin(), audio_formats().end(), word) != audio_formats().end();
}

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return extension;
}

fs::path full(const fs::path& path) {
  fs::path whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

// The broker creates the last folder of a path, not more: a mistyped path must not grow a tree.
void check_folder(const fs::path& folder) {
  std::error_code error;
  const auto status = fs::status(folder, error);
  const bool exists = fs::exists(status);
  if (exists && !fs::is_directory(status))
    throw Fault(Exit::bad_input, "the output folder " + folder.string() + " is not a folder",
                "choose another --output");
  const fs::path writable = exists ? folder : folder.parent_path();
  if (!exists && !fs::is_directory(writable, error))
    throw Fault(Exit::not_found,
                "the output folder " + folder.string() + " does not exist, nor does the folder above it",
                "create " + writable.string() + " first");
  if (access(writable.c_str(), W_OK | X_OK) != 0)
    throw Fault(Exit::bad_input, "cannot write into the output folder " + writable.string() + ": no permission",
                "check its permissions, or choose another --output");
}

// A job's name as a file's name.
std::string file_name(std::string name) {
  for (char& c : name)
    if (c == '/' || (c >= 0 && c < 0x20)) c = '-';
  if (name.empty() || name[0] == '.') name.insert(0, "_");
  while (name.size() > 200) name.pop_back();
  while (printable(name) != name && !name.empty()) name.pop_back();  // do not end within a character
  return name;
}

}  // namespace

const std::vector<std::string>& audio_formats() { return format_names(); }

OutputNames::OutputNames(const std::string& output, const std::string& format, const Settings& settings,
                         std::size_t scripts)
    : format_(format.empty() ? settings.format : format) {
  if (output.empty()) {
    folder_ = settings.output;
    if (!folder_.empty()) check_folder(folder_);
    return;
  }
  std::error_code error;
  const std::string extension = extension_of(output);
  const bool folder = output.back() == '/' || extension.empty() || fs::is_directory(output, error);
  if (folder || (scripts != 1 && !is_format(extension))) {
    folder_ = full(output);
    check_folder(folder_);
    return;
  }
  if (scripts != 1)
    throw Fault(Exit::usage, "--output " + output + " names a file, but there is more than one script",
                "name a folder (end it in / if it looks like a file)");
  if (!is_format(extension))
    throw Fault(Exit::usage, "--output " + output + ": unknown audio format '" + extension + "'",
                "use wav, flac, ogg, opus, mp3 or m4b; end the name in / if it is a folder");
  if (!format.empty() && format != extension)
    throw Fault(Exit::usage, "--output " + output + " does not fit --format " + format, "leave one of them out");
  format_ = extension;
  file_ = full(output);
  check_folder(file_.parent_path());
}

fs::path OutputNames::wished(const Script& script, const std::string& name) const {
  fs::path path = file_;
  if (path.empty()) {
    fs::path folder = folder_;
    if (folder.empty()) {
      folder = script.stream ? fs::current_path() : full(script.path).parent_path();
      if (access(folder.c_str(), W_OK | X_OK) != 0)
        throw Fault(
            Exit::bad_input,
            "cannot write the audio of " + script.path.string() + " beside it: no permission in " + folder.string(),
            "choose a folder: --output DIR");
    }
    path = folder / ((script.stream ? file_name(name) : script.title()) + "." + format_);
  }
  if (printable(path.string()) != path.string())
    throw Fault(Exit::bad_input,
                "the name " + printable(path.string()) + " is not UTF-8 or has control characters in it",
                "rename it, or give --output FILE");
  return path;
}

}  // namespace lectern::cli
