// Documents are read beside the loop: nobody waits for another's book, and a submit is still acknowledged once, in its
// turn, or refused whole.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

std::string page(int sentence_count, const std::string& about) {
  std::string html = "<html><body><p>";
  return html.append(sentences(sentence_count, about)).append("</p></body></html>");
}

class ReadingRoom : public testing::Test {
 protected:
  ReadingRoom() {
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
    client.emplace(lectern.paths().client_socket());
  }
  protocol::Submit document(const std::string& id, const std::string& format = "html") const {
    protocol::Submit submit = submit_of(id, lectern.work() / (id + ".flac"));
    submit.text_format = format;
    return submit;
  }
  protocol::Submit text(const std::string& id) const { return document(id, "plain"); }
  static protocol::Jobs status(Peer& peer) {
    const auto jobs = peer.ask<protocol::Jobs>(protocol::Status{all_jobs()});
    EXPECT_TRUE(jobs) << peer.refusal;
    return jobs.value_or(protocol::Jobs{});
  }

  const Variable sleeps{"LECTERN_AGENT_SLEEPS", "1"};
  Installation lectern{0, "", LECTERN_FAULTS_PROGRAM};
  std::optional<Peer> client;
  const std::string large = page(60000, "a very long book");  // takes about a second
};

TEST_F(ReadingRoom, WhileABookIsReadOthersAreServed) {
  Peer other(lectern.paths().client_socket());
  client->say(document("aa-book"), 1, {large});
  EXPECT_TRUE(status(other).jobs.empty());
  EXPECT_TRUE(other.ask<protocol::Submitted>(text("bb-text"), {sentences(2, "a note")})) << other.refusal;
  EXPECT_FALSE(client->receive(0)) << "the others waited for the book";
  const auto book = client->await<protocol::Submitted>(1, 60);
  ASSERT_TRUE(book) << client->refusal;
  EXPECT_EQ(status(other).jobs.size(), 2u);
}

TEST_F(ReadingRoom, TheJobsOfAClientAreNumberedAsHeSentThem) {
  client->say(document("aa-book"), 1, {large});
  client->say(text("bb-text"), 2, {sentences(2, "a note")});
  client->say(document("cc-page"), 3, {page(2, "a page")});
  client->say(text("dd-text"), 4, {sentences(2, "a last note")});
  for (std::uint64_t i = 1; i <= 4; ++i) {
    const auto answer = client->await<protocol::Submitted>(i, 60);
    ASSERT_TRUE(answer) << client->refusal;
    EXPECT_EQ(answer->number, i);
  }
}

TEST_F(ReadingRoom, ABookThatComesAgainWhileItIsReadIsOneJob) {
  Peer other(lectern.paths().client_socket());
  client->say(document("aa-book"), 1, {large});
  other.say(document("aa-book"), 1, {large});
  client->say(document("aa-book"), 2, {large});
  const auto first = client->await<protocol::Submitted>(1, 60), again = client->await<protocol::Submitted>(2, 60),
             others = other.await<protocol::Submitted>(1, 60);
  ASSERT_TRUE(first && again && others);
  EXPECT_EQ(first->known + again->known + others->known, 2);
  EXPECT_EQ(status(other).jobs.size(), 1u);
}

TEST_F(ReadingRoom, WhatIsNoDocumentIsRefusedAndTheNextOneTaken) {
  client->say(document("aa-book", "epub"), 1, {"this is no archive"});
  client->say(document("bb-page"), 2, {page(2, "a page")});
  EXPECT_FALSE(client->await<protocol::Submitted>(1));
  EXPECT_NE(client->refusal.find("no ZIP archive"), std::string::npos) << client->refusal;
  const auto next = client->await<protocol::Submitted>(2);
  ASSERT_TRUE(next) << client->refusal;
  EXPECT_EQ(next->number, 1u);
}

TEST_F(ReadingRoom, AClientThatWentAwayLeavesItsBookWithTheQueue) {
  client->say(document("aa-book"), 100, {large});
  EXPECT_TRUE(status(*client).jobs.empty());  // the broker has it
  client.reset();
  Peer other(lectern.paths().client_socket());
  EXPECT_TRUE(Installation::until([&] { return status(other).jobs.size() == 1; }, 60));
}

TEST(ReadingRoomDisk, ABookThatFindsTheDiskFullIsRefusedAndNotAddedLater) {
  bool undone = false;
  for (int first = 20; first <= 80 && !undone; ++first) {
    Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
    lectern.start_with_database_fault("full " + std::to_string(first) + " 1");
    if (!lectern.broker()) continue;
    Peer peer(lectern.paths().client_socket());
    protocol::Submit submit = submit_of("aa-book", lectern.work() / "book.flac");
    submit.text_format = "html";
    const bool accepted = peer.ask<protocol::Submitted>(submit, {page(20, "a book")}).has_value();
    undone = !accepted && !peer.refusal.empty() && lectern.broker();
    if (!undone) continue;
    const auto jobs = peer.ask<protocol::Jobs>(protocol::Status{all_jobs()});
    ASSERT_TRUE(jobs) << peer.refusal;
    EXPECT_TRUE(jobs->jobs.empty()) << "it was told that the book is not taken";
    const auto again = peer.ask<protocol::Submitted>(submit, {page(20, "a book")});
    ASSERT_TRUE(again) << peer.refusal;
    EXPECT_FALSE(again->known);
    EXPECT_EQ(lectern.broken(), "");
  }
  EXPECT_TRUE(undone) << "no submit met the fault";
}

}  // namespace
}  // namespace lectern
