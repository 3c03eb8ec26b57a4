// What `lectern plan` and `lectern report` print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include "cli/job_table.h"

namespace lectern::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNoon = 1'795'435'200'000, kHour = 3'600'000;  // 2026-11-23 12:00 UTC

class NightTables : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }
};

protocol::PlannedJob planned(std::uint64_t number, const std::string& name, int start_h, int end_h) {
  protocol::PlannedJob job;
  job.number = number;
  job.name = name;
  job.window = "night";
  job.start_ms = start_h == 0 ? 0 : kNoon + start_h * kHour;
  job.end_ms = end_h == 0 ? 0 : kNoon + end_h * kHour;
  job.work_s = 7200;
  return job;
}

TEST_F(NightTables, APlanSaysOrderTimesAndWhatDoesNotFit) {
  protocol::Planned plan;
  plan.now_ms = kNoon;
  plan.until_ms = kNoon + 18 * kHour;
  plan.windows = {{"night", kNoon + 10 * kHour, kNoon + 18 * kHour}};
  plan.speeds = {{"kokoro-82m", 4.2, true}, {"chatterbox-turbo", 0.8, false}};
  plan.runs = {planned(1, "one", 10, 12), planned(2, "two\x1b[31m", 12, 0), planned(3, "three", 0, 0),
               planned(4, "four", 0, 0)};
  plan.runs[0].late = true;
  plan.runs[0].by_ms = kNoon + 11 * kHour;
  plan.runs[1].part_done = 0.756;
  plan.runs[1].waits = "Tue 22:00";
  plan.runs[2].waits = "Tue 22:00";
  plan.runs[3].waits = "paused";
  plan.more = 7;
  const std::string text = plan_text(plan, 200);
  EXPECT_THAT(text, HasSubstr("all times are estimates\n"));
  EXPECT_THAT(text, HasSubstr("window night: 22:00 to "));
  EXPECT_THAT(text, HasSubstr("kokoro-82m: 4.2x real time, as measured on this machine\n"));
  EXPECT_THAT(text, HasSubstr("chatterbox-turbo: 0.80x real time, as the catalogue guesses\n"));
  EXPECT_THAT(text, HasSubstr("late: wished by 23:00\n"));
  EXPECT_THAT(text, HasSubstr("does not fit: 75 % by then, goes on Tue 22:00\n"));
  EXPECT_THAT(text, HasSubstr("does not run by then, goes on Tue 22:00\n"));
  EXPECT_THAT(text, HasSubstr("does not run by then; paused\n"));
  EXPECT_THAT(text, HasSubstr("... and 7 more\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_LT(text.find("#1"), text.find("#2"));
}

TEST_F(NightTables, APlanOfNothingIsOneLine) {
  EXPECT_EQ(plan_text({}, 80), "nothing to run\n");
}

TEST_F(NightTables, AReportSaysSumsFailuresAndEnergyWhenTheDriverTold) {
  protocol::Reported r;
  r.from_ms = kNoon - 12 * kHour;
  r.until_ms = kNoon;
  r.done = 1204;
  r.failed = 1;
  r.carried_over = 3;
  r.audio_s = 3723;
  protocol::JobView bad;
  bad.number = 7;
  bad.name = "bad";
  bad.state = "failed";
  bad.failures = {{1, "Text that\x1b[31m nobody can say.", "the model made no sound"}};
  r.jobs = {bad};
  std::string text = report_text(r, 200);
  EXPECT_THAT(text, HasSubstr("2026-11-23 00:00 to 2026-11-23 12:00\n"));
  EXPECT_THAT(text, HasSubstr("1,204 done, 1 failed, 0 cancelled, 3 carried over; 1:02:03 of audio\n"));
  EXPECT_THAT(text, HasSubstr("#7 segment 1: the model made no sound\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("kWh")));
  r.speed = 4.2;
  r.energy_j = 1.8e6;
  text = report_text(r, 200);
  EXPECT_THAT(text, HasSubstr("spoken at 4.2x real time, 0.50 kWh\n"));
}

}  // namespace
}  // namespace lectern::cli
