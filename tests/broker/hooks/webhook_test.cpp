// The webhook against a server that fails in every way.
#include "broker/hooks/webhook.h"

#include <gtest/gtest.h>

#include "tests/cli/fault_server.h"

namespace lectern::hooks {
namespace {

using std::chrono::milliseconds;

class Webhook : public testing::Test {
 protected:
  std::string post(const FaultServer& server, milliseconds limit = milliseconds(5000)) {
    return post_json(
        server.address() + "/hook", "{\"event\":\"job\"}", limit,
        [this](milliseconds time) { return pauses.push_back(time), !stop; }, stop);
  }
  std::vector<milliseconds> pauses;
  std::atomic<bool> stop{false};
};

TEST_F(Webhook, ArrivesAsJson) {
  FaultServer server([](const FaultRequest&) { return FaultAnswer{}; });
  EXPECT_EQ(post(server), "");
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].path, "/hook");
  EXPECT_EQ(server.requests()[0].headers.at("content-type"), "application/json");
  EXPECT_EQ(server.requests()[0].headers.at("content-length"), "15");
}

TEST_F(Webhook, IsTriedAgainWhileTheServerIsInTrouble) {
  std::atomic<int> asked{0};
  FaultServer server([&](const FaultRequest&) {
    FaultAnswer answer;
    answer.status = ++asked < 3 ? 503 : 200;
    return answer;
  });
  EXPECT_EQ(post(server), "");
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(pauses, (std::vector<milliseconds>{milliseconds(1000), milliseconds(5000)}));
}

TEST_F(Webhook, IsGivenUpWhenAnotherTryWouldNotHelpAndAfterTheLastTry) {
  FaultServer server([](const FaultRequest&) {
    FaultAnswer answer;
    answer.status = 404;
    return answer;
  });
  EXPECT_EQ(post(server), "the answer was 404");
  EXPECT_EQ(server.requests().size(), 1u);
  server.answer_with([](const FaultRequest&) {
    FaultAnswer answer;
    answer.status = 500;
    return answer;
  });
  EXPECT_EQ(post(server), "the answer was 500");
  EXPECT_EQ(pauses.size(), 3u);
}

TEST_F(Webhook, ThatNobodyAnswersEndsInTime) {
  FaultServer server([](const FaultRequest&) {
    FaultAnswer answer;
    answer.body = "slow";
    answer.stop_after = 0;
    answer.stall = true;
    return answer;
  });
  EXPECT_NE(post(server, milliseconds(100)), "");
  EXPECT_EQ(pauses.size(), 3u);
  stop = true;
  EXPECT_NE(post_json(
                "http://127.0.0.1:1/", "{}", milliseconds(100), [](milliseconds) { return false; }, stop),
            "");
}

}  // namespace
}  // namespace lectern::hooks
