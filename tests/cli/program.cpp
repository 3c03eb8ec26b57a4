#include "tests/cli/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace lectern {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

pid_t Program::start(const std::vector<std::string>& words, const std::string& input) const {
  std::filesystem::create_directories(work());
  std::ofstream(folder_ / "in", std::ios::binary) << input;
  const std::string home = (folder_ / "home").string();
  std::vector<std::string> all{program_, "--home", home};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  dup2(open((folder_ / "in").c_str(), O_RDONLY), 0);
  dup2(open((folder_ / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  dup2(open((folder_ / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
  if (chdir(work().c_str()) == 0) execv(arguments[0], arguments.data());
  _exit(126);
}

Ended Program::end(pid_t process) const {
  int status = 0;
  waitpid(process, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), content(folder_ / "out"),
          content(folder_ / "err")};
}

Ended Program::run(const std::vector<std::string>& words, const std::string& input) const {
  return end(start(words, input));
}

}  // namespace lectern
