// Databases of older versions load for ever: each one in tests/data/databases, with a job in every state, is opened,
// restarted, and goes on to its end.
//
// To add one, before the schema changes: LECTERN_MAKE_DATABASE=tests/data/databases/vN.sqlite build/tests/old_database_test
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "broker/store/schema.h"
#include "broker/store/store.h"
#include "tests/broker/fake_clock.h"
#include "tests/cli/temporary_folder.h"
#include "tests/faults/database_check.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

// A hash of its own for every segment, as takes have.
std::string key(std::uint64_t job, std::size_t segment) {
  std::string digits = std::to_string(job) + std::to_string(segment);
  return std::string(64 - digits.size(), 'a') + digits;
}

class Sample {
 public:
  explicit Sample(const fs::path& file) : store(file, clock) {}

  std::uint64_t add(const std::string& what, int segments) {
    NewJob job;
    job.job_id = "job-" + what;
    job.batch_id = "batch-of-the-sample";
    job.batch_name = "the sample";
    job.name = what;
    job.script_name = what + ".txt";
    job.text_format = "plain";
    job.model = "sine";
    job.voice = "middle";
    job.format = "flac";
    job.output = "/out/" + what + ".flac";
    job.script = "The script of the job that is " + what + ".";
    const auto number = store.add_job(job).number;
    std::vector<NewSegment> rows;
    for (int i = 0; i < segments; ++i)
      rows.push_back({0, 10, "sentence", "sentence " + std::to_string(i), key(number, i), 7});
    if (segments > 0) store.set_segments(number, rows, "[[10,12,\"white space\"]]", "hash-of-the-model");
    return number;
  }
  protocol::Lease lease(std::uint64_t job) {
    const auto claims = store.claim(job, "worker-of-the-sample", 1, true);
    return claims.empty() ? protocol::Lease{} : claims[0].work.lease;
  }
  void speak(std::uint64_t job) {
    const auto given = lease(job);
    const auto held = store.held(given, "worker-of-the-sample");
    if (!held) return;
    store.add_take({held->take, "{\"tones\":10}", 24000, 100, 24000, 0.5});
    store.take_done(given);
  }

  FakeClock clock{1'790'000'000'000};
  Store store;
};

void make(const fs::path& file) {
  fs::remove(file);
  {
    Sample sample(file);
    sample.add("uncut", 0);
    sample.add("queued", 3);
    const auto held = sample.add("held", 2);
    sample.speak(held);
    sample.store.change(held, JobEvent::pause, "paused");
    const auto running = sample.add("running", 3);
    sample.speak(running);
    sample.lease(running);
    sample.speak(sample.add("publishing", 1));
    const auto done = sample.add("done", 1);
    sample.speak(done);
    sample.store.finish_publishing(done, "/out/done.flac", 1.5);
    const auto failed = sample.add("failed", 2);
    sample.speak(failed);
    sample.store.end_lease(sample.lease(failed), Blame::final, "it cannot be spoken", 3);
    sample.store.change(sample.add("cancelled", 2), JobEvent::cancel);
    sample.store.commit();
  }
  Database database(file);
  database.execute("PRAGMA journal_mode=DELETE; PRAGMA page_size=1024; VACUUM");
}

class OldDatabase : public testing::TestWithParam<fs::path> {};

TEST_P(OldDatabase, LoadsAndGoesOn) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "lectern.sqlite";
  fs::copy_file(GetParam(), file);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  {
    Sample sample(file);
    Store& store = sample.store;
    auto state = [&](const char* what) {
      const auto number = store.find_job(std::string("job-") + what);
      return number ? std::string(name(store.job(*number)->state)) : "-";
    };
    for (const char* what : {"queued", "held", "running", "publishing", "done", "failed", "cancelled"})
      EXPECT_EQ(state(what), what);
    EXPECT_EQ(state("uncut"), "queued");
    store.restart();
    EXPECT_EQ(state("running"), "queued");
    for (const char* what : {"held", "publishing", "done", "failed", "cancelled"}) EXPECT_EQ(state(what), what);

    const auto number = [&](const char* what) { return *store.find_job(std::string("job-") + what); };
    store.set_segments(number("uncut"), {{0, 4, "end", "text", key(99, 0), 1}}, "[]", "hash");
    EXPECT_TRUE(store.change(number("held"), JobEvent::resume));
    EXPECT_TRUE(store.change(number("failed"), JobEvent::retry));
    for (const char* what : {"uncut", "queued", "held", "running", "failed"}) {
      for (int i = 0; i < 3; ++i) sample.speak(number(what));
      EXPECT_EQ(state(what), "publishing") << what;
    }
    for (std::uint64_t job : store.jobs_in(JobState::publishing)) store.finish_publishing(job, "/out/" + std::to_string(job), 2);
    store.commit();
    EXPECT_EQ(store.unfinished_jobs(), 0u);
    EXPECT_EQ(store.script(number("done")), "The script of the job that is done.");
  }
  std::string broken;
  for (const std::string& line : check_database(file)) broken += line + "\n";
  EXPECT_EQ(broken, "");
  Database database(file);
  Query version(database, "PRAGMA user_version");
  ASSERT_TRUE(version.next());
  EXPECT_EQ(version.integer(0), kSchemaVersion);
}

std::vector<fs::path> databases() {
  if (const char* file = std::getenv("LECTERN_MAKE_DATABASE")) make(file);
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(fs::path(TEST_DATA) / "databases"))
    if (entry.path().extension() == ".sqlite") all.push_back(entry.path());
  return all;
}
INSTANTIATE_TEST_SUITE_P(Every, OldDatabase, testing::ValuesIn(databases()),
                         [](const auto& row) { return row.param.stem().string(); });

}  // namespace
}  // namespace lectern
