// The real agent and the real sine engine under a broker that the test plays.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tests/worker/scripted_broker.h"
#include "worker/sine/engine.h"

namespace lectern {
namespace {

using namespace std::chrono_literals;
using protocol::Lease;

class AgentProcess : public testing::Test {
 protected:
  AgentProcess() : paths_(Paths::locate(home_.folder)) {
    make_folder(paths_.runtime(), true);
    broker_.emplace(paths_);
    setenv("LECTERN_TEST_MODELS", "1", 1);
    setenv("LECTERN_SINE_FAULTS", "1", 1);
    for (const char* variable : {"LECTERN_SINE_SPEED", "LECTERN_SINE_LOAD", "LECTERN_SINE_LANES"}) unsetenv(variable);
  }

  void settings(const std::string& yaml) { std::ofstream(paths_.config_file()) << yaml; }

  void start_agent(std::vector<std::string> more = {"--log-level", "debug"}) {
    std::vector<std::string> arguments = {"--home", home_.folder.string(), "--device", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    agent_.emplace("lectern-worker", arguments);
    ready_ = broker_->await<protocol::Ready>();
    ASSERT_TRUE(ready_) << log();
  }

  protocol::Work work(std::uint64_t segment, const std::string& text, std::uint64_t attempt = 1) {
    protocol::Work work;
    work.lease = {segment, attempt};
    work.model = "sine";
    work.voice = "middle";
    work.text = text;
    return work;
  }
  void give(std::uint64_t segment, const std::string& text, std::uint64_t attempt = 1) {
    broker_->send(work(segment, text, attempt));
  }

  std::optional<protocol::Heartbeat> await_state(const std::string& state) {
    return broker_->await_if<protocol::Heartbeat>([&](const auto& beat) { return beat.state == state; });
  }

  std::string log(const std::string& program = "worker") const {
    std::ifstream file(paths_.log_file(program));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryHome home_;
  Paths paths_;
  std::optional<ScriptedBroker> broker_;
  std::optional<Program> agent_;
  std::optional<protocol::Ready> ready_;
};

TEST_F(AgentProcess, SpeaksFirstWithItsCredit) {
  start_agent();
  EXPECT_EQ(ready_->credit, 2u);
  EXPECT_EQ(ready_->device, "cpu");
  EXPECT_EQ(ready_->pid, agent_->pid());
  EXPECT_TRUE(ready_->leases.empty());
  EXPECT_FALSE(ready_->worker.empty());
  const auto beat = broker_->await<protocol::Heartbeat>();
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->state, "cold");
  EXPECT_EQ(beat->engine_pid, 0);
  EXPECT_EQ(beat->worker, ready_->worker);
}

TEST_F(AgentProcess, AnswersWorkWithATakeOfTheRightLength) {
  start_agent();
  give(7, "Fifteen letters", 3);
  const auto take = broker_->await<protocol::Take>();
  ASSERT_TRUE(take) << log();
  EXPECT_EQ(take->lease, (Lease{7, 3}));
  EXPECT_EQ(take->sample_rate_hz, 24000);
  EXPECT_EQ(take->frames, 24000u + 2 * 4800u);
  ASSERT_EQ(broker_->payload.size(), 1u);
  const std::vector<float> samples = protocol::from_payload(broker_->payload[0], take->frames);
  EXPECT_EQ(samples, sine::tones({0, "Fifteen letters", "middle", 1.0, 0}, 440));
}

TEST_F(AgentProcess, TellsTheCreditThatTheLanesAskForOnceTheEngineIsLoaded) {
  setenv("LECTERN_SINE_LANES", "5", 1);
  start_agent();
  give(1, "One.");
  const auto beat = broker_->await_if<protocol::Heartbeat>([](const auto& b) { return b.credit == 10; });
  ASSERT_TRUE(beat) << log();
  EXPECT_EQ(beat->model, "sine");
  EXPECT_GT(beat->engine_pid, 0);
  EXPECT_GT(beat->memory_bytes, 100'000u);
  EXPECT_GE(beat->peak_memory_bytes, beat->memory_bytes);
}

TEST_F(AgentProcess, ReportsAKilledEngineWithItsLeasesAndStartsAnother) {
  setenv("LECTERN_SINE_SPEED", "0.1", 1);
  start_agent();
  give(1, "A text that takes a while to speak.");
  const auto busy = await_state("busy");
  ASSERT_TRUE(busy) << log();
  ASSERT_EQ(kill(static_cast<pid_t>(busy->engine_pid), SIGKILL), 0);
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{1, 1}}));
  EXPECT_EQ(failed->model, "sine");
  EXPECT_FALSE(failed->loading);
  EXPECT_NE(failed->message.find("signal 9 (Killed)"), std::string::npos) << failed->message;
  ASSERT_TRUE(await_state("cold"));
  give(1, "A text that takes a while to speak.", 2);
  const auto again = await_state("busy");
  ASSERT_TRUE(again);
  EXPECT_NE(again->engine_pid, busy->engine_pid);
}

TEST_F(AgentProcess, ReportsAnEngineThatCrashesOnAText) {
  start_agent();
  give(1, "fault-crash");
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{1, 1}}));
  EXPECT_NE(failed->message.find("signal 6 (Aborted)"), std::string::npos) << failed->message;
}

