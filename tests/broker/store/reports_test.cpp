// What the store tells of the past: what was spoken, used and learned.
#include <gtest/gtest.h>

#include "tests/broker/store/store_fixture.h"

namespace lectern {
namespace {

TEST_F(StoreTest, TakesThatWereMadeSideBySideCountTheirTimeOnce) {
  const std::int64_t begin = clock.now;
  auto take = [&](const char* key, double computing_s, std::int64_t at_s) {
    clock.now = begin + at_s * 1000;
    store->add_take({key, "{}", 24000 * 10, 100, 24000, computing_s});
  };
  take("a", 4, 10);  // from 6 to 10
  take("b", 6, 12);  // from 6 to 12
  take("c", 1, 20);  // from 19 to 20
  EXPECT_EQ(store->spoken_since(begin).working_s, 7);
  EXPECT_EQ(store->spoken_since(begin).audio_s, 30);
  EXPECT_EQ(store->spoken_since(begin + 15'000).audio_s, 10);
  EXPECT_EQ(store->spoken_since(begin + 30'000).working_s, 0);
}

TEST_F(StoreTest, WhatEndedSinceATimeIsFound) {
  const auto first = submit("job-first1", 1), second = submit("job-second", 1);
  submit("job-third1", 1);
  store->change(first, JobEvent::cancel);
  const std::int64_t between = ++clock.now;
  store->change(second, JobEvent::fail, "no");
  EXPECT_EQ(store->ended_since(0), (std::vector{first, second}));
  EXPECT_EQ(store->ended_since(between), std::vector{second});
}

TEST_F(StoreTest, EnergyAddsUp) {
  store->add_energy(5);
  store->add_energy(7);
  const std::int64_t later = clock.now += 1000;
  store->add_energy(1);
  EXPECT_EQ(store->energy_since(0), 13);
  EXPECT_EQ(store->energy_since(later), 1);
}

TEST_F(StoreTest, WorkBeforeAJobIsWhatIsLeftOfThoseThatGoFirst) {
  submit("job-before", 2);
  const auto job = submit("job-itself", 1);
  const auto urgent = submit("job-urgent", 3);
  store->set_priority(urgent, 5);
  submit("job-behind", 4);
  EXPECT_EQ(store->characters_before(job, 0), (std::map<std::string, std::uint64_t>{{"sine", 50}}));
  EXPECT_TRUE(speak(lease(urgent)));
  EXPECT_EQ(store->characters_before(job, 0), (std::map<std::string, std::uint64_t>{{"sine", 40}}));
  EXPECT_TRUE(store->characters_before(urgent, 5).empty());
}

TEST_F(StoreTest, ALearnedSpeedIsKept) {
  EXPECT_EQ(store->learned_speed("sine"), 0);
  store->learn_speed("sine", 1.5);
  store->learn_speed("sine", 2.5);
  store->commit();
  store.reset();
  open();
  EXPECT_EQ(store->learned_speed("sine"), 2.5);
}

protocol::Measure measure(std::uint64_t memory_bytes, double loading_s) {
  protocol::Measure m;
  m.model = "sine";
  m.device = "cpu";
  m.lanes = 4;
  m.loading_s = loading_s;
  m.memory_bytes = memory_bytes;
  return m;
}

TEST_F(StoreTest, WhatEnginesTookIsKeptAndForgottenSlowly) {
  store->learn(measure(1000, 2));
  store->learn(measure(0, 4));  // an engine that spoke nothing tells nothing of the peak
  store->commit();
  open();
  ASSERT_EQ(store->measures().size(), 1u);
  EXPECT_EQ(store->measures()[0].memory_bytes, 1000u);
  EXPECT_EQ(store->measures()[0].loading_s, 3);
  store->learn(measure(2000, 3));
  EXPECT_EQ(store->measures()[0].memory_bytes, 2000u);
  store->learn(measure(1000, 3));
  EXPECT_EQ(store->measures()[0].memory_bytes, 1750u);
}

}  // namespace
}  // namespace lectern
