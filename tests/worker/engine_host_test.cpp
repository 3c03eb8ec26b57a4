// The engine's host with the sine engine behind it, under an agent that the test plays.
#include "worker/engine_host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "broker/protocol/socket.h"
#include "worker/sine/engine.h"

namespace lectern {
namespace {

using namespace std::chrono_literals;
using protocol::Lease;

class EngineHostTest : public testing::Test {
 protected:
  EngineHostTest() {
    static int serial = 0;
    socket_path_ = std::filesystem::temp_directory_path() /
                   ("lectern-host-" + std::to_string(getpid()) + "-" + std::to_string(++serial) + ".sock");
    socket_ = protocol::make_socket(context_, zmq::socket_type::pair);
    socket_.bind("ipc://" + socket_path_.string());
    host_.emplace("ipc://" + socket_path_.string());
    host_->ready({"sine", 1, 24000, 2, 0.1});  // the agent hands out nothing before it has this
    EXPECT_EQ(receive().type, "engine_ready");
  }
  ~EngineHostTest() override {
    host_.reset();
    std::error_code ignored;
    std::filesystem::remove(socket_path_, ignored);
  }

  template <class T>
  void say(const T& message) {
    ASSERT_TRUE(protocol::send(socket_, protocol::encode(message)));
  }
  void work(std::uint64_t segment, const std::string& text = "text") {
    protocol::Work work;
    work.lease = {segment, 1};
    work.voice = "middle";
    work.text = text;
    say(work);
  }
  bool hears_something(std::chrono::milliseconds patience) {
    zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    return zmq::poll(&item, 1, patience) > 0;
  }
  protocol::Message receive() {
    if (!hears_something(20s)) throw std::runtime_error("nothing came from the engine's host");
    return protocol::decode(*protocol::receive(socket_));
  }
  Speech speech() { return {{0.5f, -0.5f}, 24000, {{"note", 1}}}; }

  zmq::context_t context_{1};
  zmq::socket_t socket_;
  std::filesystem::path socket_path_;
  std::optional<EngineHost> host_;
};

TEST_F(EngineHostTest, HandsOutSegmentsInOrderAndSendsTheirTakes) {
  work(1, "one");
  work(2, "two");
  const auto first = host_->next(), second = host_->next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->text, "one");
  EXPECT_EQ(second->text, "two");
  host_->spoken(second->ticket, speech());
  const protocol::Message message = receive();
  const auto take = protocol::parse<protocol::Take>(message);
  EXPECT_EQ(take.lease, (Lease{2, 1}));
  EXPECT_EQ(take.notes.at("note"), 1);
  EXPECT_GE(take.computing_s, 0);
  EXPECT_EQ(protocol::from_payload(message.payload.at(0), take.frames), (std::vector<float>{0.5f, -0.5f}));
}

TEST_F(EngineHostTest, AnswersASegmentOnce) {
  work(1);
  const auto request = host_->next();
  host_->failed(request->ticket, {true, "no"});
  host_->spoken(request->ticket, speech());
  host_->failed(request->ticket, {true, "no"});
  EXPECT_EQ(receive().type, "segment_failed");
  EXPECT_FALSE(hears_something(100ms));
}

TEST_F(EngineHostTest, SaysNothingAboutACancelledSegment) {
  work(1);
  work(2);
  const auto request = host_->next();
  EXPECT_FALSE(host_->cancelled(request->ticket));
  say(protocol::CancelWork{{{1, 1}, {2, 1}}});
  while (!host_->cancelled(request->ticket)) std::this_thread::yield();
  work(3);
  EXPECT_EQ(host_->next()->ticket, 3u);  // 2 was taken out of the queue
  host_->spoken(request->ticket, speech());
  EXPECT_FALSE(hears_something(100ms));
}

TEST_F(EngineHostTest, LetsTheSameSegmentComeAgainAfterACancel) {
  work(1);
  const auto first = host_->next();
  say(protocol::CancelWork{{{1, 1}}});
  work(1);
  const auto second = host_->next();
  EXPECT_TRUE(host_->cancelled(first->ticket));
  EXPECT_FALSE(host_->cancelled(second->ticket));
}

TEST_F(EngineHostTest, WakesTheEngineForTheEnd) {
  auto next = std::async(std::launch::async, [&] { return host_->next(); });
  say(protocol::Finish{});
  EXPECT_FALSE(next.get());
  EXPECT_TRUE(host_->finishing());
  EXPECT_FALSE(host_->next_if_any());
}

TEST_F(EngineHostTest, SendsWhatIsBegunAfterFinish) {
  work(1);
  const auto request = host_->next();
  say(protocol::Finish{});
  EXPECT_FALSE(host_->next());
  host_->spoken(request->ticket, speech());
  host_->close();
  EXPECT_EQ(receive().type, "take");
}

TEST_F(EngineHostTest, IgnoresWhatItCannotUse) {
  for (const protocol::Frames& frames :
       {protocol::Frames{"x"}, {"lectern/1", "work", "{}"}, {"lectern/1", "retire", "{}"}, {"lectern/1", "work", "["}})
    ASSERT_TRUE(protocol::send(socket_, frames));
  work(1);
  EXPECT_TRUE(host_->next());
}

// ---- the sine engine behind it

class SineTest : public EngineHostTest {
 protected:
  void run() {
    engine_ = sine::make_engine({});
    running_ = std::async(std::launch::async, [&] { engine_->run(*host_); });
  }
  ~SineTest() override {
    if (running_.valid()) {
      say(protocol::Finish{});
      running_.get();
    }
    for (const char* variable : {"LECTERN_SINE_FAULTS", "LECTERN_SINE_SPEED"}) unsetenv(variable);
  }
  protocol::Take take(std::vector<float>& samples) {
    const protocol::Message message = receive();
    const auto take = protocol::parse<protocol::Take>(message);
    samples = protocol::from_payload(message.payload.at(0), take.frames);
    return take;
  }

