#include "cli/connection.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "broker/protocol/socket.h"
#include "tests/cli/scripted_broker.h"

namespace lectern::cli {
namespace {

using namespace protocol;
using std::chrono::milliseconds;

constexpr Patience kShort{milliseconds(60), 4};
constexpr Patience kLong{std::chrono::seconds(30), 2};

class ConnectionTest : public testing::Test {
 protected:
  Connection connect(Patience patience, const Interrupt* interrupt = nullptr) {
    return Connection(
        paths, [this] { ++revivals; }, patience, interrupt);
  }
  // The fault of a hello.
  Fault fault(Connection& connection) {
    try {
      connection.ask<Welcome>(Hello{});
    } catch (const Fault& refused) {
      return refused;
    }
    ADD_FAILURE() << "it was answered";
    return {Exit::done, ""};
  }

  TemporaryFolder folder;
  Paths paths = Paths::locate(folder.path());
  int revivals = 0;
};

TEST_F(ConnectionTest, ABrokerThatNeverAnswersIsGivenUp) {
  ScriptedBroker broker(paths, [](const Message&) { return Answers(); });
  Connection connection = connect({milliseconds(20), 3});
  const Fault silent = fault(connection);
  EXPECT_EQ(silent.exit(), Exit::no_broker);
  EXPECT_NE(silent.hint().find("broker.log"), std::string::npos) << silent.hint();
  EXPECT_EQ(broker.heard(Hello::kType), 3u) << "asked as often as the patience says";
  EXPECT_EQ(revivals, 2);
}

TEST_F(ConnectionTest, ABrokerThatSaysHowItGetsOnIsWaitedForLongerThanASilentOne) {
  ScriptedBroker broker(paths, [asked = 0](const Message& m) mutable {
    if (++asked < 8) return Answers{encode(Progress{}, m.request)};
    return Answers{encode(Welcome{}, m.request)};
  });
  Connection connection = connect({milliseconds(20), 3});
  connection.ask<Welcome>(Hello{});
  EXPECT_EQ(broker.heard(Hello::kType), 8u);
}

TEST_F(ConnectionTest, NoBrokerAtAllIsGivenUpToo) {
  Connection connection = connect({milliseconds(10), 2});
  EXPECT_EQ(fault(connection).exit(), Exit::no_broker);
}

TEST_F(ConnectionTest, AnErrorAnswerIsTheFaultThatItCarries) {
  ScriptedBroker broker(paths, [](const Message& m) {
    return Answers{refusal(m, Exit::not_found, "no job 12", "lectern status shows all")};
  });
  Connection connection = connect(kLong);
  const Fault refused = fault(connection);
  EXPECT_EQ(refused.exit(), Exit::not_found);
  EXPECT_STREQ(refused.what(), "no job 12");
  EXPECT_EQ(refused.hint(), "lectern status shows all");
}

TEST_F(ConnectionTest, AnErrorThatNamesNoRequestEndsTheTalk) {
  ScriptedBroker broker(paths, [](const Message&) {
    return Answers{encode(to_error(Fault(Exit::bad_input, "cannot read that", "")), 0)};
  });
  Connection connection = connect(kLong);
  EXPECT_STREQ(fault(connection).what(), "cannot read that");
}

TEST_F(ConnectionTest, AnotherVersionIsNamedWithTheMend) {
  ScriptedBroker broker(paths, [](const Message& m) {
    Frames frames = encode(Welcome{}, m.request);
    frames[0] = "lectern/99";
    return Answers{frames};
  });
  Connection connection = connect(kLong);
  const Fault refused = fault(connection);
  EXPECT_EQ(refused.exit(), Exit::no_broker);
  EXPECT_NE(std::string(refused.what()).find("lectern/99"), std::string::npos);
  EXPECT_NE(refused.hint().find("lectern stop"), std::string::npos);
}

TEST_F(ConnectionTest, AnAnswerWithAMissingFieldNamesIt) {
  ScriptedBroker broker(paths, [](const Message& m) {
    Frames frames = encode(Welcome{}, m.request);
    Json header = Json::parse(frames[2]);
    header.erase("pid");
    frames[2] = header.dump();
    return Answers{frames};
  });
  Connection connection = connect(kLong);
  EXPECT_NE(std::string(fault(connection).what()).find("'pid'"), std::string::npos);
}

TEST_F(ConnectionTest, ALostAnswerIsAskedForAgainWithTheSameContent) {
  ScriptedBroker broker(paths, [lost = false](const Message& m) mutable {
    if (!std::exchange(lost, true)) return Answers();
    return Answers{encode(Submitted{parse<Submit>(m).job_id, "/a.flac", 1, true}, m.request)};
  });
  Connection connection = connect(kShort);
  Submit submit;
  submit.job_id = "job-0000-0001";
  const auto answer = connection.ask<Submitted>(submit, {"the script"});
  EXPECT_EQ(answer.job_id, "job-0000-0001");
  const auto heard = broker.heard();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].header, heard[1].header);
  EXPECT_EQ(heard[1].payload, std::vector<std::string>{"the script"});
}