TEST_F(AgentProcess, PassesOnWhatTheEngineSaidBeforeItEnded) {
  start_agent();
  give(1, "fault-throw");
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->message, "the text asks for the engine's end");
  EXPECT_EQ(failed->exit, 70);
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{1, 1}}));
}

TEST_F(AgentProcess, LosesNoTakeThatTheEngineSentBeforeItEnded) {
  setenv("LECTERN_SINE_LANES", "1", 1);
  start_agent();
  for (std::uint64_t segment = 1; segment <= 20; ++segment) give(segment, std::string(300, 'x'));
  give(21, "fault-throw");
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{21, 1}}));
  EXPECT_EQ(std::count(broker_->seen.begin(), broker_->seen.end(), "take"), 20);
}

TEST_F(AgentProcess, CallsAnEngineWithoutMemoryByItsName) {
  start_agent();
  give(1, "fault-no-memory");
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->exit, 6);
  EXPECT_NE(failed->message.find("out of memory"), std::string::npos);
}

TEST_F(AgentProcess, ReportsAnEngineThatCannotLoad) {
  setenv("LECTERN_SINE_LOAD", "fail", 1);
  start_agent();
  give(1, "One.");
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_TRUE(failed->loading);
  EXPECT_EQ(failed->exit, 5);
  EXPECT_EQ(failed->hint, "unset LECTERN_SINE_LOAD");
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{1, 1}}));
}

TEST_F(AgentProcess, ReportsAModelThatIsNotInstalled) {
  start_agent();
  protocol::Work wish = work(1, "One.");
  wish.model = "kokoro-82m";
  broker_->send(wish);
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->exit, 4);
  EXPECT_TRUE(failed->loading);
  EXPECT_NE(failed->message.find("kokoro-82m"), std::string::npos);
  EXPECT_NE(failed->hint.find("lectern model pull"), std::string::npos) << failed->hint;
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{1, 1}}));
}

TEST_F(AgentProcess, KillsAnEngineThatHangs) {
  settings("engine_timeout_s: 10\n");
  start_agent();
  give(1, "fault-hang");
  const auto failed = broker_->await<protocol::EngineFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->message, "the engine made no progress for 10 s");
  EXPECT_EQ(failed->leases, (std::vector<Lease>{{1, 1}}));
}

TEST_F(AgentProcess, PassesOnFailedSegmentsAndSpeaksTheNext) {
  start_agent();
  give(1, "fault-fail");
  const auto failed = broker_->await<protocol::SegmentFailed>();
  ASSERT_TRUE(failed) << log();
  EXPECT_EQ(failed->lease, (Lease{1, 1}));
  EXPECT_FALSE(failed->retryable);
  give(2, "fault-flaky");
  const auto flaky = broker_->await<protocol::SegmentFailed>();
  ASSERT_TRUE(flaky);
  EXPECT_TRUE(flaky->retryable);
  give(2, "fault-flaky", 2);
  const auto take = broker_->await<protocol::Take>();
  ASSERT_TRUE(take);
  EXPECT_EQ(take->lease, (Lease{2, 2}));
}

TEST_F(AgentProcess, GivesBackItsLeasesAndEndsItsEngineOnSigterm) {
  setenv("LECTERN_SINE_SPEED", "0.1", 1);
  start_agent();
  give(1, "A text that takes a while to speak.");
  const auto busy = await_state("busy");
  ASSERT_TRUE(busy) << log();
  agent_->signal(SIGTERM);
  const auto back = broker_->await<protocol::GiveBack>();
  ASSERT_TRUE(back) << log();
  EXPECT_EQ(back->leases, (std::vector<Lease>{{1, 1}}));
  EXPECT_EQ(broker_->last_heartbeat.credit, 0u);
  EXPECT_EQ(agent_->wait(), 0);
  EXPECT_FALSE(process_lives(busy->engine_pid));
}

