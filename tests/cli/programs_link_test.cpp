// The programs of the queue carry none of the engine's libraries, not even through another library.
#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace {

std::vector<std::string> programs() {
  std::vector<std::string> list;
  std::string word;
  for (const char c : std::string(QUEUE_PROGRAMS) + ":") {
    if (c != ':')
      word += c;
    else if (!word.empty())
      list.push_back(std::exchange(word, ""));
  }
  return list;
}

// The output of ldd: one loaded library a line, all levels.
std::string libraries(const std::string& program) {
  std::string text;
  FILE* pipe = popen(("ldd '" + program + "' 2>&1").c_str(), "r");
  if (!pipe) return text;
  char buffer[4096];
  while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
  EXPECT_EQ(pclose(pipe), 0) << text;
  return text;
}

TEST(ProgramsLink, ThereAreProgramsToLookAt) { EXPECT_FALSE(programs().empty()); }

TEST(ProgramsLink, NoQueueProgramLoadsTheEnginesLibraries) {
  for (const std::string& program : programs()) {
    const std::string loaded = libraries(program);
    EXPECT_NE(loaded.find("libc.so"), std::string::npos) << program << "\n" << loaded;
    for (const char* engine : {"libtorch", "libc10", "libcudart", "libopenblas", "libonnx"})
      EXPECT_EQ(loaded.find(engine), std::string::npos) << program << "\n" << loaded;
  }
}

// The command line answers in milliseconds: what downloads need is loaded when something is downloaded.
TEST(ProgramsLink, TheCommandLineLoadsNoDownloadLibraries) {
  for (const std::string& program : programs()) {
    if (program.substr(program.rfind('/') + 1) != "lectern") continue;
    const std::string loaded = libraries(program);
    for (const char* heavy : {"libcurl", "libarchive", "libicu", "libsndfile"})
      EXPECT_EQ(loaded.find(heavy), std::string::npos) << loaded;
  }
}

}  // namespace
