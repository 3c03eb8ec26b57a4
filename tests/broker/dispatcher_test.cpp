// The dispatcher against workers that hold on to what they were given, with a clock of the test's own.
#include "broker/dispatcher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "config/paths.h"
#include "tests/broker/fake_clock.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class DispatcherTest : public testing::Test {
 protected:
  static fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "lectern-dispatcher-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  static Settings make_settings() {
    Settings settings;
    settings.test_models = true;
    settings.engine_timeout_s = 100;
    return settings;
  }
  ~DispatcherTest() override { fs::remove_all(folder); }

  std::uint64_t submit(int segments, const std::string& id = "dispatched-job") {
    NewJob job;
    job.job_id = id;
    job.batch_id = "batch-0001";
    job.text_format = "plain";
    job.model = "sine";
    job.output = "/out/" + id + ".flac";
    const auto number = store.add_job(job).number;
    std::vector<NewSegment> rows;
    for (int i = 0; i < segments; ++i)
      rows.push_back({0, 4, "sentence", "words", std::string(63, 'a') + std::to_string(i), 1});
    store.set_segments(number, rows, "[]", "hash");
    store.commit();
    return number;
  }
  template <class T>
  void say(const std::string& peer, const T& message) {
    dispatcher.handle(peer, protocol::decode(protocol::encode(message)));
  }
  static protocol::EngineFailed loading_failed(int exit, const std::string& message) {
    protocol::EngineFailed failed;
    failed.model = "sine";
    failed.message = message;
    failed.exit = exit;
    failed.loading = true;
    return failed;
  }
  void ready(const std::string& peer, std::uint64_t credit) {
    protocol::Ready ready;
    ready.worker = "worker-" + peer;
    ready.device = "cpu";
    ready.pid = 4711;
    ready.credit = credit;
    say(peer, ready);
  }
  // Heartbeats every second, nothing else; the dispatcher looks after each.
  void live(const std::string& peer, int seconds, std::uint64_t credit) {
    for (int i = 0; i < seconds; ++i) {
      clock.now += 1000;
      protocol::Heartbeat beat;
      beat.worker = "worker-" + peer;
      beat.state = "busy";
      beat.credit = credit;
      say(peer, beat);
      dispatcher.tick();
      dispatcher.dispatch(true, {""});
      post.drop();
    }
  }
  Job job(std::uint64_t number) { return *store.job(number); }

  const fs::path folder = make_folder();
  const Paths paths = Paths::locate(folder);
  const Settings settings = make_settings();
  FakeClock clock;
  Store store{folder / "lectern.sqlite", clock};
  zmq::context_t context;
  Gate clients{context, folder / "clients"}, workers{context, folder / "workers"};
  Post post{clients, workers};
  ModelShelf models{paths, settings};
  Dispatcher dispatcher{store, post, models, paths, settings, clock};
};

TEST_F(DispatcherTest, AWorkerThatLivesButNeverAnswersLosesItsLeasesAndWaitsBeforeItGetsNewOnes) {
  const auto number = submit(2);
  ready("stuck", 2);
  dispatcher.dispatch(true, {""});
  ASSERT_EQ(job(number).leased, 2u);
  live("stuck", 359, 2);
  EXPECT_EQ(job(number).leased, 2u) << "it may still be loading, or speaking something long";
  live("stuck", 1, 2);
  EXPECT_EQ(job(number).leased, 0u);
  EXPECT_EQ(job(number).waiting, 2u) << "nobody is to blame";
  ready("other", 2);
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(store.leases_of("worker-other").size(), 2u);
}