TEST_F(ConnectionTest, ABrokerThatRestartsIsFoundAgain) {
  auto first = std::make_unique<ScriptedBroker>(paths, [](const Message&) { return Answers(); });
  std::unique_ptr<ScriptedBroker> second;
  Connection connection(paths,
                        [&] {
                          first.reset();
                          second = std::make_unique<ScriptedBroker>(paths, ObligingScript());
                        },
                        {milliseconds(100), 3});
  EXPECT_EQ(connection.ask<Welcome>(Hello{}).version, "1.2.3");
}

TEST_F(ConnectionTest, ARefusalToReviveReachesTheAsker) {
  Connection connection(paths, [] { throw Fault(Exit::no_broker, "no broker is running"); }, {milliseconds(10), 3});
  EXPECT_STREQ(fault(connection).what(), "no broker is running");
}

TEST_F(ConnectionTest, TheSecondAnswerToARepeatedRequestIsNotTakenForAnother) {
  // Answers the first request only when it is repeated, then twice; later ones at once.
  ScriptedBroker broker(paths, [seen = 0](const Message& m) mutable {
    Welcome welcome;
    welcome.pid = static_cast<std::int64_t>(m.request);
    if (++seen == 1) return Answers();
    const Frames answer = encode(welcome, m.request);
    return seen == 2 ? Answers{answer, answer} : Answers{answer};
  });
  Connection connection = connect(kShort);
  EXPECT_EQ(connection.ask<Welcome>(Hello{}).pid, 1);
  EXPECT_EQ(connection.ask<Welcome>(Hello{}).pid, 2);
}

TEST_F(ConnectionTest, EventsAreHandedOutBesideAnswers) {
  ScriptedBroker broker(paths, [](const Message& m) {
    return Answers{encode(Progress{}, 0), encode(Jobs{}, m.request), encode(Progress{}, 0)};
  });
  Connection connection = connect(kLong);
  const auto number = connection.post(Follow{});
  EXPECT_EQ(connection.next(std::nullopt)->type, Progress::kType);
  EXPECT_EQ(connection.next(std::nullopt)->request, number);
  EXPECT_EQ(connection.next(std::nullopt)->type, Progress::kType);
  EXPECT_FALSE(connection.next(Connection::Clock::now()));
}

TEST_F(ConnectionTest, WaitingEndsAtItsTime) {
  Connection connection = connect(kLong);
  const auto until = Connection::Clock::now() + milliseconds(20);
  EXPECT_FALSE(connection.next(until));
  EXPECT_GE(Connection::Clock::now(), until);
}

TEST_F(ConnectionTest, CtrlCEndsAWait) {
  const Interrupt interrupt;
  ScriptedBroker broker(paths, [](const Message&) {
    kill(getpid(), SIGINT);
    return Answers();
  });
  Connection connection = connect(kLong, &interrupt);
  EXPECT_THROW(connection.ask<Welcome>(Hello{}), Interrupted);
}

}  // namespace
}  // namespace lectern::cli
