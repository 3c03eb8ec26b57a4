// Everything is paused: what is there and what comes stands still, through a crash too, until everything is resumed.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/faults/installation.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class Pause : public testing::Test {
 protected:
  Ended submit(const std::string& name, int count = 2) const {
    return lectern.run({"submit", lectern.script(name + ".txt", sentences(count, name))});
  }
  std::string state(std::size_t number) const { return lectern.status()["jobs"].at(number - 1)["state"]; }

  Installation lectern;
};

TEST_F(Pause, OfEverythingHoldsWhatComesLaterAndOutlivesACrash) {
  ASSERT_EQ(submit("before").exit, 0);
  ASSERT_EQ(lectern.run({"wait"}).exit, 0);
  Ended paused = lectern.run({"pause", "--all"});
  EXPECT_EQ(paused.exit, 0) << paused.err;
  EXPECT_NE(paused.out.find("jobs that come are held too"), std::string::npos) << paused.out;

  const Ended first = submit("first");
  EXPECT_EQ(first.exit, 0) << first.err;
  EXPECT_NE(first.out.find("everything is paused"), std::string::npos) << first.out;
  kill(lectern.broker(), SIGKILL);
  ASSERT_EQ(submit("second").exit, 0);
  const auto status = lectern.status();
  EXPECT_NE(status["notice"].get<std::string>().find("everything is paused"), std::string::npos) << status["notice"];
  ASSERT_TRUE(Installation::until([&] {
    const auto jobs = lectern.status()["jobs"];
    return jobs.at(1)["segments"] > 0 && jobs.at(2)["segments"] > 0;
  })) << "they are cut all the same";
  EXPECT_EQ(state(2), "held");
  EXPECT_EQ(state(3), "held");
  EXPECT_EQ(lectern.audio().size(), 1u);

  EXPECT_EQ(lectern.run({"resume", "2", "--json"}).exit, 0);  // one that is wanted all the same
  EXPECT_EQ(lectern.run({"wait", "2"}).exit, 0);
  EXPECT_EQ(lectern.audio().size(), 2u);
  ASSERT_EQ(submit("third").exit, 0);
  EXPECT_EQ(state(3), "held") << "everything else is still paused";
  EXPECT_EQ(state(4), "held");

  const Ended resumed = lectern.run({"resume", "--all"});
  EXPECT_EQ(resumed.out, "resumed #3 #4\njobs that come are no longer held\n");
  ASSERT_EQ(submit("last").exit, 0);
  EXPECT_EQ(lectern.run({"wait"}).exit, 0);
  EXPECT_EQ(lectern.audio().size(), 5u);
  EXPECT_EQ(lectern.status()["notice"], "");
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Pause, OfEverythingHoldsWhatIsRetriedAndRedone) {
  const auto bad = lectern.script("bad.txt", "It was said here that this is a fault-fail and so it is.");
  ASSERT_EQ(submit("good").exit, 0);
  ASSERT_EQ(lectern.run({"submit", bad}).exit, 0);
  ASSERT_EQ(lectern.run({"wait", "1"}).exit, 0);
  ASSERT_EQ(lectern.run({"wait", "2"}).exit, 1);
  ASSERT_EQ(lectern.run({"pause", "--all"}).exit, 0);
  const auto published = fs::last_write_time(lectern.work() / "good.flac");

  const Ended redone = lectern.run({"redo", "1", "--segment", "1", "--seed", "7"}), retried = lectern.run({"retry", "2"});
  EXPECT_EQ(redone.exit, 0) << redone.err;
  EXPECT_NE(redone.out.find("everything is paused"), std::string::npos) << redone.out;
  EXPECT_EQ(retried.exit, 0) << retried.err;
  EXPECT_EQ(retried.out, "queued again #2\neverything is paused: held until `lectern resume --all`\n");
  EXPECT_EQ(state(1), "held");
  EXPECT_EQ(state(2), "held");

  EXPECT_EQ(lectern.run({"resume", "--all"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait", "1"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait", "2"}).exit, 1);
  EXPECT_EQ(state(1), "done");
  EXPECT_EQ(state(2), "failed");
  EXPECT_GT(fs::last_write_time(lectern.work() / "good.flac"), published);
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Pause, OfABatchOrAJobHoldsNothingElse) {
  ASSERT_EQ(submit("first", 1).exit, 0);
  ASSERT_EQ(lectern.run({"wait"}).exit, 0);
  EXPECT_EQ(lectern.run({"pause", "1"}).exit, 5) << "it is done";
  ASSERT_EQ(submit("second", 1).exit, 0);
  EXPECT_EQ(lectern.run({"wait"}).exit, 0);
  EXPECT_EQ(lectern.audio().size(), 2u);
}

TEST_F(Pause, OfEverythingHoldsWhatIsDroppedIntoAFolder) {
  const fs::path folder = lectern.work() / "drop";
  fs::create_directories(folder);
  ASSERT_EQ(lectern.run({"folder", "add", folder.string()}).exit, 0);
  ASSERT_EQ(lectern.run({"pause", "--all"}).exit, 0);
  lectern.script("drop/note.txt", sentences(2, "a note"));
  ASSERT_TRUE(Installation::until([&] { return lectern.status()["jobs"].size() == 1; }));
  EXPECT_EQ(state(1), "held");
  EXPECT_EQ(lectern.run({"pause", "--all"}).exit, 0);  // once more is the same
  EXPECT_EQ(lectern.run({"resume", "--all"}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return fs::exists(folder / "done" / "note.txt"); }));
  EXPECT_EQ(lectern.broken(), "");
}

}  // namespace
}  // namespace lectern
