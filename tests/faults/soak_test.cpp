// Everything at random, for LECTERN_SOAK_MINUTES (a few seconds without it): submits, cancels, pauses, retries and
// priorities while every process is killed again and again. Then all that was not cancelled is done, whole and once.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "tests/faults/installation.h"

namespace lectern {
namespace {

class Soak {
 public:
  explicit Soak(unsigned seed) : random_(seed) { lectern.run({"start"}); }

  void one_thing() {
    const std::string job = std::to_string(1 + random_() % (submitted + 1));
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2: submit(); break;
      case 3: lectern.run({"cancel", job}); break;
      case 4: lectern.run({"pause", job}); break;
      case 5: lectern.run({"resume", job}); break;
      case 6: lectern.run({"retry", job}); break;
      case 7: kill_one(lectern.engine()); break;
      case 8: kill_one(lectern.agent()); break;
      case 9:
      case 10: kill_one(lectern.broker()); break;
      default: lectern.kill_all();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 200));
    if (!lectern.broker()) lectern.run({"start"});
  }

  void expect_all_well() {
    lectern.run({"start"});
    EXPECT_TRUE(Installation::until([&] {
      const auto now = lectern.status();
      if (!now.contains("jobs")) return false;
      for (const auto& job : now["jobs"]) {
        const std::string number = std::to_string(job["number"].get<int>());
        if (job["state"] == "held") lectern.run({"resume", number});
        if (job["state"] == "failed") lectern.run({"retry", number});
      }
      return now.value("unfinished", 1) == 0 && lectern.status().value("unfinished", 1) == 0;
    }, 120)) << lectern.status().dump(1);
    const auto audio = lectern.audio();
    EXPECT_LE(audio.size(), submitted);
    EXPECT_TRUE(lectern.leftovers().empty());
    const auto now = lectern.status();
    EXPECT_EQ(lectern.broken(), "");
    std::set<std::string> outputs;
    for (const auto& job : now["jobs"])
      if (job["state"] == "done") {
        const std::filesystem::path output = job["output"].get<std::string>();
        EXPECT_TRUE(outputs.insert(output).second) << output;
        const auto found = audio.find(output.filename());
        ASSERT_NE(found, audio.end()) << output;
        EXPECT_NEAR(job["audio_s"].get<double>() * 24000, static_cast<double>(found->second), 2);
      }
  }

  Installation lectern{60};
  unsigned submitted = 0;

 private:
  void submit() {
    const std::string name = "story " + std::to_string(submitted);
    if (lectern.run({"submit", lectern.script(name + ".txt", sentences(1 + random_() % 12, name))}).exit == 0) ++submitted;
  }
  static void kill_one(pid_t process) {
    if (process > 0) kill(process, SIGKILL);
  }
  std::mt19937 random_;
};

TEST(Soak, WhateverHappensAllThatWasNotCancelledIsDoneOnce) {
  const char* minutes = std::getenv("LECTERN_SOAK_MINUTES");
  const unsigned seed = minutes ? std::random_device()() : 42;
  const double seconds = minutes ? 60 * std::atof(minutes) : 8;
  std::printf("seed %u, %.0f seconds\n", seed, seconds);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && !HasFailure()) {
    Soak soak(seed);
    for (int i = 0; i < 200 && std::chrono::steady_clock::now() < end; ++i) soak.one_thing();
    soak.expect_all_well();
  }
}

}  // namespace
}  // namespace lectern
