// What `lectern` says and exits with before anything is sent: help, usage, bad input.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "tests/cli/program.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class ProgramTest : public testing::Test {
 protected:
  void file(const std::string& name, const std::string& text = "Some text.\n") { folder.file("work/" + name, text); }
  // Expects this exit code and these words of the error, and that nothing was started.
  void refused(const std::vector<std::string>& words, int exit, const std::string& error,
               const std::string& hint = "") {
    const Ended ended = program.run(words);
    EXPECT_EQ(ended.exit, exit) << ended.err;
    EXPECT_EQ(ended.err.rfind("error: ", 0), 0u) << ended.err;
    EXPECT_NE(ended.err.find(error), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("\nhint: "), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find(hint), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_FALSE(fs::exists(folder.path() / "home/run")) << "something was started";
  }

  TemporaryFolder folder;
  Program program{folder.path()};
};

TEST_F(ProgramTest, AloneItPrintsItsHelp) {
  const Ended alone = program.run({}), asked = program.run({"--help"});
  EXPECT_EQ(alone.exit, 0);
  EXPECT_EQ(alone.out, asked.out);
  for (const char* word : {"submit", "status", "wait", "cancel", "pause", "resume", "retry", "priority", "start",
                           "stop", "ps", "model", "voice", "doctor", "Examples:", "Exit codes:", "--home", "--json"})
    EXPECT_NE(alone.out.find(word), std::string::npos) << word;
  EXPECT_LE(std::count(alone.out.begin(), alone.out.end(), '\n'), 45) << "one screen";
}

TEST_F(ProgramTest, EveryCommandExplainsItself) {
  for (const char* command : {"submit", "status", "wait", "cancel", "pause", "resume", "retry", "priority", "start",
                              "stop", "ps", "model", "voice", "doctor"}) {
    const Ended ended = program.run({command, "--help"});
    EXPECT_EQ(ended.exit, 0) << command;
    EXPECT_NE(ended.out.find(std::string("lectern ") + command), std::string::npos) << ended.out;
  }
}

TEST_F(ProgramTest, SaysItsVersion) {
  const Ended ended = program.run({"--version"});
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(ended.out, std::string("lectern ") + LECTERN_VERSION + "\n");
}

TEST_F(ProgramTest, AMistypedCommandIsAnsweredWithTheNearest) {
  refused({"sumbit", "a.txt"}, 2, "sumbit", "did you mean: lectern submit");
}

TEST_F(ProgramTest, AnUnknownOptionIsWrongUsage) {
  file("a.txt");
  refused({"submit", "a.txt", "--loud"}, 2, "--loud", "lectern submit --help");
}

TEST_F(ProgramTest, SubmitWithoutScriptsIsWrongUsage) { refused({"submit"}, 2, "SCRIPT"); }

TEST_F(ProgramTest, UnknownFormatSpeedAndPriorityAreWrongUsage) {
  file("a.txt");
  refused({"submit", "a.txt", "--format", "aac"}, 2, "aac");
  refused({"submit", "a.txt", "--speed", "3"}, 2, "speed");
  refused({"submit", "a.txt", "--speed", "fast"}, 2, "fast");
  refused({"submit", "a.txt", "--priority", "101"}, 2, "priority");
}

TEST_F(ProgramTest, OutputsThatCannotBeAreRefused) {
  file("a.txt");
  file("b.txt");
  file("plain");
  refused({"submit", "a.txt", "b.txt", "-o", "both.mp3"}, 2, "more than one script");
  refused({"submit", "a.txt", "-o", "a.aac"}, 2, "'aac'");
  refused({"submit", "a.txt", "-o", "a.mp3", "--format", "wav"}, 2, "does not fit");
  refused({"submit", "a.txt", "-o", "no/such/"}, 4, "does not exist");
  refused({"submit", "a.txt", "-o", "plain"}, 5, "is not a folder");
}

TEST_F(ProgramTest, MissingFilesAndGlobsAreNotFound) {
  refused({"submit", "nope.txt"}, 4, "nope.txt");
  refused({"submit", "*.text"}, 4, "*.text");
}

TEST_F(ProgramTest, AFileThatCannotBeOpenedIsBadInput) {
  if (geteuid() == 0) GTEST_SKIP() << "root opens everything";
  file("a.txt");
  fs::permissions(program.work() / "a.txt", fs::perms::none);
  refused({"submit", "a.txt"}, 5, "a.txt");
}

TEST_F(ProgramTest, ASocketIsNoScript) {
  fs::create_directories(program.work());
  const std::string path = (program.work() / "socket").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  refused({"submit", "socket", "--name", "x"}, 5, "cannot read socket");
  close(socket_fd);
}

TEST_F(ProgramTest, AFolderWithoutTextIsBadInput) {
  fs::create_directories(program.work() / "empty");
  refused({"submit", "empty"}, 5, "has no scripts");
}

TEST_F(ProgramTest, ATooLargeScriptIsRefusedWithTheLimit) {
  folder.file("home/config.yaml", "max_script_bytes: 1000\n");
  file("a.txt", std::string(1001, 'x'));
  refused({"submit", "a.txt"}, 5, "1,001 bytes); the limit is 1,000 bytes", "max_script_bytes");
  const Ended piped = program.run({"submit", "-", "--name", "x"}, std::string(1001, 'x'));
  EXPECT_EQ(piped.exit, 5);
  EXPECT_NE(piped.err.find("1,000 bytes"), std::string::npos) << piped.err;
}

TEST_F(ProgramTest, StandardInputNeedsAName) { refused({"submit", "-"}, 2, "standard input has no name"); }

TEST_F(ProgramTest, ABadConfigIsNamedWithItsLine) {
  folder.file("home/config.yaml", "format: flac\nspede: 1\n");
  file("a.txt");
  refused({"submit", "a.txt"}, 5, "config.yaml:2");
}

TEST_F(ProgramTest, ChangesNeedJobs) {
  for (const char* command : {"cancel", "pause", "resume", "retry"}) refused({command}, 2, "no jobs named");
  refused({"priority", "5"}, 2, "no jobs named");
  refused({"priority", "500", "1"}, 2, "500");
}

TEST_F(ProgramTest, LookingStartsNoBroker) {
  refused({"status"}, 3, "no broker is running", "lectern start");
  refused({"status", "--follow"}, 3, "no broker is running");
  refused({"ps"}, 3, "no broker is running");
}

TEST_F(ProgramTest, StoppingNothingIsDone) {
  const Ended ended = program.run({"stop"});
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(ended.out, "no broker is running\n");
}

TEST_F(ProgramTest, AHomeThatIsTooLongForASocketIsNamed) {
  const Ended ended = Program(folder.path() / std::string(100, 'x')).run({"status"});
  EXPECT_EQ(ended.exit, 5);
  EXPECT_NE(ended.err.find("107 bytes"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace lectern
