// Commands of users: good ones, and ones that hang, fail, print without end, or do not listen.
#include "broker/hooks/hook_command.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "tests/cli/temporary_folder.h"

namespace lectern::hooks {
namespace {

using std::chrono::milliseconds;

class HookCommand : public testing::Test {
 protected:
  HookCommand() { signal(SIGPIPE, SIG_IGN); }  // as the broker does
  CommandEnd run(const std::string& command, milliseconds limit = milliseconds(10000),
                 const std::string& input = "{}") {
    return run_command(command, {{"LECTERN_STATE", "done"}, {"FOLDER", folder.path().string()}}, input, limit, stop);
  }
  static bool alive(pid_t process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    return std::getline(stat, line) && line[line.rfind(')') + 2] != 'Z';
  }
  pid_t number_in(const char* name) {
    std::ifstream in(folder.path() / name);
    pid_t process = 0;
    in >> process;
    return process;
  }

  TemporaryFolder folder;
  std::atomic<bool> stop{false};
};

TEST_F(HookCommand, GetsFactsInItsEnvironmentAndOnStandardInput) {
  const CommandEnd end = run("echo \"$LECTERN_STATE $(cat)\"; echo said >&2");
  EXPECT_TRUE(end.started);
  EXPECT_EQ(end.exit, 0);
  EXPECT_EQ(end.output, "done {}\nsaid\n");
}

TEST_F(HookCommand, ThatFailsSaysItsExitCode) {
  EXPECT_EQ(run("exit 3").exit, 3);
  EXPECT_EQ(run("no-such-program-anywhere").exit, 127);
  EXPECT_EQ(run("kill -9 $$").exit, -SIGKILL);
}

TEST_F(HookCommand, ThatHangsIsKilledWithAllThatItStarted) {
  const CommandEnd end =
      run("trap '' TERM; sleep 1000 & echo $! > $FOLDER/child; echo $$ > $FOLDER/self; wait; sleep 1000",
          milliseconds(500));
  EXPECT_TRUE(end.timed_out);
  for (const char* name : {"self", "child"}) {
    const pid_t process = number_in(name);
    ASSERT_GT(process, 0) << name;
    for (int i = 0; i < 200 && alive(process); ++i) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_FALSE(alive(process)) << name;
  }
}

TEST_F(HookCommand, ThatPrintsMegabytesIsReadToItsEndAndItsStartKept) {
  const CommandEnd end = run("echo start; head -c 8000000 /dev/zero | tr '\\0' x; echo > $FOLDER/whole");
  EXPECT_EQ(end.exit, 0);
  EXPECT_EQ(end.output.size(), kOutputKept);
  EXPECT_EQ(end.output.substr(0, 8), "start\nxx");
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "whole"));
}

TEST_F(HookCommand, ThatDoesNotReadItsInputHoldsNothingUp) {
  EXPECT_EQ(run("exit 0", milliseconds(10000), std::string(4 << 20, 'x')).exit, 0);
  const CommandEnd end = run("cat > /dev/null; echo read", milliseconds(10000), std::string(4 << 20, 'x'));
  EXPECT_EQ(end.output, "read\n");
}

TEST_F(HookCommand, ThatLeavesSomethingInTheBackgroundHasEnded) {
  const CommandEnd end = run("sleep 5 & echo $! > $FOLDER/child");
  EXPECT_FALSE(end.timed_out);
  EXPECT_TRUE(alive(number_in("child"))) << "what it left on purpose goes on";
  kill(number_in("child"), SIGKILL);
}

TEST_F(HookCommand, IsEndedWhenTheBrokerStops) {
  std::thread stopping([this] {
    std::this_thread::sleep_for(milliseconds(100));
    stop = true;
  });
  EXPECT_TRUE(run("sleep 1000", milliseconds(60000)).timed_out);
  stopping.join();
}

}  // namespace
}  // namespace lectern::hooks
