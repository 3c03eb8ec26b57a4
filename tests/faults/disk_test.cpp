// The store on a disk that fails, fills up or loses its power, at every write and every sync of a life of two jobs.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "broker/store/schema.h"
#include "broker/store/store.h"
#include "tests/cli/temporary_folder.h"
#include "tests/faults/database_check.h"
#include "tests/faults/fault_vfs.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using Kind = FaultDisk::Kind;

class StandingClock : public Clock {
 public:
  std::int64_t wall_ms() const override { return ++now; }
  std::int64_t monotonic_ms() const override { return now; }
  mutable std::int64_t now = 1'700'000'000'000;
};

// Two jobs from submit to done, as the broker's loop does it: a step is one transaction, and one that was undone is
// tried again. `acknowledged` grows with every commit that returned.
class Life {
 public:
  explicit Life(const fs::path& file) : file_(file) {}

  // true: at its end. A fault of the disk leaves the step undone; reopens when `reopen` says so.
  bool run(int most_faults, bool reopen_after_fault) {
    for (int faults = 0; faults <= most_faults;) {
      try {
        if (!store_) open();
        while (next_ < steps_.size()) {
          steps_[next_]();
          store_->commit();
          acknowledged = ++next_;
          committed_lease_ = lease_;
        }
        return true;
      } catch (const DatabaseFault& fault) {
        ++faults;
        lease_ = committed_lease_;
        last = fault.exit();
        said = fault.what();
        // The broker goes on after `no_space` and ends after anything else.
        if (store_ && fault.exit() == Exit::no_space && !reopen_after_fault) store_->rollback();
        else store_.reset();
      }
    }
    return false;
  }
  void close() { store_.reset(); }

  std::size_t acknowledged = 0;
  Exit last = Exit::done;
  std::string said;

 private:
  void open() {
    store_ = std::make_unique<Store>(file_, clock_);
    store_->restart();
  }
  void add(const char* id) {
    NewJob job;
    job.job_id = id;
    job.batch_id = "batch-0001";
    job.text_format = "plain";
    job.model = "sine";
    job.output = std::string("/out/") + id;
    job.script = std::string(3000, 'x');
    store_->add_job(job);
  }
  void cut(std::uint64_t number) {
    if (store_->job(number)->cut) return;
    std::vector<NewSegment> rows;
    for (int i = 0; i < 3; ++i)
      rows.push_back({0, 4, "sentence", "what is spoken " + std::to_string(i), "key" + std::to_string(number * 10 + i), 1});
    store_->set_segments(number, rows, "[]", "hash");
  }
  void lease_one() {
    for (std::uint64_t number : {1, 2})
      if (auto claims = store_->claim(number, "w", 1, true); !claims.empty()) {
        lease_ = claims[0].work.lease;
        return;
      }
  }
  void answer() {
    if (!store_->held(lease_, "w")) lease_one();  // a restart gave it up
    const auto held = store_->held(lease_, "w");
    if (!held) return;
    store_->add_take({held->take, "{}", 24000, 100, 24000, 0.5});
    store_->take_done(lease_);
  }
  void publish(std::uint64_t number) { store_->finish_publishing(number, "/out/" + std::to_string(number), 3); }

  fs::path file_;
  StandingClock clock_;
  std::unique_ptr<Store> store_;
  protocol::Lease lease_, committed_lease_;
  std::size_t next_ = 0;
  std::vector<std::function<void()>> steps_ = {
      [this] { add("job-one-1"), add("job-two-2"); },
      [this] { cut(1); },
      [this] { cut(2); },
      [this] { lease_one(); },
      [this] { answer(), lease_one(); },
      [this] { answer(), lease_one(); },
      [this] { answer(), lease_one(); },
      [this] { publish(1), answer(), lease_one(); },
      [this] { answer(), lease_one(); },
      [this] { answer(), lease_one(); },
      [this] { publish(2); },
  };
};

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

std::string states(const fs::path& file) {
  StandingClock clock;
  Store store(file, clock);
  std::string all;
  for (std::uint64_t number : {1, 2}) {
    const auto job = store.job(number);
    all += job ? std::string(name(job->state)) + " " + std::to_string(job->done) + ", " : "-, ";
  }
  return all;
}

struct Row {
  const char* name;
  Kind kind;
  long count;  // operations that fail
  bool ends;   // the broker must end: nothing of the disk can be trusted
};

class FailingDisk : public testing::TestWithParam<Row> {
 protected:
  ~FailingDisk() override { FaultDisk::get().heal(); }
};

