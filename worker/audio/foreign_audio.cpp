#include "worker/audio/foreign_audio.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <vector>

#include "config/fault.h"

namespace lectern::audio {

namespace {

namespace fs = std::filesystem;

// By what a file begins with; empty: nothing known.
std::string foreign_kind(const fs::path& file) {
  char head[12] = {};
  std::ifstream(file, std::ios::binary).read(head, sizeof head);
  const std::string text(head, sizeof head);
  if (text.substr(4, 4) == "ftyp") return "M4A";
  if (text.starts_with("\x1a\x45\xdf\xa3")) return "WebM";
  return {};
}

fs::path make_temporary_folder() {
  std::string name = (fs::temp_directory_path() / "lectern-audio-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw system_fault("cannot make a folder in the temporary folder", errno);
  return name;
}

// Its exit status; 127: there is no such program.
int run_quietly(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw system_fault("cannot start " + words[0], errno);
  if (child == 0) {
    const int null = open("/dev/null", O_RDWR);
    for (const int descriptor : {0, 1, 2}) dup2(null, descriptor);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

ConvertedAudio::~ConvertedAudio() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::optional<ConvertedAudio> convert_foreign(const fs::path& file, const std::optional<Part>& part) {
  const std::string kind = foreign_kind(file);
  ConvertedAudio converted(make_temporary_folder(), kind.empty() ? "audio" : kind);
  // One second more than is read whole, so that what is too long is found to be.
  const double longest = part && part->length_s ? *part->length_s : kLongestSeconds + 1;
  const int status = run_quietly({"ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-ss",
                                  fmt::format("{:.6f}", part ? part->start_s : 0.0), "-t",
                                  fmt::format("{:.6f}", longest), "-i", "file:" + fs::absolute(file).string(), "-vn",
                                  "-f", "wav", "-c:a", "pcm_f32le", converted.wav().string()});
  if (status == 127 && !kind.empty()) {
    throw Fault(Exit::bad_input, "voice file " + file.string() + " is " + kind + ", which needs the program ffmpeg",
                "apt-get install ffmpeg, or convert the file to WAV");
  }
  if (status != 0) return std::nullopt;
  return converted;
}

}  // namespace lectern::audio