TEST_F(DispatcherTest, AFailedSegmentIsTriedAgainAfterAPauseThatDoublesAndHoldsUpNoOtherJob) {
  const auto number = submit(1);
  ready("one", 1);
  dispatcher.dispatch(true, {""});
  for (const std::int64_t pause_ms : {500, 1000}) {
    const auto leases = store.leases_of("worker-one");
    ASSERT_EQ(leases.size(), 1u);
    protocol::SegmentFailed failed;
    failed.lease = leases[0];
    failed.reason = "it broke";
    failed.retryable = true;
    say("one", failed);
    clock.now += pause_ms - 1;
    EXPECT_LE(dispatcher.tick(), clock.now + 1);
    dispatcher.dispatch(true, {""});
    EXPECT_EQ(job(number).leased, 0u) << pause_ms;
    if (pause_ms == 1000) break;
    clock.now += 1;
    dispatcher.tick();
    dispatcher.dispatch(true, {""});
    EXPECT_EQ(job(number).leased, 1u) << pause_ms;
  }
  const auto other = submit(1, "another-job");
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(job(other).leased, 1u);
  EXPECT_EQ(job(number).leased, 0u);
}

TEST_F(DispatcherTest, AnAnswerGivesTheOtherLeasesTheWholeTimeAgain) {
  const auto number = submit(2);
  ready("slow", 2);
  dispatcher.dispatch(true, {""});
  live("slow", 300, 2);
  say("slow", protocol::GiveBack{{store.leases_of("worker-slow").front()}});
  live("slow", 300, 1);
  EXPECT_EQ(job(number).leased, 1u);
}

TEST_F(DispatcherTest, LeasesOfAProcessThatEndedAreFreeAtOnce) {
  const auto number = submit(2);
  ready("dead", 2);
  dispatcher.dispatch(true, {""});
  ASSERT_EQ(job(number).leased, 2u);
  dispatcher.lost_process(1, "another process");
  EXPECT_EQ(job(number).leased, 2u);
  dispatcher.lost_process(4711, "its process ended");
  EXPECT_EQ(job(number).waiting, 2u);
  EXPECT_FALSE(dispatcher.any_worker());
}

TEST_F(DispatcherTest, TheSpeedOfAWorkerLeavesItsPausesOut) {
  fs::create_directories(paths.takes());
  submit(2);
  ready("w", 2);
  dispatcher.dispatch(true, {""});
  const std::vector<float> samples(24000 * 10, 0.5f);
  for (const protocol::Lease& lease : store.leases_of("worker-w")) {
    clock.now += 20'000;  // nothing to speak
    protocol::Take take;
    take.lease = lease;
    take.frames = samples.size();
    take.sample_rate_hz = 24000;
    take.computing_s = 2;
    dispatcher.handle("w", protocol::decode(protocol::encode(take, 0, {protocol::to_payload(samples)})));
    std::vector<WorkPool::Result> stored;
    while ((stored = dispatcher.results()).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const auto& result : stored) result();
  }
  EXPECT_EQ(dispatcher.views().at(0).segments_done, 2u);
  EXPECT_NEAR(dispatcher.views().at(0).speed, 5, 1e-6);
}

TEST_F(DispatcherTest, TheWorkOfAnUnloadedModelIsHeldUntilSomebodyWantsIt) {
  const auto number = submit(2);
  ready("w", 2);
  dispatcher.unload("", false);
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(job(number).leased, 0u);
  EXPECT_EQ(dispatcher.held_up("sine"), "waiting: model sine was unloaded; `lectern model load sine` lets it go on");
  dispatcher.load("sine", "");
  EXPECT_EQ(dispatcher.held_up("sine"), "");
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(job(number).leased, 2u);
}

TEST_F(DispatcherTest, AModelThatIsRefusedForNowIsGivenToOthers) {
  const auto number = submit(2);
  ready("small", 2);
  protocol::Heartbeat beat;
  beat.state = "cold";
  beat.refuses = "sine";
  beat.waits_for = "2 GB are free";
  beat.credit = 2;
  say("small", beat);
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(job(number).leased, 0u);
  EXPECT_EQ(dispatcher.held_up("sine"), "waiting for memory: 2 GB are free");
  ready("large", 2);
  EXPECT_EQ(dispatcher.held_up("sine"), "");
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(store.leases_of("worker-large").size(), 2u);
}