TEST_F(AgentProcess, EndsOnRetireEvenWhenTheEngineHangs) {
  start_agent();
  give(1, "fault-hang");
  const auto busy = await_state("busy");
  ASSERT_TRUE(busy) << log();
  broker_->send(protocol::Retire{});
  ASSERT_TRUE(broker_->await<protocol::GiveBack>());
  EXPECT_EQ(agent_->wait(), 0);
  EXPECT_FALSE(process_lives(busy->engine_pid));
}

TEST_F(AgentProcess, NeverLeavesAnEngineBehindWhenItIsKilled) {
  start_agent();
  give(1, "fault-hang");
  const auto busy = await_state("busy");
  ASSERT_TRUE(busy) << log();
  EXPECT_EQ(agent_->end(SIGKILL), -SIGKILL);
  EXPECT_TRUE(ends_within(busy->engine_pid, 1s));
}

TEST_F(AgentProcess, NeverLeavesALoadingEngineBehindWhenItIsKilled) {
  setenv("LECTERN_SINE_LOAD", "hang", 1);
  start_agent();
  give(1, "One.");
  const auto loading = await_state("loading");
  ASSERT_TRUE(loading) << log();
  agent_->end(SIGKILL);
  EXPECT_TRUE(ends_within(loading->engine_pid, 1s));
}

TEST_F(AgentProcess, EndsTheEngineWhenTheQueueHasDrained) {
  settings("keep_alive: 0.4\n");
  start_agent();
  give(1, "One.");
  ASSERT_TRUE(broker_->await<protocol::Take>()) << log();
  const auto draining = await_state("draining");
  ASSERT_TRUE(draining);
  EXPECT_TRUE(ends_within(draining->engine_pid, 2s));
  const auto cold = await_state("cold");
  ASSERT_TRUE(cold);
  EXPECT_EQ(cold->engine_pid, 0);
  EXPECT_EQ(cold->memory_bytes, 0u);
  EXPECT_NE(log().find("engine memory"), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(paths_.runtime()))
    EXPECT_EQ(entry.path(), paths_.worker_socket());
}

TEST_F(AgentProcess, StopsWorkThatIsCancelledAndDoesNotAnswerIt) {
  setenv("LECTERN_SINE_LANES", "1", 1);
  setenv("LECTERN_SINE_SPEED", "1", 1);
  start_agent();
  give(1, std::string(3000, 'a'));  // 200 s
  ASSERT_TRUE(await_state("busy")) << log();
  broker_->send(protocol::CancelWork{{{1, 1}}});
  give(2, "Two.");
  const auto take = broker_->await<protocol::Take>();
  ASSERT_TRUE(take) << log();
  EXPECT_EQ(take->lease, (Lease{2, 1}));
}

TEST_F(AgentProcess, SaysReadyAgainWithItsLeasesToABrokerThatDoesNotKnowIt) {
  setenv("LECTERN_SINE_SPEED", "0.1", 1);
  start_agent();
  give(1, "A text that takes a while to speak.");
  ASSERT_TRUE(await_state("busy")) << log();
  broker_.reset();
  broker_.emplace(paths_);
  broker_->knows_the_worker = false;
  const auto ready = broker_->await<protocol::Ready>();
  ASSERT_TRUE(ready) << log();
  EXPECT_EQ(ready->worker, ready_->worker);
  EXPECT_EQ(ready->leases, (std::vector<Lease>{{1, 1}}));
}

TEST_F(AgentProcess, KeepsATakeForABrokerThatIsAwayForAMoment) {
  setenv("LECTERN_SINE_SPEED", "2", 1);
  start_agent();
  give(1, "A text of some two seconds.");
  ASSERT_TRUE(await_state("busy")) << log();
  broker_.reset();
  std::this_thread::sleep_for(1500ms);  // the take is ready meanwhile
  broker_.emplace(paths_);
  const auto take = broker_->await<protocol::Take>();
  ASSERT_TRUE(take) << log();
  EXPECT_EQ(take->lease, (Lease{1, 1}));
}

