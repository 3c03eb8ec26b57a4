// What a watched folder remembers of its files, by a clock of the test.
#include "broker/watch/place.h"

#include <gtest/gtest.h>

namespace lectern::watch {
namespace {

class Places : public testing::Test {
 protected:
  static FolderSettings settings() {
    FolderSettings folder;
    folder.path = "/folder";
    return folder;
  }
  static Sighting file(std::int64_t bytes, std::int64_t changed = 1) { return {1, 1, bytes, changed, changed}; }
  static Taking taking(Taking::Result result, const std::string& problem = {}) {
    Taking t;
    t.result = result;
    t.name = "a.txt";
    t.problem = problem;
    return t;
  }
  Place place{settings(), Place::Source::config, 0};
};

TEST_F(Places, AFileIsDueWhenItHasStoodStill) {
  place.saw("a.txt", file(1), false, 1000);
  place.saw("a.txt", file(1), false, 2000);  // another event, the same file
  EXPECT_TRUE(place.due(2999).empty());
  place.saw("a.txt", file(2), false, 2999);
  EXPECT_TRUE(place.due(4998).empty());
  EXPECT_EQ(place.due(4999).size(), 1u);
  EXPECT_TRUE(place.due(9999).empty()) << "it is in hand";
  place.settle(taking(Taking::Result::claimed), file(2), 5000);
  EXPECT_EQ(place.waiting(), 0u);
}

TEST_F(Places, AFileThatWasMovedInIsDueAtOnce) {
  place.saw("a.txt", file(1), true, 1000);
  EXPECT_EQ(place.due(1000).size(), 1u);
}

TEST_F(Places, ANewFileOfTheNameThatIsInHandIsNotForgotten) {
  place.saw("a.txt", file(1), true, 1000);
  EXPECT_EQ(place.due(1000).size(), 1u);
  place.saw("a.txt", file(9, 2), true, 1001);
  place.settle(taking(Taking::Result::claimed), file(1), 1002);
  ASSERT_EQ(place.due(1002).size(), 1u);
}

TEST_F(Places, WhatCannotBeReadIsPutAsideUntilItChanges) {
  place.saw("a.txt", file(1), true, 0);
  EXPECT_EQ(place.due(0).size(), 1u);
  place.settle(taking(Taking::Result::unreadable, "Permission denied"), file(1), 0);
  EXPECT_EQ(place.problems().at("a.txt"), "Permission denied");
  place.saw("a.txt", file(1), false, 1000);
  EXPECT_TRUE(place.due(99999).empty());
  place.saw("a.txt", file(1, 2), false, 100000);  // chmod
  EXPECT_TRUE(place.problems().empty());
  EXPECT_EQ(place.due(102000).size(), 1u);
}

TEST_F(Places, AnEmptyFileAndANameThatIsNoTextArePutAside) {
  place.saw("a.txt", file(0), true, 0);
  place.saw("b\nc.txt", file(1), true, 0);
  place.saw("\xff.txt", file(1), true, 0);
  EXPECT_TRUE(place.due(0).empty());
  EXPECT_EQ(place.problems().size(), 3u);
  EXPECT_EQ(place.waiting(), 0u);
  place.saw("a.txt", file(5, 2), true, 10);
  EXPECT_EQ(place.due(10).size(), 1u);
}

TEST_F(Places, AFolderThatIsFullIsTriedAgainLater) {
  place.saw("a.txt", file(1), true, 0);
  place.due(0);
  place.settle(taking(Taking::Result::stuck, "No space left on device"), file(1), 0);
  EXPECT_EQ(place.notice(), "No space left on device");
  EXPECT_TRUE(place.due(kStuckMs - 1).empty());
  EXPECT_EQ(place.due(kStuckMs).size(), 1u);
}

TEST_F(Places, AScanForgetsWhatIsGoneAndIsRepeated) {
  place.watch = 1;
  place.saw("a.txt", file(1), false, 0);
  place.scan_begun();
  Listing listing;
  listing.there = true;
  listing.files = {{"b.txt", file(1)}};
  place.saw(listing, 1000);
  EXPECT_EQ(place.waiting(), 1u);
  EXPECT_FALSE(place.scan_due(1000 + kRescanMs - 1));
  EXPECT_TRUE(place.scan_due(1000 + kRescanMs));
  EXPECT_EQ(place.next_ms(), 3000) << "b.txt has stood still then";
}

TEST_F(Places, AFolderWithoutEventsIsPolled) {
  place.scan_begun();
  Listing listing;
  listing.there = true;
  place.saw(listing, 1000);
  EXPECT_EQ(place.next_ms(), 6000);
}

TEST_F(Places, LostEventsMeanAScanAtOnceAlsoWhileOneRuns) {
  place.watch = 1;
  place.scan_begun();
  place.lost_events(500);
  Listing listing;
  listing.there = true;
  place.saw(listing, 600);
  EXPECT_TRUE(place.scan_due(600));
}

}  // namespace
}  // namespace lectern::watch
