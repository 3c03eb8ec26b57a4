// kill -9 of any process at any time: every job ends with a whole file, as long as in an undisturbed run, and nothing
// twice.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <random>
#include <thread>

#include "tests/faults/installation.h"

namespace lectern {
namespace {

constexpr int kJobs = 6, kSentences = 8;

std::vector<std::string> submit_words(const Installation& lectern) {
  std::vector<std::string> words{"submit"};
  for (int i = 0; i < kJobs; ++i) {
    const std::string name = "story " + std::to_string(i);
    words.push_back(lectern.script(name + ".txt", sentences(kSentences, name)));
  }
  return words;
}

std::map<std::string, long> undisturbed() {
  static const std::map<std::string, long> lengths = [] {
    Installation lectern;
    auto words = submit_words(lectern);
    words.push_back("--wait");
    EXPECT_EQ(lectern.run(words).exit, 0);
    return lectern.audio();
  }();
  return lengths;
}

void expect_whole(const Installation& lectern) {
  EXPECT_EQ(lectern.run({"wait", "--timeout", "60"}).exit, 0);
  EXPECT_EQ(lectern.audio(), undisturbed());
  EXPECT_TRUE(lectern.leftovers().empty());
  for (const auto& job : lectern.status()["jobs"]) EXPECT_EQ(job["state"], "done") << job.dump(1);
}

// While no broker runs.
int segments_in(const Installation& lectern, const std::string& state) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_open(lectern.paths().database().c_str(), &database), SQLITE_OK);
  const std::string sql = "SELECT count(*) FROM segments WHERE state = '" + state + "'";
  EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
  const int count = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return count;
}

// Kills what `victim` names as often as `times`, at moments that differ, while work runs.
void disturb(const Installation& lectern, const std::function<pid_t()>& victim, int times, unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < times; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 250));
    if (const pid_t process = victim()) kill(process, SIGKILL);
    if (!lectern.broker()) lectern.run({"start"});
  }
}

TEST(Crash, TheEngineIsKilledAgainAndAgain) {
  Installation lectern(60);
  EXPECT_EQ(lectern.run(submit_words(lectern)).exit, 0);
  disturb(lectern, [&] { return lectern.engine(); }, 4, 1);
  expect_whole(lectern);
}

TEST(Crash, TheAgentIsKilledAndTakesItsEngineWithIt) {
  Installation lectern(60);
  EXPECT_EQ(lectern.run(submit_words(lectern)).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.engine() != 0; }));
  const pid_t engine = lectern.engine();
  kill(lectern.agent(), SIGKILL);
  EXPECT_TRUE(Installation::until([&] { return !Installation::alive(engine); }, 3));
  disturb(lectern, [&] { return lectern.agent(); }, 3, 2);
  expect_whole(lectern);
}

TEST(Crash, TheBrokerIsKilledAgainAndAgain) {
  Installation lectern(60);
  EXPECT_EQ(lectern.run(submit_words(lectern)).exit, 0);
  disturb(lectern, [&] { return lectern.broker(); }, 8, 3);
  expect_whole(lectern);
}

TEST(Crash, EverythingDiesAtOnceAgainAndAgain) {
  Installation lectern(60);
  EXPECT_EQ(lectern.run(submit_words(lectern)).exit, 0);
  for (unsigned round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 90 * round));
    lectern.kill_all();
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
  }
  expect_whole(lectern);
}

TEST(Crash, CtrlCOfTheCommandLineLosesNothing) {
  Installation lectern(60);
  auto words = submit_words(lectern);
  words.push_back("--wait");
  const pid_t client = lectern.program().start(words);
  EXPECT_TRUE(Installation::until([&] {
    const auto now = lectern.status();
    return now.contains("jobs") && now["jobs"].size() == kJobs;
  }));
  kill(client, SIGINT);
  int status = 0;
  waitpid(client, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 130 || WEXITSTATUS(status) == 0));
  expect_whole(lectern);
}

TEST(Crash, AStopInTheMiddleGoesOnAtTheNextStart) {
  Installation lectern(60);
  EXPECT_EQ(lectern.run(submit_words(lectern)).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.engine() != 0; }));
  const pid_t broker = lectern.broker(), agent = lectern.agent(), engine = lectern.engine();
  EXPECT_EQ(lectern.run({"stop"}).exit, 0);
  for (const pid_t process : {broker, agent, engine}) EXPECT_FALSE(Installation::alive(process));
  EXPECT_TRUE(std::filesystem::is_empty(lectern.paths().runtime())) << "sockets are removed";
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  expect_whole(lectern);
}

// What is being spoken at the signal is stored; nothing new is begun; nothing is left running or lying about.
class Signalled : public testing::TestWithParam<int> {};

TEST_P(Signalled, FinishesWhatIsBeingSpokenAndEndsWithZero) {
  Installation lectern(10);
  const Program broker(lectern.folder(), LECTERN_BROKER);
  const pid_t process = broker.start({"--foreground"});
  EXPECT_TRUE(Installation::until([&] { return lectern.run({"status"}).exit == 0; }));
  EXPECT_EQ(lectern.run(submit_words(lectern)).exit, 0);
  EXPECT_TRUE(Installation::until([&] {
    const auto now = lectern.status();
    return now["workers"][0]["leases"] > 0 && now["jobs"][0]["segments_done"] > 0;
  }));
  const pid_t agent = lectern.agent(), engine = lectern.engine();
  kill(process, GetParam());
  const Ended ended = broker.end(process);
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_FALSE(Installation::alive(agent) || Installation::alive(engine));
  EXPECT_TRUE(std::filesystem::is_empty(lectern.paths().runtime())) << "sockets are removed";
  EXPECT_EQ(segments_in(lectern, "leased"), 0) << "what was being spoken was not waited for";
  EXPECT_GT(segments_in(lectern, "done"), 0);
  EXPECT_GT(segments_in(lectern, "waiting"), 0) << "the whole queue was spoken first";
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  expect_whole(lectern);
}

INSTANTIATE_TEST_SUITE_P(By, Signalled, testing::Values(SIGTERM, SIGINT),
                         [](const auto& row) { return row.param == SIGTERM ? "SIGTERM" : "SIGINT"; });

TEST(Crash, ASecondBrokerForTheSameFolderIsRefusedByName) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  Program second(lectern.folder(), LECTERN_BROKER);
  const Ended ended = second.run({"--foreground"});
  EXPECT_EQ(ended.exit, 3);
  EXPECT_NE(ended.err.find("process " + std::to_string(lectern.broker())), std::string::npos) << ended.err;
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(2, "one")), "--wait"}).exit, 0);
}

}  // namespace
}  // namespace lectern
