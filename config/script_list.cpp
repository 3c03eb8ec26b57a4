#include "config/script_list.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "config/natural_order.h"
#include "config/quantity.h"
#include "config/script_format.h"
#include "config/script_name.h"

namespace lectern {
namespace fs = std::filesystem;
namespace {

Fault too_large(const fs::path& path, std::uint64_t bytes, std::uint64_t limit) {
  const std::string size = bytes > 0 ? " is " + size_of(bytes) + " (" + count(bytes) + " bytes)" : " is larger";
  return {Exit::bad_input, path.string() + size + "; the limit is " + count(limit) + " bytes",
          "split it, or raise max_script_bytes in config.yaml"};
}

class Search {
 public:
  explicit Search(const ScriptSearch& options) : options_(options) {}

  void word(const std::string& word) {
    if (word == "-") return add({"-", true});
    std::error_code error;
    const auto status = fs::status(word, error);
    if (status.type() != fs::file_type::not_found && status.type() != fs::file_type::none) return named(word, status);
    if (word.find_first_of("*?[") != std::string::npos) return pattern(word);
    if (fs::is_symlink(fs::symlink_status(word, error)))
      return refuse(word, {Exit::not_found, "a link that leads nowhere: " + word, "mend or remove the link"});
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
      return refuse(word, system_fault("cannot read " + word, error.value()));
    refuse(word, {Exit::not_found, "no such file or folder: " + (word.empty() ? "''" : word), "check the name"});
  }

  ScriptList result() && { return std::move(list_); }

 private:
  void refuse(const fs::path& path, Fault fault) { list_.bad.push_back({path, std::move(fault)}); }

  void add(Script script) {
    // A file that two words name is one script.
    std::error_code error;
    const std::string same = script.stream ? script.path.string() : fs::canonical(script.path, error).string();
    if (error || seen_.insert(same).second) list_.scripts.push_back(std::move(script));
  }

  void named(const fs::path& path, fs::file_status status) {
    if (status.type() == fs::file_type::directory) {
      const std::size_t before = list_.scripts.size() + list_.bad.size(), known = folder_files_;
      folder(path);
      if (list_.scripts.size() + list_.bad.size() == before && folder_files_ == known)
        refuse(path, {Exit::bad_input, "folder " + path.string() + " has no scripts",
                      "taken are " + script_extension_words() +
                          (options_.recursive ? "" : "; --recursive looks into its folders too")});
      return;
    }
    file(path, status);
  }

  void file(const fs::path& path, fs::file_status status) {
    if (status.type() == fs::file_type::socket || status.type() == fs::file_type::block)
      return refuse(path, {Exit::bad_input, "cannot read " + path.string() + " as a script: it is no file",
                           "name files, folders or pipes"});
    if (access(path.c_str(), R_OK) != 0) return refuse(path, system_fault("cannot read " + path.string(), errno));
    if (status.type() != fs::file_type::regular) return add({path, true, script_format_of(path)});
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path, error);
    if (!error && bytes > options_.max_bytes) return refuse(path, too_large(path, bytes, options_.max_bytes));
    add({path, false, script_format_of(path)});
  }

  void folder(const fs::path& path) {
    // A link may lead back to a folder above: each folder is looked into once.
    std::error_code error;
    if (!folders_.insert(fs::canonical(path, error).string()).second) return;
    std::vector<fs::path> names;
    fs::directory_iterator entries(path, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error))
      if (!is_passing_name(entries->path().filename().string())) names.push_back(entries->path());
    if (error) return refuse(path, system_fault("cannot read folder " + path.string(), error.value()));
    std::sort(names.begin(), names.end(),
              [](const fs::path& a, const fs::path& b) { return natural_less(a.native(), b.native()); });
    for (const fs::path& name : names) {
      std::error_code lost;
      const auto status = fs::status(name, lost);
      if (status.type() == fs::file_type::directory) {
        if (options_.recursive) folder(name);
      } else if (status.type() == fs::file_type::regular && is_script_name(name)) {
        ++folder_files_;
        file(name, status);
      }
    }
  }

  void pattern(const std::string& word) {
    glob_t found{};
    const int outcome = glob(word.c_str(), GLOB_NOSORT | GLOB_BRACE | GLOB_TILDE, nullptr, &found);
    std::vector<std::string> names;
    for (std::size_t i = 0; outcome == 0 && i < found.gl_pathc; ++i) {
      std::string name = found.gl_pathv[i];
      while (name.size() > 1 && name.back() == '/') name.pop_back();
      if (!is_passing_name(fs::path(name).filename().string())) names.push_back(name);
    }
    globfree(&found);
    if (names.empty()) return refuse(word, {Exit::not_found, "no file matches " + word, "check the name"});
    std::sort(names.begin(), names.end(), natural_less);
    for (const std::string& name : names) {
      std::error_code error;
      named(name, fs::status(name, error));
    }
  }

  ScriptSearch options_;
  ScriptList list_;
  std::set<std::string> seen_, folders_;
  std::size_t folder_files_ = 0;
};

}  // namespace

std::string Script::title() const {
  if (stream) return {};
  return script_title(path);
}

ScriptList find_scripts(const std::vector<std::string>& words, const ScriptSearch& options) {
  Search search(options);
  for (const std::string& word : words) search.word(word);
  return std::move(search).result();
}

std::string read_script(const Script& script, std::uint64_t max_bytes) {
  const std::string name = script.path == "-" ? "standard input" : script.path.string();
  const int fd = script.path == "-" ? dup(0) : open(script.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw system_fault("cannot read " + name, errno);
  struct Closing {
    int fd;
    ~Closing() { close(fd); }
  } closing{fd};
  struct stat status {};
  std::string bytes;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > max_bytes) throw too_large(name, size, max_bytes);
    bytes.reserve(size + 1);
  }
  std::size_t filled = 0;
  while (true) {
    if (bytes.size() == filled) bytes.resize(filled < bytes.capacity() ? bytes.capacity() : filled + 65536);
    const ssize_t got = read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_fault("cannot read " + name, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > max_bytes) throw too_large(name, 0, max_bytes);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace lectern
