// The store's upkeep: pruning, history, copies, damaged and foreign databases.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "broker/store/schema.h"
#include "tests/broker/store/store_fixture.h"

namespace lectern {
namespace {

TEST_F(StoreTest, PruningNeverTouchesWhatIsUnfinishedOrFailed) {
  const auto done = submit("job-00001", 1), failed = submit("job-00002", 2), open = submit("job-00003", 2);
  for (const auto job : {done, failed, open}) EXPECT_TRUE(speak(lease(job)));
  store->finish_publishing(done, "/out/x.flac", 1);
  EXPECT_TRUE(store->end_lease(lease(failed), Blame::final, "no", 3));
  store->commit();
  clock.now += 1000;
  protocol::Prune rules;
  rules.jobs_older_s = rules.takes_older_s = 0;
  rules.dry_run = true;
  EXPECT_EQ(store->prune(rules).counts.takes, 1u);
  EXPECT_TRUE(store->job(done)) << "a dry run removes nothing";
  rules.jobs_older_s = -1;
  rules.dry_run = false;
  const auto pruned = store->prune(rules);
  EXPECT_EQ(pruned.takes, std::vector<std::string>{"job-000010"});
  EXPECT_TRUE(store->has_take("job-000020")) << "a failed job's takes are kept for its retry";
  EXPECT_TRUE(store->has_take("job-000030"));
  rules.jobs_older_s = 0;
  EXPECT_EQ(store->prune(rules).counts.jobs, 2u);
  EXPECT_FALSE(store->job(done));
  EXPECT_FALSE(store->job(failed));
  EXPECT_TRUE(store->job(open));
  EXPECT_TRUE(store->has_take("job-000030"));
}

TEST_F(StoreTest, PruningBySizeRemovesTheOldestTakesFirst) {
  for (int i = 1; i <= 4; ++i) {
    const auto job = submit("job-0000" + std::to_string(i), 1);
    clock.now += 1000;
    EXPECT_TRUE(speak(lease(job)));
    store->finish_publishing(job, "/out/x.flac", 1);
  }
  protocol::Prune rules;
  rules.takes_max_bytes = 250;  // each take holds 100
  EXPECT_EQ(store->prune(rules).takes, (std::vector<std::string>{"job-000010", "job-000020"}));
}

TEST_F(StoreTest, AJobsHistoryTellsWhatHappenedAndWhy) {
  const auto job = submit("job-00001", 1);
  clock.now += 5000;
  EXPECT_TRUE(store->end_lease(lease(job), Blame::segment, "it broke", 3));
  store->commit();
  EXPECT_TRUE(store->change(job, JobEvent::cancel, "not wanted"));
  std::string told;
  for (const auto& event : store->history(job)) told += event.what + "|";
  EXPECT_EQ(told, "submitted|cut into 1 segments|running|segment 0 to be tried again: it broke|queued|"
                  "cancelled: not wanted|");
  EXPECT_EQ(store->history(job).back().at_ms - store->history(job).front().at_ms, 5000);
}

TEST_F(StoreTest, ACopyMadeWhileWorkGoesOnIsWholeAndOfItsEnd) {
  for (int i = 0; i < 300; ++i) submit("job-many-" + std::to_string(i), 10);
  const auto file = folder / "copy.sqlite";
  auto copy = store->copy(file);
  int steps = 0;
  while (!copy->step()) {
    submit("job-meanwhile-" + std::to_string(steps), 1);
    ASSERT_LT(++steps, 1000);
  }
  EXPECT_GT(steps, 0);
  EXPECT_FALSE(fs::exists(file.string() + ".part"));
  Store restored(file, clock);
  EXPECT_TRUE(restored.find_job("job-many-299"));
  EXPECT_TRUE(restored.find_job("job-meanwhile-0"));
  EXPECT_THROW(store->copy(file), Fault) << "nothing is overwritten";
}

TEST_F(StoreTest, ADamagedPageIsFoundBeforeWorkBegins) {
  for (int i = 0; i < 50; ++i) submit("job-many-" + std::to_string(i), 10);
  store.reset();
  {
    std::fstream file(folder / "lectern.sqlite", std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 3; page < 12; ++page) {
      file.seekp(page * 4096 + 8);
      file.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    }
  }
  try {
    open();
    store->check_integrity();
    FAIL() << "the damage was not found";
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("lectern.sqlite"), std::string::npos) << fault.what();
    EXPECT_NE(fault.hint().find("backup"), std::string::npos);
  }
}

TEST_F(StoreTest, OutputsOfJobsThatAreDoneComeByNumberInPages) {
  std::set<std::string> done;
  for (int i = 0; i < 1100; ++i) {
    const std::string id = "job-" + std::to_string(10000 + i);
    const auto job = submit(id, 1);
    if (i % 50 == 0) continue;  // not done
    ASSERT_TRUE(speak(lease(job)));
    store->finish_publishing(job, "/out/" + id + " (2).flac", 2.5);
    done.insert(id);
  }
  store->commit();
  std::set<std::string> listed;
  std::uint64_t last = 0;
  for (auto page = store->outputs(0); !page.empty(); page = store->outputs(last))
    for (const protocol::OutputFiles& files : page) {
      EXPECT_GT(files.number, last);
      last = files.number;
      EXPECT_EQ(files.audio, "/out/" + files.job_id + " (2).flac");
      listed.insert(files.job_id);
    }
  EXPECT_EQ(listed, done);
}

TEST_F(StoreTest, AForeignNewerOrDamagedDatabaseIsRefusedByName) {
  auto refusal = [&](const fs::path& file) -> std::string {
    try {
      Store other(file, clock);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "opened";
  };
  {
    Database foreign(folder / "foreign.sqlite");
    foreign.execute("CREATE TABLE x(y)");
    Database newer(folder / "newer.sqlite");
    newer.execute("CREATE TABLE x(y); PRAGMA application_id=1281586290; PRAGMA user_version=99");
  }
  static_assert(kApplicationId == 1281586290);
  std::ofstream(folder / "garbage.sqlite") << std::string(8192, 'x');
  EXPECT_NE(refusal(folder / "foreign.sqlite").find("belongs to another application"), std::string::npos);
  EXPECT_NE(refusal(folder / "newer.sqlite").find("has version 99, this Lectern knows up to"), std::string::npos);
  EXPECT_NE(refusal(folder / "garbage.sqlite").find("garbage.sqlite"), std::string::npos);
}

}  // namespace
}  // namespace lectern
