// The real broker on a disk that fails: its database's writes and syncs, the folder of takes, another program's lock.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

std::string log_of(const Installation& lectern) {
  std::stringstream text;
  text << std::ifstream(lectern.paths().log_file("broker")).rdbuf();
  return text.str();
}

// Two jobs on a broker whose database fails as told; submits are repeated until they are acknowledged, as the command
// line's user would.
void expect_survives(const std::string& fault) {
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  lectern.start_with_database_fault(fault);
  int acknowledged = 0;
  std::optional<Peer> peer;
  const bool drained = Installation::until([&] {
    if (!lectern.broker()) {
      peer.reset();
      lectern.run({"start"});
      return false;
    }
    if (!peer) peer.emplace(lectern.paths().client_socket());
    if (acknowledged < 2) {
      const std::string id = acknowledged ? "bb-two" : "aa-one";
      acknowledged += peer->ask<protocol::Submitted>(submit_of(id, lectern.work() / (id + ".flac")),
                                                     {sentences(3, id)}, 1).has_value();
      return false;
    }
    const auto jobs = peer->ask<protocol::Jobs>(protocol::Status{all_jobs()}, {}, 1);
    if (!jobs) return false;
    EXPECT_EQ(jobs->jobs.size(), 2u) << "an acknowledged job is missing";
    return jobs->unfinished == 0;
  }, 40);
  EXPECT_TRUE(drained) << fault << " is not survived\n" << log_of(lectern);
  EXPECT_EQ(lectern.audio().size(), 2u) << fault;
  EXPECT_TRUE(lectern.leftovers().empty());
  EXPECT_EQ(lectern.broken(), "") << fault;
}

// The number of a job whose submit was undone is given to the next one.
TEST(BrokerDisk, WhatIsCutForASubmitThatWasUndoneIsNotSpokenForTheNextOne) {
  bool undone = false;
  for (int first = 30; first <= 80 && !undone; ++first) {
    Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
    lectern.start_with_database_fault("full " + std::to_string(first) + " 1");
    if (!lectern.broker()) continue;
    Peer peer(lectern.paths().client_socket());
    const bool accepted = peer.ask<protocol::Submitted>(submit_of("aa-one", lectern.work() / "one.flac"),
                                                        {sentences(20000, "the first")}, 1).has_value();
    undone = !accepted && !peer.refusal.empty() && lectern.broker();
    if (!undone) continue;
    ASSERT_TRUE(peer.ask<protocol::Submitted>(submit_of("bb-two", lectern.work() / "two.flac"),
                                              {sentences(3, "the second")}, 10))
        << peer.refusal;
    std::optional<protocol::Jobs> jobs;
    EXPECT_TRUE(Installation::until([&] {
      jobs = peer.ask<protocol::Jobs>(protocol::Status{all_jobs()}, {}, 5);
      return jobs && jobs->jobs.size() == 1 && jobs->unfinished == 0;
    }, 30)) << log_of(lectern);
    EXPECT_EQ(jobs->jobs.at(0).number, 1u);
    EXPECT_EQ(jobs->jobs.at(0).segments, 3u);
    EXPECT_EQ(lectern.broken(), "");
  }
  EXPECT_TRUE(undone) << "no submit met the fault";
}

class BrokerOnAFailingDisk : public testing::TestWithParam<const char*> {};
TEST_P(BrokerOnAFailingDisk, LosesNothingAndGoesOnByItself) { expect_survives(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Faults, BrokerOnAFailingDisk,
                         testing::Values("full 3 1", "full 12 1", "full 20 8", "full 45 3", "io 15 2", "io 30 1",
                                         "sync 2 1", "sync 4 1", "sync 6 2", "sync 9 1"),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name)
                             if (c == ' ') c = '_';
                           return name;
                         });

TEST(BrokerDisk, AfterASyncThatFailedTheBrokerTrustsNothingAndBeginsAfresh) {
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  {
    const Variable disk("LECTERN_DB_FAULT", "sync 8 1");
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
  }
  const pid_t broker = lectern.broker();
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(6, "one")), "--wait"}).exit, 0);
  EXPECT_EQ(lectern.broker(), broker);
  const std::string log = log_of(lectern);
  EXPECT_NE(log.find("beginning afresh from the disk"), std::string::npos) << log;
  EXPECT_EQ(lectern.broken(), "");
}

