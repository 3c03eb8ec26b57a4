// The model is there while there is work, and gone when there is none: the real programs, the test model, a driver that
// says what the test wants.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "cli/local_broker.h"
#include "cli/resident_model.h"
#include "tests/faults/installation.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;

json workers(const Installation& lectern) {
  const Ended ended = lectern.run({"ps", "--json"});
  return ended.exit == 0 ? json::parse(ended.out, nullptr, false) : json::array();
}
json worker(const Installation& lectern) {
  const json all = workers(lectern);
  return all.empty() ? json::object() : all[0];
}
json job(const Installation& lectern) { return lectern.status()["jobs"][0]; }
bool reason_has(const Installation& lectern, const std::string& words) {
  return Installation::until(
      [&] { return job(lectern)["reason"].get<std::string>().find(words) != std::string::npos; });
}
void submit(const Installation& lectern, const std::string& name, const std::string& text) {
  const Ended ended = lectern.run({"submit", lectern.script(name, text)});
  ASSERT_EQ(ended.exit, 0) << ended.err;
}
bool done(const Installation& lectern) {
  return Installation::until([&] { return job(lectern)["state"] == "done"; }, 40);
}

std::string log_of(const Installation& lectern, const std::string& program) {
  std::ifstream file(lectern.paths().log_file(program));
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- load and unload

TEST(EngineLife, AModelIsLoadedAndUnloadedByHand) {
  const Installation lectern(0, "keep_alive: 1\n");
  const Ended loaded = lectern.run({"model", "load", "sine", "--keep", "forever"});
  EXPECT_EQ(loaded.exit, 0) << loaded.err;
  EXPECT_NE(loaded.out.find("model sine is loaded on cpu: "), std::string::npos) << loaded.out;
  EXPECT_NE(loaded.out.find("stays until it is unloaded"), std::string::npos) << loaded.out;
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(worker(lectern)["state"], "warm");
  EXPECT_EQ(worker(lectern)["unload_ms"], -1);
  const pid_t engine = lectern.engine();
  const Ended unloaded = lectern.run({"model", "deload"});
  EXPECT_EQ(unloaded.exit, 0) << unloaded.err;
  EXPECT_NE(unloaded.out.find("unloaded sine: "), std::string::npos) << unloaded.out;
  EXPECT_FALSE(Installation::alive(engine));
  EXPECT_EQ(worker(lectern)["state"], "cold");
  EXPECT_EQ(lectern.run({"cleanup", "--gpu"}).out, "nothing was loaded\n");
}

TEST(EngineLife, WhatCannotBeLoadedIsRefusedWithTheReason) {
  const Installation lectern;
  EXPECT_EQ(lectern.run({"model", "load", "kokoro-82m"}).exit, 4);
  EXPECT_EQ(lectern.run({"model", "load", "nonsense"}).exit, 4);
  EXPECT_EQ(lectern.run({"model", "unload", "nonsense"}).exit, 4);
  const Ended keep = lectern.run({"model", "load", "sine", "--keep", "soon"});
  EXPECT_EQ(keep.exit, 2);
  EXPECT_NE(keep.err.find("until HH:MM"), std::string::npos) << keep.err;
  const Variable fails("LECTERN_SINE_LOAD", "fail");
  const Installation broken;
  const Ended refused = broken.run({"model", "load", "sine"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_NE(refused.err.find("LECTERN_SINE_LOAD asks for a failure"), std::string::npos) << refused.err;
}

TEST(EngineLife, AnUnloadHoldsTheModelsWorkUntilItIsLoadedAgain) {
  const Installation lectern(30);
  submit(lectern, "a.txt", sentences(20, "a"));
  ASSERT_TRUE(Installation::until([&] { return job(lectern)["segments_done"] >= 2; }));
  EXPECT_EQ(lectern.run({"model", "unload", "sine", "--now"}).exit, 0);
  EXPECT_EQ(lectern.engine(), 0);
  const auto stopped_at = job(lectern)["segments_done"].get<int>();
  EXPECT_TRUE(reason_has(lectern, "model sine was unloaded"));
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(lectern.engine(), 0);
  EXPECT_LE(job(lectern)["segments_done"].get<int>(), stopped_at + 1);
  EXPECT_EQ(lectern.run({"model", "load", "sine"}).exit, 0);
  EXPECT_TRUE(done(lectern));
  EXPECT_EQ(job(lectern)["segments_failed"], 0);
  EXPECT_EQ(lectern.broken(), "");
}

TEST(EngineLife, ASubmitLetsAnUnloadedModelGoOn) {
  const Installation lectern;
  EXPECT_EQ(lectern.run({"model", "load", "sine"}).exit, 0);
  EXPECT_EQ(lectern.run({"cleanup", "--gpu"}).exit, 0);
  submit(lectern, "a.txt", "One. Two.");
  EXPECT_TRUE(done(lectern));
}

TEST(EngineLife, AskingTenTimesASecondDoesNotKeepAModel) {
  const Installation lectern(0, "keep_alive: 1\n");
  submit(lectern, "a.txt", "One.");
  ASSERT_TRUE(done(lectern));
  const auto begun = std::chrono::steady_clock::now();
  bool gone = false;
  while (!gone && std::chrono::steady_clock::now() < begun + 10s) {
    gone = worker(lectern)["state"] == "cold";
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_TRUE(gone);
}

TEST(EngineLife, AModelIsLoadedAtTheStartWhenItIsSet) {
  const Installation lectern(0, "preload: true\nkeep_alive: forever\n");
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return worker(lectern)["state"] == "warm"; }));
}

TEST(EngineLife, EveryDeviceHasAWorkerOfItsOwn) {
  const Installation lectern(4, "device: cpu,cuda:0\n");
  submit(lectern, "a.txt", sentences(12, "a"));
  EXPECT_TRUE(Installation::until([&] { return workers(lectern).size() == 2; }));
  EXPECT_TRUE(done(lectern));
  for (const json& w : workers(lectern)) EXPECT_GT(w["segments_done"], 0) << w;
}

// ---- memory

// A graphics card of 6 GB with so much free, and these processes on it. The test model needs nothing but the reserve.
class Card : public testing::Test {
 protected:
  void says(std::uint64_t free_bytes, std::int64_t pid = 0, std::uint64_t bytes = 0) {
    std::ofstream file(folder_.path() / "card.new");
    file << "6000000000 " << free_bytes << "\n";
    if (pid) file << pid << " " << bytes << "\n";
    file.close();
    fs::rename(folder_.path() / "card.new", folder_.path() / "card");
  }
  TemporaryFolder folder_;
  Variable library_{"LECTERN_NVML", FAKE_NVML_LIBRARY};
  Variable state_{"FAKE_NVML", (folder_.path() / "card").string()};
};

TEST_F(Card, WorkWaitsForMemoryAndGoesOnWhenThereIsSome) {
  says(100'000'000, getpid(), 5'900'000'000);
  const Installation lectern(0, "device: cuda:0\n");
  submit(lectern, "a.txt", "One. Two.");
  EXPECT_TRUE(reason_has(lectern, "waiting for memory: model sine needs"));
  EXPECT_TRUE(reason_has(lectern, "held by engine_life_tes (pid " + std::to_string(getpid()) + ") 5.9 GB"));
  EXPECT_EQ(lectern.engine(), 0);
  const Ended load = lectern.run({"model", "load", "sine"});
  EXPECT_EQ(load.exit, 6);
  EXPECT_NE(load.err.find("0.10 of 6.00 GB are free"), std::string::npos) << load.err;
  says(5'000'000'000);
  EXPECT_TRUE(done(lectern));
}

TEST_F(Card, AnUnloadSaysSoWhenTheMemoryDoesNotComeBack) {
  says(6'000'000'000);
  const Installation lectern(0, "device: cuda:0\nkeep_alive: forever\n");
  ASSERT_EQ(lectern.run({"model", "load", "sine"}).exit, 0);
  says(4'000'000'000, lectern.engine(), 2'000'000'000);
  EXPECT_TRUE(Installation::until([&] { return worker(lectern)["device_bytes"] == 2'000'000'000; }));
  const Ended unload = lectern.run({"model", "unload"});
  EXPECT_EQ(unload.exit, 6);
  EXPECT_NE(unload.err.find("its memory on cuda:0 is not back"), std::string::npos) << unload.err;
  says(6'000'000'000);
  EXPECT_TRUE(Installation::until([&] { return worker(lectern)["waits_for"] == ""; }));
}

TEST(EngineLife, NoSegmentIsLostOrBlamedWhenMemoryRunsOut) {
  const Variable lanes("LECTERN_SINE_LANES", "4");
  const Installation lectern;
  submit(lectern, "a.txt", sentences(6, "a") + "This is fault-crowded for more than one. " + sentences(6, "b"));
  EXPECT_TRUE(done(lectern));
  EXPECT_EQ(job(lectern)["segments_failed"], 0);
  EXPECT_NE(log_of(lectern, "worker").find("loading again for fewer segments at once"), std::string::npos);
  const std::string history = lectern.run({"log", "1"}).out;
  EXPECT_EQ(history.find("to be tried again"), std::string::npos) << history;
  EXPECT_EQ(lectern.broken(), "");
}

// ---- again and again

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream statm("/proc/" + std::to_string(process) + "/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) names.insert(entry.path().filename());
  return names;
}

std::size_t open_files(pid_t process) { return names_in("/proc/" + std::to_string(process) + "/fd").size(); }

std::string children(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) + "/children");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(EngineLife, TwoHundredLoadsAndUnloadsLeaveNothingBehind) {
  const Installation lectern(0, "log_level: warn\n");
  ASSERT_EQ(lectern.run({"start"}).exit, 0);
  cli::Connection connection = cli::LocalBroker(lectern.paths()).connect();
  const auto cycles = [&](int count) {
    for (int i = 0; i < count; ++i) {
      cli::load_model(connection, "sine", "");
      ASSERT_EQ(cli::unload_models(connection, "sine", false).models.size(), 1u);
    }
  };
  cycles(20);  // until every pool and cache is filled
  const pid_t broker = lectern.broker(), agent = lectern.agent();
  const auto memory = resident_bytes(broker) + resident_bytes(agent);
  const auto sockets = names_in(lectern.paths().runtime()), shared = names_in("/dev/shm");
  const auto files = open_files(broker) + open_files(agent);
  cycles(180);
  EXPECT_EQ(lectern.broker(), broker);
  EXPECT_EQ(lectern.agent(), agent);
  EXPECT_LT(resident_bytes(broker) + resident_bytes(agent), memory + 1'000'000);
  EXPECT_EQ(names_in(lectern.paths().runtime()), sockets);
  EXPECT_EQ(names_in("/dev/shm"), shared);
  EXPECT_LE(open_files(broker) + open_files(agent), files);
  EXPECT_EQ(children(agent), "") << "zombies";
  RecordProperty("grown_bytes",
                 std::to_string(resident_bytes(broker) + resident_bytes(agent)) + " from " + std::to_string(memory));
}

}  // namespace
}  // namespace lectern