TEST_F(AgentProcess, LogsAndIgnoresWhatItCannotUse) {
  start_agent();
  broker_->send_frames({"lectern/1", "sing", "{}"});
  broker_->send_frames({"garbage"});
  broker_->send_frames({"lectern/9", "work", "{}"});
  broker_->send_frames({"lectern/1", "work", "{\"lease\": 5}"});
  broker_->send_frames({"lectern/1", "cancel_work", std::string("\xff\xfe\0", 3)});
  broker_->send_frames({"lectern/1", "submit", "{}", "payload"});
  give(1, "One.");
  ASSERT_TRUE(broker_->await<protocol::Take>()) << log();
  const std::string text = log();
  EXPECT_NE(text.find("'sing'"), std::string::npos) << text;
  EXPECT_NE(text.find("lectern/9"), std::string::npos);
  EXPECT_NE(text.find("lease"), std::string::npos);
  EXPECT_NE(text.find("'submit'"), std::string::npos);
}

// Needs the folder of an installed kokoro-82m (the one that holds installed.json) in LECTERN_KOKORO_MODEL.
TEST_F(AgentProcess, SpeaksWithTheInstalledKokoroAndGivesItsMemoryBack) {
  const char* folder = std::getenv("LECTERN_KOKORO_MODEL");
  if (!folder) GTEST_SKIP() << "LECTERN_KOKORO_MODEL does not name the folder of an installed kokoro-82m";
  if (!std::filesystem::exists(LECTERN_BIN "/lectern-engine")) GTEST_SKIP() << "lectern-engine is not built";
  ASSERT_TRUE(std::filesystem::exists(std::filesystem::path(folder) / "installed.json")) << folder;
  std::filesystem::create_directories(paths_.models());
  std::filesystem::create_directory_symlink(folder, paths_.model("kokoro-82m"));
  settings("keep_alive: 0\n");
  start_agent();
  protocol::Work wish = work(1, "The sun rose over the quiet harbour.");
  wish.model = "kokoro-82m";
  wish.voice = "af_heart";
  broker_->send(wish);
  const auto take = broker_->await<protocol::Take>(2min);
  ASSERT_TRUE(take) << log() << log("engine");
  EXPECT_EQ(take->sample_rate_hz, 24000);
  EXPECT_GT(take->frames, 24000u);
  EXPECT_GT(broker_->last_heartbeat.peak_memory_bytes, 100'000'000u);
  const std::int64_t engine = broker_->last_heartbeat.engine_pid;
  ASSERT_TRUE(await_state("cold")) << log();
  EXPECT_FALSE(process_lives(engine));
  RecordProperty("worker_log", log() + log("engine"));
}

TEST_F(AgentProcess, StaysSmallHoweverManyTakesPassThroughIt) {
  start_agent({"--log-level", "info"});
  const std::string text(300, 'x');  // 20 s, 2 MB
  std::uint64_t given = 0, spoken = 0;
  while (given < 4) give(++given, text);
  for (; spoken < 200; ++spoken) {
    ASSERT_TRUE(broker_->await<protocol::Take>()) << log();
    give(++given, text);
  }
  std::ifstream status("/proc/" + std::to_string(agent_->pid()) + "/status");
  std::string line;
  while (std::getline(status, line) && line.rfind("VmRSS:", 0) != 0) {
  }
  const long kilobytes = std::strtol(line.c_str() + 6, nullptr, 10);
  RecordProperty("agent_resident_kb", std::to_string(kilobytes));
  EXPECT_GT(kilobytes, 0);
  EXPECT_LT(kilobytes, 25'000);
}

TEST_F(AgentProcess, RemovesSocketsOfAgentsThatAreGone) {
  setenv("LECTERN_SINE_LOAD", "hang", 1);
  start_agent();
  give(1, "One.");
  ASSERT_TRUE(await_state("loading")) << log();
  const auto left_behind = paths_.engine_socket(agent_->pid(), 1);
  agent_->end(SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(left_behind));
  start_agent();
  EXPECT_FALSE(std::filesystem::exists(left_behind));
}

TEST_F(AgentProcess, RefusesAWrongDeviceAndWrongSettings) {
  EXPECT_EQ(Program("lectern-worker", {"--home", home_.folder.string(), "--device", "toaster"}).wait(), 2);
  EXPECT_EQ(Program("lectern-worker", {"--no-such-option"}).wait(), 2);
  settings("keep_alive: soon\n");
  EXPECT_EQ(Program("lectern-worker", {"--home", home_.folder.string()}).wait(), 5);
}

}  // namespace
}  // namespace lectern