class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const char* size) : folder_(folder) {
    fs::create_directories(folder);
    mounted_ = geteuid() == 0 && mount("tmpfs", folder.c_str(), "tmpfs", 0, (std::string("size=") + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool there() const { return mounted_; }
  void grow(const char* size) {
    EXPECT_EQ(mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, (std::string("size=") + size).c_str()), 0);
  }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST(BrokerDisk, AFullDataFolderLosesNothingAndWorkGoesOnWhenThereIsSpace) {
  Installation lectern;
  SmallDisk disk(lectern.paths().database().parent_path(), "1m");
  if (!disk.there()) GTEST_SKIP() << "needs root and tmpfs to make a small disk";
  std::map<std::string, bool> acknowledged;
  for (int i = 0; i < 6; ++i) {
    const std::string name = "story " + std::to_string(i);
    const Ended ended = lectern.run({"submit", lectern.script(name + ".txt", sentences(8, name))});
    EXPECT_TRUE(ended.exit == 0 || ended.exit == 6) << ended.exit << ended.err;
    acknowledged[name] = ended.exit == 0;
  }
  EXPECT_TRUE(acknowledged["story 0"]);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_LT(lectern.audio().size(), 6u) << "the disk was large enough";
  EXPECT_NE(lectern.broker(), 0) << log_of(lectern);
  disk.grow("64m");
  EXPECT_TRUE(Installation::until([&] {
    for (auto& [name, known] : acknowledged)
      if (!known) known = lectern.run({"submit", (lectern.work() / (name + ".txt")).string()}).exit == 0;
    const auto now = lectern.status();
    return now.contains("jobs") && now["jobs"].size() == 6 && now.value("unfinished", 1) == 0;
  }, 60)) << lectern.status().dump(1) << log_of(lectern);
  EXPECT_EQ(lectern.audio().size(), 6u);
  for (const auto& job : lectern.status()["jobs"]) EXPECT_EQ(job["state"], "done") << job.dump(1);
  EXPECT_EQ(lectern.broken(), "");
}

TEST(BrokerDisk, NoFileGetsItsNameBeforeItsBytesAreOnTheDisk) {
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  const fs::path witness = lectern.folder() / "witness";
  {
    const Variable preload("LD_PRELOAD", LECTERN_SYNC_WITNESS_LIBRARY);
    const Variable file("LECTERN_SYNC_WITNESS", witness.string());
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
  }
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(5, "one")), "--wait"}).exit, 0);
  std::ifstream in(witness);
  std::map<std::string, int> named;  // by the ending
  for (std::string word, path; in >> word && std::getline(in, path);) {
    EXPECT_EQ(word, "synced") << path;
    ++named[(path.find("/takes/") != std::string::npos ? "take" : "") + fs::path(path).extension().string()];
  }
  EXPECT_GE(named["take.flac"], 3);
  EXPECT_EQ(named[".flac"], 1);
  EXPECT_EQ(named[".json"], 1);
}

TEST(BrokerDisk, ASecondBrokerIsRefusedBeforeItTouchesASocket) {
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  const pid_t broker = lectern.broker();
  const auto socket = fs::last_write_time(lectern.paths().client_socket());
  Program second(lectern.folder(), fs::path(LECTERN_FAULTS_PROGRAM).replace_filename("lectern-broker"));
  const pid_t process = second.start({"--foreground"});
  EXPECT_TRUE(Installation::until([&] { return !Installation::alive(process); }, 5)) << "it serves the same folder";
  kill(process, SIGKILL);
  const Ended ended = second.end(process);
  EXPECT_EQ(ended.exit, 3) << ended.err;
  EXPECT_NE(ended.err.find("process " + std::to_string(broker)), std::string::npos) << ended.err;
  EXPECT_EQ(fs::last_write_time(lectern.paths().client_socket()), socket);
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(2, "one")), "--wait"}).exit, 0);
}

TEST(BrokerDisk, ADatabaseThatAnotherProgramHoldsIsWaitedFor) {
  Installation lectern(60);
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(10, "one"))}).exit, 0);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(lectern.paths().database().c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 5000);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::this_thread::sleep_for(std::chrono::seconds(2));
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  EXPECT_EQ(lectern.run({"wait", "--timeout", "30"}).exit, 0);
  // For longer than the broker waits at once: it must neither end nor lose anything.
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto script = lectern.script("b.txt", sentences(10, "two"));
  const pid_t client = lectern.program().start({"submit", script, "--wait"});
  std::this_thread::sleep_for(std::chrono::seconds(7));
  EXPECT_NE(lectern.broker(), 0) << log_of(lectern);
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  lectern.program().end(client);
  lectern.run({"submit", script, "--wait"});
  EXPECT_GE(lectern.audio().size(), 2u);
  EXPECT_EQ(lectern.broken(), "");
}

}  // namespace
}  // namespace lectern
