// The broker, and then the agent, die at every point that they pass, in turn: before and after every write to the
// database, every commit, every message that leaves, every step of storing a take and of publishing. Afterwards nothing
// that was acknowledged is missing, every file is whole and there once, and the database breaks no rule.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
constexpr int kShards = 6;  // run side by side

struct Script {
  const char* id;
  std::string text;
};
// The second one repeats a sentence of the first, so that a take is shared.
const Script kScripts[] = {{"aa-one", "One sentence is here to be spoken. And there is one more of them.\n"},
                           {"bb-two", "One sentence is here to be spoken.\n"}};

// One life of a broker's home: two jobs from submit to file, whatever dies on the way.
class Life {
 public:
  Life() : lectern(0, "keep_alive: 60\n", LECTERN_FAULTS_PROGRAM) {}

  // true: both jobs are done.
  bool live(double seconds = 30) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end) {
      if (!lectern.broker()) {
        peer.reset();
        lectern.run({"start"});
        continue;
      }
      if (!peer) peer.emplace(lectern.paths().client_socket());
      if (step()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  Installation lectern;

 private:
  bool step() {
    if (acknowledged < std::size(kScripts)) return submit(kScripts[acknowledged]), false;
    for (const Script& script : kScripts)  // answers are points of their own: it is not asked before there is an answer
      if (!fs::exists(output(script))) return false;
    peer->say(protocol::Status{all_jobs()}, 1);
    const auto jobs = heard<protocol::Jobs>();
    if (!jobs) return false;
    int done = 0;
    for (const auto& job : jobs->jobs) {
      done += job.state == "done";
      EXPECT_NE(job.state, "failed") << job.reason;
    }
    EXPECT_EQ(jobs->jobs.size(), std::size(kScripts)) << "an acknowledged job is missing";
    return done == std::size(kScripts) || jobs->jobs.size() != std::size(kScripts);
  }

  fs::path output(const Script& script) const { return lectern.work() / (std::string(script.id) + ".flac"); }

  void submit(const Script& script) {
    peer->say(submit_of(script.id, output(script)), 1, {script.text});
    if (heard<protocol::Submitted>()) ++acknowledged;
  }

  // An answer, while the broker lives.
  template <class Answer>
  std::optional<Answer> heard() {
    for (int i = 0; i < 400 && lectern.broker(); ++i)
      if (auto message = peer->receive(0.01)) {
        if (message->type == Answer::kType) return protocol::parse<Answer>(*message);
        ADD_FAILURE() << message->header;
        return std::nullopt;
      }
    peer.reset();
    peer.emplace(lectern.paths().client_socket());
    return std::nullopt;
  }

  std::optional<Peer> peer;
  std::size_t acknowledged = 0;
};

const std::map<std::string, long>& undisturbed() {
  static const std::map<std::string, long> lengths = [] {
    Life life;
    EXPECT_TRUE(life.live());
    return life.lectern.audio();
  }();
  return lengths;
}

std::string read(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void expect_all_well(Life& life) {
  EXPECT_EQ(life.lectern.audio(), undisturbed());
  EXPECT_TRUE(life.lectern.leftovers().empty()) << life.lectern.leftovers().front();
  EXPECT_EQ(life.lectern.broken(), "");
}

// true: the program died at that point and all was well; false: there is no such point.
bool die_at(const std::string& program, const std::string& point) {
  Life life;
  const fs::path marker = life.lectern.folder() / "died";
  const Variable death("LECTERN_DIE_AT", program + " " + point + " " + marker.string());
  EXPECT_TRUE(life.live()) << "the queue does not drain";
  expect_all_well(life);
  const std::string died = fs::exists(marker) ? read(marker) : "";
  if (testing::Test::HasFailure()) ADD_FAILURE() << program << " died at point " << point << ": " << died;
  return fs::exists(marker);
}

class CrashPoints : public testing::TestWithParam<int> {};

TEST_P(CrashPoints, OfTheBroker) {
  int point = 1 + GetParam();
  while (!HasFailure() && die_at("lectern-broker", std::to_string(point))) point += kShards;
  EXPECT_GT(point, 80) << "so few points cannot be all";
  std::printf("points up to %d\n", point - kShards);
}

INSTANTIATE_TEST_SUITE_P(Every, CrashPoints, testing::Range(0, kShards));

TEST(CrashPoint, OfTheAgent) {
  int point = 1;
  while (!HasFailure() && die_at("lectern-worker", std::to_string(point))) ++point;
  EXPECT_GT(point, 8) << "so few points cannot be all";
  std::printf("points up to %d\n", point - 1);
}

}  // namespace
}  // namespace lectern