TEST_P(FailingDisk, LosesNothingAtAnyOperationAndWorkGoesOn) {
  FaultDisk& disk = FaultDisk::get();
  const Row& row = GetParam();
  long first = 1, operations = 0;
  int faults = 0;
  do {
    TemporaryFolder folder;
    const fs::path file = folder.path() / "lectern.sqlite";
    Life life(file);
    disk.fail(row.kind, first, row.count);
    life.last = Exit::done, life.said.clear();
    EXPECT_TRUE(life.run(static_cast<int>(row.count) + 2, false)) << "from operation " << first;
    operations = disk.operations();
    if (life.last != Exit::done) {
      ++faults;
      EXPECT_EQ(life.last == Exit::no_space, !row.ends) << "operation " << first << ": " << life.said;
    }
    life.close();
    disk.heal();
    EXPECT_EQ(joined(check_database(file)), "") << "from operation " << first;
    EXPECT_EQ(states(file), "done 3, done 3, ") << "from operation " << first;
    ++first;
  } while (first <= operations && !HasFailure());
  EXPECT_GT(faults, row.kind == Kind::sync ? 8 : 40) << "so few operations cannot be all";
}

INSTANTIATE_TEST_SUITE_P(Every, FailingDisk,
                         testing::Values(Row{"FullOnce", Kind::full, 1, false}, Row{"FullForAWhile", Kind::full, 12, false},
                                         Row{"WriteErrorOnce", Kind::io, 1, false},
                                         Row{"SyncErrorOnce", Kind::sync, 1, true},
                                         Row{"SyncErrorTwice", Kind::sync, 2, true}),
                         [](const auto& row) { return row.param.name; });

// Images of the disk after a power cut at every operation, with none, all or some of the writes that no sync confirmed.
class PowerCut : public testing::TestWithParam<unsigned> {};

TEST_P(PowerCut, LosesNothingThatWasAcknowledged) {
  struct Cut {
    FaultDisk::Image image;
    std::size_t acknowledged;
  };
  FaultDisk& disk = FaultDisk::get();
  disk.heal();
  std::vector<Cut> cuts;
  std::vector<std::string> expected;  // states by the number of acknowledged steps
  TemporaryFolder folder;
  const fs::path file = folder.path() / "lectern.sqlite";
  std::mt19937 random(GetParam());
  disk.remember(true);
  Life life(file);
  disk.on_operation = [&] {
    const unsigned of = GetParam();
    cuts.push_back({disk.after_power_cut([&] { return of == 0 ? false : of == 1 ? true : random() % 2 == 0; }),
                    life.acknowledged});
  };
  EXPECT_TRUE(life.run(0, false));
  disk.on_operation = nullptr;
  disk.remember(false);
  life.close();

  ASSERT_GT(cuts.size(), 40u);
  std::size_t reached = 0;
  for (const Cut& cut : cuts) {
    TemporaryFolder after;
    const fs::path restored = after.path() / "lectern.sqlite";
    for (const auto& [path, bytes] : cut.image)
      std::ofstream(after.path() / fs::path(path).filename(), std::ios::binary) << bytes;
    StandingClock clock;
    Store store(restored, clock);
    EXPECT_EQ(joined(check_database(restored)), "") << "after step " << cut.acknowledged;
    if (cut.acknowledged >= 1) {
      EXPECT_TRUE(store.find_job("job-one-1") && store.find_job("job-two-2")) << "an acknowledged job is missing";
    }
    std::size_t done = 0;
    for (std::uint64_t number : {1, 2})
      if (const auto job = store.job(number)) done += job->done;
    // Steps 5 to 10 each store a take and are acknowledged after it.
    if (cut.acknowledged >= 5) {
      EXPECT_GE(done, std::min<std::size_t>(6, cut.acknowledged - 4)) << "a stored take is missing";
    }
    if (cut.acknowledged >= 11) {
      EXPECT_EQ(states(restored), "done 3, done 3, ");
    }
    reached = std::max(reached, cut.acknowledged);
    if (HasFailure()) break;
  }
  EXPECT_GE(reached, 10u);
}

INSTANTIATE_TEST_SUITE_P(WithUnsyncedWrites, PowerCut, testing::Values(0u, 1u, 2u, 3u, 4u),
                         [](const auto& row) {
                           return row.param == 0   ? std::string("Lost")
                                  : row.param == 1 ? std::string("Kept")
                                                   : "Mixed" + std::to_string(row.param);
                         });

TEST(Disk, ADatabaseThatAnotherProgramHasLockedIsWaitedForAndThenNamed) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "lectern.sqlite";
  StandingClock clock;
  Store store(file, clock);
  Database other(file);
  other.execute("BEGIN IMMEDIATE");
  sqlite3_busy_timeout(other.handle(), 0);
  NewJob job;
  job.job_id = "job-one-1";
  job.batch_id = "batch-0001";
  job.text_format = "plain";
  try {
    store.add_job(job);
    FAIL() << "two programs write at once";
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find(file.string()), std::string::npos) << fault.what();
    EXPECT_NE(fault.hint().find("another program"), std::string::npos) << fault.hint();
  }
  store.rollback();
  other.execute("ROLLBACK");
  store.add_job(job);
  store.commit();
  EXPECT_TRUE(store.find_job("job-one-1"));
}

}  // namespace
}  // namespace lectern
