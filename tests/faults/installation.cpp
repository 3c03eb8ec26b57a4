#include "tests/faults/installation.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sndfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "tests/faults/database_check.h"

namespace lectern {

namespace fs = std::filesystem;

Installation::Installation(double sine_speed, const std::string& config, const std::string& program)
    : program_(folder_.path(), program) {
  setenv("LECTERN_TEST_MODELS", "1", 1);
  setenv("LECTERN_SINE_FAULTS", "1", 1);
  setenv("LECTERN_SINE_SPEED", std::to_string(sine_speed).c_str(), 1);
  unsetenv("LECTERN_HOME");
  // No reserve unless the test is about it: the machine that runs the tests may have little space.
  const bool reserve = config.find("disk_reserve_bytes") != std::string::npos;
  folder_.file("home/config.yaml", std::string("model: sine\n") + (reserve ? "" : "disk_reserve_bytes: 0\n") + config);
  fs::create_directories(work());
}

Installation::~Installation() {
  if (testing::Test::HasFailure()) {
    for (const char* log : {"broker", "worker", "engine"}) {
      std::ifstream in(paths().log_file(log));
      std::stringstream text;
      text << in.rdbuf();
      const std::string all = text.str();
      std::fprintf(stderr, "---- %s.log\n%s\n", log, all.substr(all.size() > 6000 ? all.size() - 6000 : 0).c_str());
    }
  }
  kill_all();
}

fs::path Installation::script(const std::string& name, const std::string& text) const {
  return folder_.file("work/" + name, text);
}

nlohmann::json Installation::status() const {
  const Ended ended = run({"status", "--all", "--json"});
  return ended.exit == 0 ? nlohmann::json::parse(ended.out, nullptr, false) : nlohmann::json::object();
}

pid_t Installation::broker() const {
  std::ifstream lock(paths().broker_lock());
  pid_t process = 0;
  lock >> process;
  return process > 0 && alive(process) ? process : 0;
}

pid_t Installation::worker_field(const char* field) const {
  const auto now = status();
  if (!now.contains("workers") || now["workers"].empty()) return 0;
  return now["workers"][0].value(field, 0);
}
pid_t Installation::agent() const { return worker_field("pid"); }
pid_t Installation::engine() const { return worker_field("engine_pid"); }

bool Installation::alive(pid_t process) {
  if (process <= 0) return false;
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return false;
  return line[line.rfind(')') + 2] != 'Z';
}

bool Installation::until_some(double seconds, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

std::string Installation::broken() const {
  kill_all();
  std::string all;
  for (const std::string& line : check_database(paths().database(), paths().takes())) all += line + "\n";
  return all;
}

void Installation::start_with_database_fault(const std::string& fault) const {
  run({"start"});
  kill_all();
  const Variable disk("LECTERN_DB_FAULT", fault);
  run({"start"});
}

void Installation::kill_all() const {
  const std::string home = (folder_.path() / "home").string();
  for (int round = 0; round < 3; ++round) {
    bool any = false;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream in(entry.path() / "cmdline", std::ios::binary);
      std::stringstream words;
      words << in.rdbuf();
      if (words.str().find(home) == std::string::npos || std::stoi(name) == getpid()) continue;
      kill(std::stoi(name), SIGKILL);
      any = true;
    }
    if (!any) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
}

std::map<std::string, long> Installation::audio() const {
  std::map<std::string, long> lengths;
  for (const auto& entry : fs::recursive_directory_iterator(work())) {
    const std::string extension = entry.path().extension();
    if (extension != ".flac" && extension != ".wav" && extension != ".mp3" && extension != ".ogg" &&
        extension != ".opus")
      continue;
    const std::string name = fs::relative(entry.path(), work());
    SF_INFO info{};
    SNDFILE* file = sf_open(entry.path().c_str(), SFM_READ, &info);
    EXPECT_NE(file, nullptr) << name << ": " << sf_strerror(nullptr);
    if (!file) continue;
    std::vector<float> block(1 << 16);
    long frames = 0;
    while (const auto got = sf_readf_float(file, block.data(), static_cast<sf_count_t>(block.size()))) frames += got;
    EXPECT_EQ(frames, info.frames) << name << " is cut short";
    sf_close(file);
    lengths[name] = frames;
  }
  return lengths;
}

std::vector<std::string> Installation::leftovers() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(work()))
    if (entry.path().filename().string()[0] == '.') names.push_back(entry.path());
  return names;
}

std::string sentences(int count, const std::string& about) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "This is what the story of " + about + " has to say in its sentence of the number " +
            std::to_string(i + 1) + (i % 3 == 2 ? ".\n\n" : ". ");
  return text;
}

}  // namespace lectern
