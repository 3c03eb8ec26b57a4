#include "cli/player.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "config/fault.h"
#include "config/paths.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

struct Player {
  const char* program;
  std::vector<const char*> options;
  std::vector<const char*> extensions;  // that it reads; empty: all that we write
};

const std::vector<Player>& players() {
  static const std::vector<Player> list = {
      {"ffplay", {"-nodisp", "-autoexit", "-hide_banner", "-loglevel", "error"}, {}},
      {"mpv", {"--no-video", "--really-quiet"}, {}},
      {"play", {"-q"}, {".wav", ".flac", ".ogg", ".opus", ".mp3"}},  // of sox
      {"pw-play", {}, {".wav", ".flac", ".ogg"}},
      {"paplay", {}, {".wav", ".flac", ".ogg"}},
      {"aplay", {"-q"}, {".wav"}},
  };
  return list;
}

const Player* player_for(const fs::path& audio) {
  const std::string extension = audio.extension().string();
  for (const Player& player : players()) {
    const bool reads = player.extensions.empty() || std::find(player.extensions.begin(), player.extensions.end(),
                                                              extension) != player.extensions.end();
    if (reads && !find_program(player.program).empty()) return &player;
  }
  return nullptr;
}

}  // namespace

std::string find_player(const fs::path& audio) {
  const Player* player = player_for(audio);
  return player ? player->program : "";
}

bool play(const fs::path& audio) {
  const Player* player = player_for(audio);
  if (!player) {
    std::string names;
    for (const Player& known : players()) names += (names.empty() ? "" : ", ") + std::string(known.program);
    throw Fault(Exit::not_found, "no player found (" + names + ") that plays " + audio.string(),
                "install ffmpeg, mpv or sox, or open the file yourself");
  }
  std::vector<char*> words{const_cast<char*>(player->program)};
  for (const char* option : player->options) words.push_back(const_cast<char*>(option));
  std::string file = audio.string();
  words.push_back(file.data());
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw system_fault("cannot start " + std::string(player->program), errno);
  if (child == 0) {
    execvp(words[0], words.data());
    _exit(127);
  }
  struct sigaction ignore {
  }, before{};  // Ctrl-C is the player's; we end with it
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignore, &before);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  sigaction(SIGINT, &before, nullptr);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  throw Fault(Exit::bad_input,
              std::string(player->program) + " could not play " + file + ": it ended with " +
                  (WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                     : "signal " + std::to_string(WTERMSIG(status))),
              "open the file with another player");
}

}  // namespace lectern::cli
