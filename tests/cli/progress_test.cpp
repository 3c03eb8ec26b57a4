#include <gtest/gtest.h>

#include "cli/progress_line.h"
#include "cli/progress_view.h"

namespace lectern::cli {
namespace {

using protocol::JobView;

JobView job(std::uint64_t number, const std::string& state) {
  JobView view;
  view.number = number;
  view.name = "part " + std::to_string(number);
  view.state = state;
  view.characters = 1000;
  view.segments = 10;
  if (state == "done") {
    view.characters_done = 1000;
    view.segments_done = 10;
    view.audio_s = view.expected_audio_s = 60;
    view.output = "/out/part " + std::to_string(number) + ".flac";
  }
  return view;
}

JobView running(std::uint64_t number) {
  JobView view = job(number, "running");
  view.characters_done = 500;
  view.segments_done = 5;
  view.audio_s = 30;
  view.expected_audio_s = 60;
  view.speed = 3.2;
  return view;
}

JobView waiting(std::uint64_t number) {
  JobView view = job(number, "queued");
  view.expected_audio_s = 60;
  return view;
}

JobView failed(std::uint64_t number) {
  JobView view = job(number, "failed");
  view.reason = "2 of 10 segments could not be spoken";
  return view;
}

TEST(ProgressLine, SaysHowFarAllJobsAre) {
  EXPECT_EQ(progress_line(totals({job(1, "done"), running(2), waiting(3)}), "", 100),
            "[#####.....] 1/3 jobs  segments 15/30  audio 1:30  3.2x real time  28 s left");
}

TEST(ProgressLine, SaysNothingOfSpeedAndTimeBeforeTheyAreKnown) {
  EXPECT_EQ(progress_line(totals({waiting(1)}), "", 100), "[..........] 0/1 job  segments 0/10  audio 0:00");
}

TEST(ProgressLine, NamesNoTimeLeftWhileAJobIsNotCut) {
  JobView uncut = job(2, "queued");
  uncut.segments = uncut.characters = 0;
  EXPECT_EQ(progress_line(totals({running(1), uncut}), "", 100),
            "[####......] 0/2 jobs  segments 5/10  audio 0:30  3.2x real time");
}

TEST(ProgressLine, CountsFailedJobsAmongTheEnded) {
  EXPECT_EQ(progress_line(totals({failed(1), waiting(2)}), "", 100),
            "[#####.....] 1/2 jobs (1 failed)  segments 0/20  audio 0:00");
}

TEST(ProgressLine, SaysWhatHoldsEverythingUp) {
  EXPECT_EQ(progress_line(totals({running(1)}), "no worker is there", 100),
            "[#####.....] 0/1 job  segments 5/10  audio 0:30  no worker is there");
  EXPECT_EQ(progress_line(totals({job(1, "held"), job(2, "done")}), "", 100),
            "[#####.....] 1/2 jobs  segments 10/20  audio 1:00  1 held: lectern resume");
}

TEST(ProgressLine, NeverExceedsTheWidth) {
  const Totals sum = totals({job(1, "done"), running(2), waiting(3)});
  EXPECT_EQ(progress_line(sum, "", 70), "1/3 jobs  segments 15/30  audio 1:30  3.2x real time  28 s left");
  EXPECT_EQ(progress_line(sum, "", 30), "1/3 jobs  segments 15/30  aud…");
}

TEST(ProgressLine, JobsTogetherAreNotFasterThanTheWorkers) {
  EXPECT_DOUBLE_EQ(totals({running(1), running(2)}).speed, 3.2);
}

TEST(ProgressLine, NoJobsAreNoDivisionByZero) {
  EXPECT_EQ(progress_line(totals({}), "", 80), "[..........] 0/0 jobs  audio 0:00");
}

TEST(SummaryLine, NamesEachOutcomeOnce) {
  EXPECT_EQ(summary_line(totals({job(1, "done"), failed(2), job(3, "cancelled"), waiting(4)})),
            "4 jobs: 1 done, 1 failed, 1 cancelled, 1 not finished; audio 1:00");
  EXPECT_EQ(summary_line(totals({job(1, "done")})), "1 job: 1 done; audio 1:00");
}

TEST(Bar, IsFullOnlyAtTheEnd) {
  EXPECT_EQ(bar(0, 4), "[....]");
  EXPECT_EQ(bar(0.999, 4), "[###.]");
  EXPECT_EQ(bar(1, 4), "[####]");
  EXPECT_EQ(bar(7, 4), "[####]");
}

ProgressView::Time at(int ms) { return ProgressView::Time() + std::chrono::hours(1) + std::chrono::milliseconds(ms); }

protocol::Jobs state(std::vector<JobView> jobs) {
  protocol::Jobs all;
  all.jobs = std::move(jobs);
  return all;
}

TEST(ProgressView, AFileGetsALineEveryTenSecondsAndEveryEndingAtOnce) {
  ProgressView view{Terminal{}};
  EXPECT_EQ(view.show(state({running(1), waiting(2)}), at(0)).substr(0, 12), "[##........]");
  EXPECT_EQ(view.show(state({running(1), waiting(2)}), at(9999)), "");
  EXPECT_EQ(view.show(state({job(1, "done"), waiting(2)}), at(9999)), "done       #1 part 1  1:00  /out/part 1.flac\n");
  EXPECT_EQ(view.show(state({job(1, "done"), waiting(2)}), at(10000)).substr(0, 12), "[#####.....]");
  EXPECT_EQ(view.finish(state({job(1, "done"), failed(2)})),
            "failed     #2 part 2  2 of 10 segments could not be spoken\n2 jobs: 1 done, 1 failed; audio 1:00\n");
}

TEST(ProgressView, ATerminalGetsOneLineThatIsRedrawnUnderTheEndings) {
  ProgressView view{Terminal{true, 60, 24}};
  EXPECT_EQ(view.show(state({running(1)}), at(0)), "0/1 job  segments 5/10  audio 0:30  3.2x real time  9 s le…\n");
  EXPECT_EQ(view.show(state({job(1, "done")}), at(99)), "") << "not ten times a second";
  EXPECT_EQ(view.show(state({job(1, "done")}), at(100)),
            "\x1b[1A\x1b[J"
            "done       #1 part 1  1:00  /out/part 1.flac\n"
            "[##########] 1/1 job  segments 10/10  audio 1:00\n");
  EXPECT_EQ(view.finish(state({job(1, "done")})), "\x1b[1A\x1b[J1 job: 1 done; audio 1:00\n");
}

}  // namespace
}  // namespace lectern::cli
