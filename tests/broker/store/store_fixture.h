// A store in a folder of its own, under a clock that stands still.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "broker/store/store.h"
#include "tests/broker/fake_clock.h"

namespace lectern {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (fs::temp_directory_path() / "lectern-store-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    open();
  }
  ~StoreTest() override {
    store.reset();
    fs::remove_all(folder);
  }
  void open() { store = std::make_unique<Store>(folder / "lectern.sqlite", clock); }

  std::uint64_t submit(const std::string& id, int segments, const std::string& batch = "batch-0001",
                       const When& when = {}) {
    NewJob job;
    job.job_id = id;
    job.batch_id = batch;
    job.name = id;
    job.text_format = "plain";
    job.model = "sine";
    job.output = "/out/" + id + ".flac";
    job.script = "text";
    job.when = when;
    const auto number = store->add_job(job).number;
    if (segments > 0) {
      std::vector<NewSegment> rows;
      for (int i = 0; i < segments; ++i)
        rows.push_back({0, 4, "sentence", "ten chars" + std::to_string(i), id + std::to_string(i), 1});
      store->set_segments(number, rows, "[]", "hash");
    }
    store->commit();
    return number;
  }
  protocol::Lease lease(std::uint64_t job, const std::string& worker = "w1") {
    auto claims = store->claim(job, worker, 1, true);
    EXPECT_EQ(claims.size(), 1u);
    return claims.empty() ? protocol::Lease{} : claims[0].work.lease;
  }
  bool speak(const protocol::Lease& lease, const std::string& worker = "w1") {
    const auto held = store->held(lease, worker);
    if (!held) return false;
    store->add_take({held->take, "{}", 24000, 100, 24000, 0.5});
    return store->take_done(lease);
  }
  std::vector<std::uint64_t> runnable(const std::vector<std::string>& windows) {
    std::vector<std::uint64_t> numbers;
    for (const RunnableJob& job : store->runnable(windows)) numbers.push_back(job.number);
    return numbers;
  }
  std::string take_of(std::uint64_t job) {  // of its last segment
    std::string take;
    store->for_each_segment(job, [&](const SegmentRow& row) { take = row.take; });
    return take;
  }
  JobState state(std::uint64_t job) { return store->job(job)->state; }
  void expect_counts(std::uint64_t job, std::uint64_t waiting, std::uint64_t leased, std::uint64_t done,
                     std::uint64_t failed) {
    const Job row = *store->job(job);
    EXPECT_EQ(row.waiting, waiting);
    EXPECT_EQ(row.leased, leased);
    EXPECT_EQ(row.done, done);
    EXPECT_EQ(row.failed, failed);
  }

  FakeClock clock;
  fs::path folder;
  std::unique_ptr<Store> store;
};

}  // namespace lectern
