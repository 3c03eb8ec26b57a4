// M4B through the program ffmpeg, also when that is missing, hangs, fails or is killed.
#include "broker/publish/ffmpeg.h"

#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/broker/publish/crashing.h"
#include "tests/broker/publish/players.h"

namespace lectern::publish {
namespace {

class Ffmpeg : public Crashing {
 protected:
  Ffmpeg() : path_(std::getenv("PATH") ? std::getenv("PATH") : "") {}
  ~Ffmpeg() override { ::setenv("PATH", path_.c_str(), 1); }

  // A script takes its place; an empty one: there is none.
  void played_by(const std::string& script) {
    fs::create_directory(root / "bin");
    if (!script.empty()) {
      write_text(root / "bin" / "ffmpeg", "#!/bin/sh\n" + script);
      fs::permissions(root / "bin" / "ffmpeg", fs::perms::owner_all);
    }
    ::setenv("PATH", (script.empty() ? (root / "bin").string() : (root / "bin").string() + ":" + path_).c_str(), 1);
  }

  // Processes of this test's ffmpeg that run.
  std::string running() const { return said_by("pgrep -f '[f]fmpeg.*" + out.string() + "' || true"); }

  PublishRequest long_work() {
    PublishRequest request = three_tones("m4b");
    const PublishedSegment one = request.segments[0];
    request.segments.assign(300, one);  // more than a socket holds
    return request;
  }

  Fault refused(const PublishRequest& request) {
    const Fault fault = fault_of([&] { run(request); });
    EXPECT_TRUE(standing().empty()) << fault.what();
    return fault;
  }

  const std::string path_;
};

TEST_F(Ffmpeg, AWorkComesBackWholeAndInItsLoudness) {
  NEEDS_PROGRAM("ffmpeg");
  PublishRequest request = long_work();
  request.delivery.loudness = "podcast";
  const Published published = run(request);
  EXPECT_EQ(standing(), (std::set<std::string>{"story.m4b", "story.json"}));
  EXPECT_EQ(read_json(published.sidecar)["format"], "m4b");
  std::atomic<bool> stop{false};
  const SoundFacts facts = decode_with_ffmpeg(published.audio, kRate, stop);
  EXPECT_NEAR(static_cast<double>(facts.frames) / kRate, published.seconds, 0.2);
  EXPECT_LE(facts.peak, std::pow(10, -1.0 / 20) * 1.001);
  // ffmpeg's own meter, the last line of its summary of that name.
  const std::string measured = said_by("{ ffmpeg -nostats -hide_banner -i " + quoted(published.audio) +
                                       " -map 0:a -af ebur128 -f null - ; } 2>&1 | grep 'I: ' | tail -1");
  const auto at = measured.find("I:");
  ASSERT_NE(at, std::string::npos) << measured;
  EXPECT_NEAR(std::stod(measured.substr(at + 2)), -16, 0.6);
}

TEST_F(Ffmpeg, OfWhichThereIsNoneIsOneClearError) {
  played_by("");
  const Fault fault = refused(three_tones("m4b"));
  EXPECT_EQ(fault.exit(), Exit::bad_input);
  EXPECT_NE(std::string(fault.what()).find("m4b needs the program ffmpeg"), std::string::npos);
  EXPECT_NE(fault.hint().find("apt-get install ffmpeg"), std::string::npos);
  require_format("flac");
  EXPECT_EQ(fault_of([] { require_format("m4b"); }).exit(), Exit::bad_input);
}

TEST_F(Ffmpeg, ThatFailsIsQuoted) {
  played_by("echo 'Unknown encoder aac' >&2; exit 3");
  Fault fault = refused(long_work());
  EXPECT_EQ(fault.exit(), Exit::internal);
  EXPECT_NE(std::string(fault.what()).find("story.m4b: Unknown encoder aac"), std::string::npos) << fault.what();
  played_by("exit 3");
  fault = refused(long_work());
  EXPECT_NE(std::string(fault.what()).find("exit code 3"), std::string::npos) << fault.what();
  played_by("kill -9 $$");
  fault = refused(long_work());
  EXPECT_NE(std::string(fault.what()).find("signal 9"), std::string::npos) << fault.what();
  played_by("cat > /dev/null; exit 0");
  refused(long_work());  // it claims to have made a file that cannot be read back
}

TEST_F(Ffmpeg, WithoutSpaceIsNoSpace) {
  played_by("cat > /dev/null; echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1");
  EXPECT_EQ(refused(long_work()).exit(), Exit::no_space);
}

TEST_F(Ffmpeg, ThatHangsIsEnded) {
  for (const std::string& script : {std::string("exec sleep 1000"), std::string("cat > /dev/null; exec sleep 1000")}) {
    played_by(script);
    fault_hooks.patience_ms = 300;
    const auto start = std::chrono::steady_clock::now();
    const Fault fault = refused(long_work());
    EXPECT_NE(std::string(fault.what()).find("did nothing for"), std::string::npos) << fault.what();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    EXPECT_EQ(said_by("pgrep -P " + std::to_string(::getpid()) + " sleep"), "");
  }
}

TEST_F(Ffmpeg, EndsWhenTheWorkIsCancelled) {
  played_by("exec sleep 1000");
  std::atomic<bool> stop{false};
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop = true;
  });
  const Fault fault = fault_of([&] { publish(long_work(), stop, {}); });
  later.join();
  EXPECT_STREQ(fault.what(), "stopped");
  EXPECT_TRUE(standing().empty());
}

TEST_F(Ffmpeg, DiesWithAProcessThatIsKilled) {
  NEEDS_PROGRAM("ffmpeg");
  const PublishRequest request = long_work();
  for (const std::string& step : {std::string("audio_half_encoded"), std::string("audio_encoded"),
                                  std::string("sidecar_placed"), std::string("audio_placed")}) {
    ASSERT_TRUE(killed_at(request, step)) << step;
    for (int i = 0; i < 100 && !running().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(running(), "") << step;
    EXPECT_EQ(run(request).audio, request.target);
    EXPECT_EQ(standing(), (std::set<std::string>{"story.m4b", "story.json"})) << step;
    clear();
  }
}

TEST_F(Ffmpeg, WritesIntoNamesOfAllKinds) {
  NEEDS_PROGRAM("ffmpeg");
  PublishRequest request = three_tones("m4b");
  for (const std::string& name : {std::string("-i x.m4b"), std::string("100% 'a' \"b\" %d.m4b"), std::string("pipe:1.m4b")}) {
    request.target = out / name;
    EXPECT_EQ(run(request).audio, request.target);
  }
}

}  // namespace
}  // namespace lectern::publish
