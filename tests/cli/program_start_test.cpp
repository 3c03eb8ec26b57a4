// `lectern start` with stand-ins for lectern-broker: shell scripts beside a copy of the program.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/program.h"
#include "tests/cli/scripted_broker.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class StartTest : public testing::Test {
 protected:
  StartTest() {
    fs::create_directories(folder.path() / "bin");
    fs::copy_file(LECTERN_PROGRAM, folder.path() / "bin/lectern");
  }
  // In the script $ready is the descriptor, $home the home.
  void broker(const std::string& script) {
    const std::string file =
        folder.file("bin/lectern-broker",
                    "#!/bin/bash\nall=\"$*\"\nwhile [ $# -gt 0 ]; do case $1 in --ready-fd) ready=$2;; "
                    "--home) home=$2;; esac; shift; done\n" +
                        script + "\n");
    fs::permissions(file, fs::perms::owner_all);
  }

  TemporaryFolder folder;
  Program program{folder.path(), (folder.path() / "bin/lectern").string()};
};

TEST_F(StartTest, AMissingBrokerProgramIsNamed) {
  const Ended ended = program.run({"start"});
  EXPECT_EQ(ended.exit, 4);
  EXPECT_NE(ended.err.find("bin/lectern-broker"), std::string::npos) << ended.err;
}

TEST_F(StartTest, WhatTheBrokerSaysIsShown) {
  broker("printf '5\\nerror: the database is damaged\\nhint: restore it\\n' >&$ready; exit 5");
  const Ended ended = program.run({"start"});
  EXPECT_EQ(ended.exit, 3);
  EXPECT_EQ(ended.err, "error: the broker could not start: the database is damaged\nhint: restore it\n");
}

TEST_F(StartTest, ABrokerThatDiesSilentlyLeavesItsLog) {
  broker("echo 'words before the end' >&2; exit 9");
  const Ended ended = program.run({"start"});
  EXPECT_EQ(ended.exit, 3);
  EXPECT_NE(ended.err.find("ended before it was ready"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("broker.log"), std::string::npos) << ended.err;
  const auto log = program.paths().log_file("broker");
  ASSERT_TRUE(fs::exists(log));
  EXPECT_EQ(fs::file_size(log), std::string("words before the end\n").size());
}

TEST_F(StartTest, EveryCommandThatNeedsABrokerTriesToStartOne) {
  broker("printf '5\\nerror: no\\n' >&$ready; exit 5");
  folder.file("work/a.txt");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"submit", "a.txt"},
                                                                                     {"wait"},
                                                                                     {"cancel", "1"},
                                                                                     {"pause", "--all"},
                                                                                     {"retry", "1"},
                                                                                     {"priority", "1", "2"}}) {
    const Ended ended = program.run(words);
    EXPECT_EQ(ended.exit, 3) << words[0];
    EXPECT_NE(ended.err.find("the broker could not start: no"), std::string::npos) << ended.err;
  }
}

TEST_F(StartTest, TheBrokerRunsInASessionOfItsOwnAwayFromTheTerminal) {
  // Reports its surroundings as the error.
  broker(
      "printf '5\\nerror: session %s cwd %s in %s out %s\\n' \"$([ $(ps -o sid= -p $$) = $$ ] && echo own)\" "
      "\"$(pwd)\" "
      "\"$(readlink /proc/self/fd/0)\" \"$(readlink /proc/$$/fd/1)\" >&$ready; exit 5");
  const Ended ended = program.run({"start"});
  EXPECT_NE(ended.err.find("session own cwd / in /dev/null out " + program.paths().log_file("broker").string()),
            std::string::npos)
      << ended.err;
}

TEST_F(StartTest, ABrokerThatAnotherCommandStartedMeanwhileIsAsGood) {
  // The stand-in finds the lock held, as the second of two brokers does; the first one is there already by then.
  broker(
      "touch $home/asked; while [ ! -S $home/run/client.sock ]; do sleep 0.01; done; "
      "printf '3\\nerror: another broker serves this folder\\n' >&$ready; exit 3");
  const pid_t starting = program.start({"start"});
  ScriptedBroker first(program.paths(), ObligingScript());
  const Ended ended = program.end(starting);
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("version 1.2.3"), std::string::npos) << ended.out;
}

TEST_F(StartTest, ARunningBrokerIsNotStartedAgain) {
  broker("touch $home/started-again");
  ScriptedBroker running(program.paths(), ObligingScript());
  const Ended ended = program.run({"start"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("runs already"), std::string::npos) << ended.out;
  EXPECT_FALSE(fs::exists(folder.path() / "home/started-again"));
  EXPECT_EQ(program.run({"start", "--foreground"}).exit, 3);
}

TEST_F(StartTest, InTheForegroundTheProgramBecomesTheBroker) {
  broker("echo \"$all\"; exit 7");
  const Ended ended = program.run({"start", "--foreground"});
  EXPECT_EQ(ended.exit, 7);
  EXPECT_EQ(ended.out, "--home " + (folder.path() / "home").string() + " --foreground\n");
}

TEST_F(StartTest, ASocketThatADeadBrokerLeftIsNotABroker) {
  { ScriptedBroker dead(program.paths(), ObligingScript()); }
  // libzmq removes its socket file; a killed broker does not.
  folder.file("home/run/client.sock", "");
  const Ended ended = program.run({"status"});
  EXPECT_EQ(ended.exit, 3);
  EXPECT_NE(ended.err.find("no broker is running"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace lectern