  std::unique_ptr<Engine> engine_;
  std::future<void> running_;
};

TEST_F(SineTest, FailsASegmentWhoseVoiceItDoesNotHave) {
  run();
  protocol::Work wish;
  wish.voice = "shrill";
  wish.text = "text";
  say(wish);
  const auto failed = protocol::parse<protocol::SegmentFailed>(receive());
  EXPECT_FALSE(failed.retryable);
  EXPECT_NE(failed.reason.find("shrill"), std::string::npos);
}

TEST_F(SineTest, MisbehavesOnlyWhenItIsArmed) {
  run();
  work(1, "fault-fail fault-silent");
  std::vector<float> samples;
  EXPECT_EQ(take(samples).lease, (Lease{1, 1}));
}

TEST_F(SineTest, SpoilsSpeechOnDemand) {
  setenv("LECTERN_SINE_FAULTS", "1", 1);
  run();
  std::vector<float> samples;
  work(1, "fault-silent");
  take(samples);
  EXPECT_EQ(std::count(samples.begin(), samples.end(), 0.0f), static_cast<long>(samples.size()));
  work(2, "fault-nan");
  take(samples);
  EXPECT_TRUE(std::any_of(samples.begin(), samples.end(), [](float s) { return std::isnan(s); }));
  work(3, "[[empty]]");
  EXPECT_EQ(take(samples).frames, 0u);
  work(4, "[[wrong-rate]]");
  EXPECT_EQ(take(samples).sample_rate_hz, 12000);
}

TEST_F(SineTest, LeavesACancelledSegmentBeforeItsTimeIsOver) {
  setenv("LECTERN_SINE_SPEED", "1", 1);
  run();
  work(1, std::string(9000, 'a'));  // ten minutes
  say(protocol::CancelWork{{{1, 1}}});
  const auto begin = std::chrono::steady_clock::now();
  say(protocol::Finish{});
  running_.get();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1min);
}

TEST(SineTones, LastAsLongAsTheTextAndItsSpeedAskFor) {
  EXPECT_EQ(sine::tones({0, std::string(150, 'x'), "low", 1.0, 0}, 220).size(), 24000u * 10 + 9600);
  EXPECT_EQ(sine::tones({0, std::string(150, 'x'), "low", 2.0, 0}, 220).size(), 24000u * 5 + 9600);
  EXPECT_EQ(sine::tones({0, "\xc3\xa9\xc3\xa9\xc3\xa9", "low", 1.0, 0}, 220).size(), 24000u / 5 + 9600);
  EXPECT_EQ(sine::tones({0, "", "low", 1.0, 0}, 220).size(), 9600u);
}

TEST(SineTones, AreTheSameForTheSameRequestAndDifferOtherwise) {
  const SpeechRequest request{0, "some text", "low", 1.0, 7};
  SpeechRequest other_text = request, other_seed = request;
  other_text.text = "same text";
  other_seed.seed = 8;
  EXPECT_EQ(sine::tones(request, 220), sine::tones(request, 220));
  EXPECT_NE(sine::tones(request, 220), sine::tones(other_text, 220));
  EXPECT_NE(sine::tones(request, 220), sine::tones(other_seed, 220));
  EXPECT_NE(sine::tones(request, 220), sine::tones(request, 440));
}

TEST(SineTones, StandBetweenSilencesAndStayInRange) {
  const std::vector<float> samples = sine::tones({0, "a text to speak", "middle", 1.0, 0}, 440);
  const auto sounds = [](float s) { return s != 0.0f; };
  EXPECT_TRUE(std::none_of(samples.begin(), samples.begin() + 4800, sounds));
  EXPECT_TRUE(std::none_of(samples.end() - 4800, samples.end(), sounds));
  float peak = 0;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  EXPECT_GT(peak, 0.15f);
  EXPECT_LE(peak, 0.6f);
}

TEST(SineEnvironment, RefusesWhatItCannotUse) {
  setenv("LECTERN_SINE_LANES", "many", 1);
  EXPECT_THROW(sine::make_engine({}), Fault);
  setenv("LECTERN_SINE_LANES", "0", 1);
  EXPECT_THROW(sine::make_engine({}), Fault);
  unsetenv("LECTERN_SINE_LANES");
}

}  // namespace
}  // namespace lectern
