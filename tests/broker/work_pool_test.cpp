// When the loop is woken for results.
#include "broker/work_pool.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <deque>
#include <future>

namespace lectern {
namespace {

class Pool : public testing::Test {
 protected:
  // A task that begins when it is told to, and whose result counts itself.
  std::promise<void>& add(WorkPool& pool) {
    auto& gate = gates_.emplace_back();
    pool.add([this, open = gate.get_future().share()]() -> WorkPool::Result {
      open.wait();
      return [this] { ++applied_; };
    });
    return gate;
  }
  static bool woken(WorkPool& pool, int patience_ms) {
    pollfd item{pool.descriptor(), POLLIN, 0};
    return poll(&item, 1, patience_ms) == 1;
  }
  int apply(WorkPool& pool) {
    applied_ = 0;
    for (const auto& result : pool.results()) result();
    return applied_;
  }

 private:
  std::deque<std::promise<void>> gates_;
  int applied_ = 0;
};

TEST_F(Pool, WakesForEachResultByItself) {
  WorkPool pool(2);
  auto& first = add(pool);
  auto& second = add(pool);
  first.set_value();
  EXPECT_TRUE(woken(pool, 5000));
  EXPECT_EQ(apply(pool), 1);
  second.set_value();
  EXPECT_TRUE(woken(pool, 5000));
  EXPECT_EQ(apply(pool), 1);
}

TEST_F(Pool, HoldsResultsWhileOthersAreUnderWay) {
  WorkPool pool(2, 8);
  auto& first = add(pool);
  auto& second = add(pool);
  first.set_value();
  EXPECT_FALSE(woken(pool, 30));
  second.set_value();
  EXPECT_TRUE(woken(pool, 5000));
  EXPECT_EQ(apply(pool), 2);
}

TEST_F(Pool, WakesWhenEnoughResultsAreThere) {
  WorkPool pool(1, 2);
  auto& first = add(pool);
  auto& second = add(pool);
  auto& third = add(pool);
  first.set_value();
  second.set_value();
  EXPECT_TRUE(woken(pool, 5000));
  EXPECT_EQ(apply(pool), 2);
  third.set_value();
  EXPECT_TRUE(woken(pool, 5000));
  EXPECT_EQ(apply(pool), 1);
}

}  // namespace
}  // namespace lectern
