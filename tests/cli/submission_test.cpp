#include "cli/submission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "tests/cli/scripted_broker.h"

namespace lectern::cli {
namespace {

using namespace protocol;
using std::chrono::milliseconds;

class SubmissionTest : public testing::Test {
 protected:
  static std::vector<Script> scripts(std::size_t number) {
    std::vector<Script> list;
    for (std::size_t i = 0; i < number; ++i) list.push_back({"script " + std::to_string(i)});
    return list;
  }
  static Submission::Outgoing compose(const Script& script) {
    Submission::Outgoing outgoing;
    outgoing.message.job_id = random_id();
    outgoing.message.script_name = script.path.string();
    outgoing.bytes = "text of " + script.path.string();
    return outgoing;
  }
  Connection connect(Patience patience = {std::chrono::seconds(30), 2}) {
    return Connection(
        paths, [] {}, patience);
  }

  TemporaryFolder folder;
  Paths paths = Paths::locate(folder.path());
};

Frames accepted(const Message& m) {
  return encode(Submitted{parse<Submit>(m).job_id, "/a.flac", m.request, false}, m.request);
}

TEST_F(SubmissionTest, OneBadScriptDoesNotStopTheOthers) {
  ScriptedBroker broker(paths, [](const Message& m) {
    if (parse<Submit>(m).script_name == "script 3")
      return Answers{refusal(m, Exit::bad_input, "script 3 is binary", "")};
    return Answers{accepted(m)};
  });
  Connection connection = connect();
  Submission submission(connection, scripts(10), [](const Script& script) {
    if (script.path == "script 5") throw Fault(Exit::not_found, "went away");
    return compose(script);
  });
  submission.run();
  for (std::size_t i = 0; i < 10; ++i) {
    const auto& outcome = submission.outcomes()[i];
    EXPECT_EQ(outcome.answer.has_value(), i != 3 && i != 5) << i;
    EXPECT_EQ(outcome.fault.has_value(), i == 3 || i == 5) << i;
  }
  EXPECT_STREQ(submission.outcomes()[3].fault->what(), "script 3 is binary");
}

TEST_F(SubmissionTest, WhatIsWrongWithAllIsToldOnce) {
  ScriptedBroker broker(paths, [](const Message& m) {
    return Answers{refusal(m, Exit::not_found, "model 'x' is not installed", "lectern model pull x")};
  });
  Connection connection = connect();
  Submission submission(connection, scripts(100), compose);
  try {
    submission.run();
    FAIL();
  } catch (const Fault& hopeless) {
    EXPECT_EQ(hopeless.hint(), "lectern model pull x");
  }
  EXPECT_EQ(broker.heard().size(), 1u);
}

TEST_F(SubmissionTest, NoSpaceHalfWayKeepsWhatWasAccepted) {
  ScriptedBroker broker(paths, [](const Message& m) {
    if (m.request > 20) return Answers{refusal(m, Exit::no_space, "disk is full", "free some")};
    return Answers{accepted(m)};
  });
  Connection connection = connect();
  Submission submission(connection, scripts(1000), compose);
  EXPECT_THROW(submission.run(), Fault);
  const auto& outcomes = submission.outcomes();
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.answer.has_value(); }), 20);
  EXPECT_LT(broker.heard().size(), 200u) << "it goes on sending to a full disk";
}

TEST_F(SubmissionTest, TwoHundredScriptsAreUnderWayTogether) {
  // Answers the first, then nothing until 64 wait: one at a time would never end.
  std::vector<Message> waiting;
  std::size_t seen = 0;
  ScriptedBroker broker(paths, [&](const Message& m) {
    waiting.push_back(m);
    ++seen;
    Answers answers;
    const bool last_ones = 200 - seen == 0;
    if (seen == 1 || waiting.size() == 64 || last_ones) {
      for (const Message& each : waiting) answers.push_back(accepted(each));
      waiting.clear();
      std::reverse(answers.begin(), answers.end());
    }
    return answers;
  });
  Connection connection = connect();
  Submission submission(connection, scripts(200), compose);
  submission.run();
  std::set<std::string> ids;
  for (std::size_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(submission.outcomes()[i].answer);
    ids.insert(Connection::expect<Submitted>(*submission.outcomes()[i].answer).job_id);
  }
  EXPECT_EQ(ids.size(), 200u);
  // Each answer stands beside its own script, in whatever order it came.
  for (const Message& m : broker.heard()) {
    const auto submit = parse<Submit>(m);
    const std::size_t index = std::stoull(submit.script_name.substr(7));
    EXPECT_EQ(Connection::expect<Submitted>(*submission.outcomes()[index].answer).job_id, submit.job_id);
    EXPECT_EQ(m.payload.at(0), "text of " + submit.script_name);
  }
}

TEST_F(SubmissionTest, LargeScriptsAreNotAllInMemoryAtOnce) {
  std::size_t under_way = 0, most = 0;
  ScriptedBroker broker(paths, [](const Message& m) { return Answers{accepted(m)}; });
  Connection connection = connect();
  Submission submission(connection, scripts(40),
                        [&](const Script& script) {
                          under_way = connection.unanswered();
                          most = std::max(most, under_way + 1);
                          Submission::Outgoing outgoing = compose(script);
                          outgoing.bytes.assign(100'000, 'x');
                          return outgoing;
                        },
                        {64, 250'000});
  submission.run();
  EXPECT_LE(most, 3u);
}

TEST_F(SubmissionTest, AnswersThatAreLostAreAskedForAgainWithTheSameIds) {
  // Every third message vanishes.
  std::size_t seen = 0;
  ScriptedBroker broker(paths, [&](const Message& m) { return ++seen % 3 == 0 ? Answers() : Answers{accepted(m)}; });
  Connection connection = connect({milliseconds(80), 10});
  Submission submission(connection, scripts(50), compose);
  submission.run();
  std::map<std::string, std::set<std::string>> ids;
  for (const Message& m : broker.heard()) ids[parse<Submit>(m).script_name].insert(parse<Submit>(m).job_id);
  EXPECT_EQ(ids.size(), 50u);
  EXPECT_GT(broker.heard().size(), 50u);
  for (const auto& [script, of_it] : ids) EXPECT_EQ(of_it.size(), 1u) << script;
}

TEST_F(SubmissionTest, ABrokerThatFallsSilentLeavesTheCountOfWhatItTook) {
  ScriptedBroker broker(paths, [](const Message& m) { return m.request > 5 ? Answers() : Answers{accepted(m)}; });
  Connection connection = connect({milliseconds(10), 2});
  Submission submission(connection, scripts(20), compose);
  EXPECT_THROW(submission.run(), Fault);
  const auto& outcomes = submission.outcomes();
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.answer.has_value(); }), 5);
}

TEST(RandomId, IsAVersionFourUuidAndNeverTheSame) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(std::regex_match(*ids.insert(random_id()).first, form));
  EXPECT_EQ(ids.size(), 1000u);
}

}  // namespace
}  // namespace lectern::cli