TEST_F(DispatcherTest, LackOfMemoryIsNobodysFaultHoweverOftenItHappens) {
  const auto number = submit(2);
  ready("w", 2);
  for (int i = 0; i < 20; ++i) {
    dispatcher.dispatch(true, {""});
    ASSERT_EQ(job(number).leased, 2u) << "try " << i << ": at once";
    auto failed = loading_failed(6, "out of memory");
    failed.loading = i % 2 == 0;
    failed.leases = store.leases_of("worker-w");
    say("w", failed);
  }
  EXPECT_EQ(job(number).waiting, 2u);
  EXPECT_EQ(job(number).failed, 0u);
}

TEST_F(DispatcherTest, JobsFailWhenNoWorkerWillEverHaveRoomForTheirModel) {
  const auto number = submit(2);
  ready("small", 2);
  ready("large", 2);
  auto failed = loading_failed(6, "it needs 7 GB");
  failed.final = true;
  say("small", failed);
  dispatcher.dispatch(true, {""});
  EXPECT_EQ(store.leases_of("worker-small").size(), 0u);
  EXPECT_EQ(store.leases_of("worker-large").size(), 2u);
  say("large", failed);
  EXPECT_EQ(job(number).state, JobState::failed);
  EXPECT_NE(job(number).reason.find("it needs 7 GB"), std::string::npos) << job(number).reason;
}

TEST_F(DispatcherTest, JobsFailAtOnceWhenAModelsFilesAreOfNoUseAndSayWhyInOneLine) {
  const auto number = submit(2);
  ready("w", 2);
  auto failed = loading_failed(
      5, "/models/a  b.safetensors does not fit the network:\n  2 missing:\n    a [2]\n    b [3]");
  failed.hint = "get it again";
  say("w", failed);
  EXPECT_EQ(job(number).state, JobState::failed);
  EXPECT_EQ(job(number).reason,
            "model sine cannot be used: /models/a  b.safetensors does not fit the network: 2 missing: a [2] b [3] "
            "(get it again)");
}

TEST_F(DispatcherTest, AWorkerIsHeardOutAfterEveryStandstillOfTheBroker) {
  ready("w", 2);
  for (int i = 0; i < 3; ++i) {
    clock.now += 6000;
    dispatcher.tick();
    EXPECT_EQ(dispatcher.views().size(), 1u) << "it was not heard out";
  }
  clock.now += 500;
  dispatcher.tick();
  EXPECT_TRUE(dispatcher.views().empty()) << "it said nothing at its last call";
}

TEST_F(DispatcherTest, AReasonThatGoesOnAndOnIsCutAndTheMendKept) {
  const auto number = submit(2);
  ready("w", 2);
  auto failed = loading_failed(5, "missing:");
  for (int i = 0; i < 300; ++i) failed.message += "\n    tfmr.h." + std::to_string(i) + ".weight";
  failed.hint = "get it again";
  say("w", failed);
  const std::string reason = job(number).reason;
  EXPECT_LT(reason.size(), 550u);
  EXPECT_NE(reason.find("missing: tfmr.h.0.weight tfmr.h.1.weight"), std::string::npos) << reason;
  EXPECT_NE(reason.find("the log tells all"), std::string::npos) << reason;
  EXPECT_TRUE(reason.ends_with("(get it again)")) << reason;
}

TEST_F(DispatcherTest, TellsHowLongAnIdleModelStaysAndWhatItDoes) {
  ready("w", 2);
  protocol::Heartbeat beat;
  beat.state = "warm";
  beat.model = "sine";
  beat.engine_pid = 12;
  beat.credit = 2;
  beat.unload_in_ms = 5000;
  beat.device_bytes = 77;
  say("w", beat);
  const auto view = dispatcher.views().at(0);
  EXPECT_EQ(view.unload_ms, clock.now + 5000);
  EXPECT_EQ(view.device_bytes, 77u);
  EXPECT_EQ(view.device, "cpu");
  beat.unload_in_ms = -1;
  beat.device = "cuda:9";
  say("w", beat);
  EXPECT_EQ(dispatcher.views().at(0).unload_ms, -1);
  EXPECT_EQ(dispatcher.views().at(0).device, "cuda:9");
}

}  // namespace
}  // namespace lectern
