// Hundreds of submits at once: what they change is committed beside the loop, which reads the next ones meanwhile. Each
// is still acknowledged after the commit that holds it and never before, or refused and not added.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCrowd = 300;

class Crowd : public testing::Test {
 protected:
  struct Answers {
    std::map<std::uint64_t, protocol::Submitted> acknowledged;  // by request
    std::set<std::uint64_t> refused;
    std::string refusal;
  };

  protocol::Submit submit(std::uint64_t i) const {
    return submit_of("crowd-" + std::to_string(i), lectern.work() / (std::to_string(i) + ".flac"));
  }
  // All of them are sent before an answer is read. Ends early when the broker is gone.
  Answers submit_all() const {
    Peer peer(lectern.paths().client_socket());
    for (std::uint64_t i = 1; i <= kCrowd; ++i) peer.say(submit(i), i, {sentences(2, "number " + std::to_string(i))});
    Answers answers;
    while (answers.acknowledged.size() + answers.refused.size() < kCrowd) {
      const auto message = peer.receive(1);
      if (!message && !lectern.broker()) break;
      if (!message) continue;
      if (message->type == protocol::Submitted::kType) {
        answers.acknowledged[message->request] = protocol::parse<protocol::Submitted>(*message);
      } else {
        answers.refused.insert(message->request);
        answers.refusal = protocol::parse<protocol::Error>(*message).message;
      }
    }
    return answers;
  }
  // Sent once more, each is in the queue once, with the number that was told.
  void expect_all_once(const Answers& before) const {
    const Answers again = submit_all();
    ASSERT_EQ(again.acknowledged.size(), kCrowd) << again.refusal;
    std::set<std::uint64_t> numbers;
    for (const auto& [request, answer] : again.acknowledged) {
      numbers.insert(answer.number);
      const auto told = before.acknowledged.find(request);
      if (told == before.acknowledged.end()) continue;
      EXPECT_TRUE(answer.known) << "request " << request << " was acknowledged";
      EXPECT_EQ(answer.number, told->second.number);
      EXPECT_EQ(answer.output, told->second.output);
    }
    EXPECT_EQ(numbers.size(), kCrowd);
    EXPECT_EQ(lectern.status()["jobs"].size(), kCrowd);
  }

  const Variable sleeps{"LECTERN_AGENT_SLEEPS", "1"};
  Installation lectern{0, "", LECTERN_FAULTS_PROGRAM};
};

class CrowdAndCrash : public Crowd, public testing::WithParamInterface<int> {};

TEST_P(CrowdAndCrash, NoneThatIsAcknowledgedIsLostAndNoneIsTwice) {
  const fs::path marker = lectern.folder() / "died";
  Answers answers;
  {
    const Variable death("LECTERN_DIE_AT", "lectern-broker " + std::to_string(GetParam()) + " " + marker.string());
    ASSERT_EQ(lectern.run({"start"}).exit, 0);
    answers = submit_all();
    EXPECT_TRUE(fs::exists(marker)) << "there is no such point";
    EXPECT_LT(answers.acknowledged.size(), kCrowd);
  }
  ASSERT_EQ(lectern.run({"start"}).exit, 0);
  expect_all_once(answers);
  EXPECT_EQ(lectern.broken(), "");
}

INSTANTIATE_TEST_SUITE_P(At, CrowdAndCrash, testing::Values(300, 450, 600, 750, 900, 1050, 1200, 1350));

TEST_F(Crowd, ThatFindsTheDiskFullIsToldAndIsNotAddedLater) {
  std::size_t most_undone = 0;
  for (int first = 100; first <= 600 && most_undone < 32; first += 100) {
    lectern.kill_all();
    fs::remove_all(lectern.paths().database().parent_path());
    lectern.start_with_database_fault("full " + std::to_string(first) + " 1");
    if (!lectern.broker()) continue;
    const Answers answers = submit_all();
    ASSERT_EQ(answers.acknowledged.size() + answers.refused.size(), kCrowd);
    most_undone = std::max(most_undone, answers.refused.size());
    Peer peer(lectern.paths().client_socket());
    const auto jobs = peer.ask<protocol::Jobs>(protocol::Status{all_jobs()});
    ASSERT_TRUE(jobs) << peer.refusal;
    EXPECT_EQ(jobs->jobs.size(), answers.acknowledged.size()) << "refused: " << answers.refusal;
    expect_all_once(answers);
    EXPECT_EQ(lectern.broken(), "");
  }
  EXPECT_GE(most_undone, 32u) << "no large transaction met the fault";
}

}  // namespace
}  // namespace lectern
