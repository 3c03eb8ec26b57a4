// Reports: the page for a browser, what the store counts, and the page after each window.
#include "broker/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/temporary_folder.h"

namespace lectern {
namespace {

using testing::HasSubstr;
using testing::Not;

protocol::JobView job(std::uint64_t number, const std::string& name, const std::string& state) {
  protocol::JobView view;
  view.number = number;
  view.name = name;
  view.state = state;
  view.output = "/home/me/audio/" + name + ".flac";
  view.audio_s = 65;
  return view;
}

TEST(ReportPage, HoldsAPlayerForEachOutputAndLoadsNothingFromElsewhere) {
  protocol::Reported r;
  r.done = 2;
  r.jobs = {job(1, "one", "done"), job(2, "two", "done")};
  const std::string page = report_page(r, "/home/me/audio");
  EXPECT_THAT(page, HasSubstr("<audio controls preload=\"none\" src=\"./one.flac\">"));
  EXPECT_THAT(page, HasSubstr("src=\"./two.flac\""));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(HasSubstr("{{"))) << "braces of the style are written out";
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
}

TEST(ReportPage, HoldsAPlayerForEachChapterOfAWorkInAFolder) {
  const TemporaryFolder folder;
  const std::filesystem::path home = folder.path(), work = home / "audio/A Book";
  for (const char* name : {"02 The <Second>.flac", "01 The First.flac", "02 The <Second>.srt", "sidecar.json"})
    folder.file(std::string("audio/A Book/") + name);
  protocol::Reported r;
  r.jobs = {job(1, "A Book", "done")};
  r.jobs[0].output = work;
  r.jobs[0].segments_flagged = 2;
  const std::string page = report_page(r, home);
  std::filesystem::remove_all(work / "01 The First.flac");
  const std::string fewer = report_page(r, home);
  std::filesystem::remove_all(work);
  EXPECT_THAT(page, HasSubstr("<summary>2 chapters</summary>"));
  const std::string first = "src=\"./audio/A%20Book/01%20The%20First.flac\"", second = "src=\"./audio/A%20Book/02%20";
  ASSERT_THAT(page, testing::AllOf(HasSubstr(first), HasSubstr(second)));
  EXPECT_LT(page.find(first), page.find(second));
  EXPECT_THAT(page, HasSubstr(">02 The &lt;Second&gt;</a><audio controls preload=\"none\""));
  EXPECT_THAT(page, Not(HasSubstr(".srt")));
  EXPECT_THAT(page, HasSubstr("2 flagged segments")) << "as for a work in one file";
  EXPECT_THAT(fewer, HasSubstr("<summary>1 chapter</summary>"));
  EXPECT_THAT(report_page(r, home), Not(HasSubstr("<audio"))) << "the folder is gone";
}

TEST(ReportPage, SaysSoInsteadOfAPlayerWhenTheAudioIsNotThereAnyMore) {
  protocol::Reported r;
  r.jobs = {job(1, "<one>", "done")};
  r.jobs[0].reason = kAudioGone;
  const std::string page = report_page(r, "/home/me/audio");
  EXPECT_THAT(page, Not(HasSubstr("<audio")));
  EXPECT_THAT(page, HasSubstr("its audio is not there any more: /home/me/audio/&lt;one&gt;.flac"));
}

TEST(ReportPage, LinksOutputsOutsideOfItsFolderByTheirWholePath) {
  protocol::Reported r;
  r.jobs = {job(1, "a b#1?%\"é", "done")};
  EXPECT_THAT(report_page(r, "/home/me/reports"),
              HasSubstr("src=\"file:///home/me/audio/a%20b%231%3F%25%22%C3%A9.flac\""));
  EXPECT_THAT(report_page(r, "/home/me"), HasSubstr("src=\"./audio/a%20b%231%3F%25%22%C3%A9.flac\""));
}

TEST(ReportPage, NamesAndReasonsCannotBreakThePage) {
  protocol::Reported r;
  auto bad = job(3, "<script>alert('x')</script>", "failed");
  bad.reason = "1 of 2 segments & more";
  bad.segments_failed = 1;
  bad.failures = {{0, "He said \"<b>\".", "it <cannot> be spoken"}};
  r.failed = 1;
  r.jobs = {bad};
  const std::string page = report_page(r, "/x");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("failed: 1 of 2 segments &amp; more"));
  EXPECT_THAT(page, HasSubstr("He said &quot;&lt;b&gt;&quot;."));
  EXPECT_THAT(page, HasSubstr("it &lt;cannot&gt; be spoken"));
}

TEST(ReportPage, FailuresComeBeforeWhatIsDoneAndWhatIsCarriedOverLast) {
  protocol::Reported r;
  r.jobs = {job(1, "good", "done"), job(2, "bad", "failed"), job(3, "later", "queued")};
  r.jobs[2].reason = "waiting for window night (opens 22:00, in 15 h 59 m)";
  const std::string page = report_page(r, "/x");
  EXPECT_LT(page.find("Not done"), page.find("<h2>Done"));
  EXPECT_LT(page.find("<h2>Done"), page.find("Carried over</h2>"));
  EXPECT_THAT(page, HasSubstr("queued: waiting for window night (opens 22:00, in 15 h 59 m)"));
}

TEST(ReportPage, SaysEnergyOnlyWhenTheDriverTold) {
  protocol::Reported r;
  EXPECT_THAT(report_page(r, "/x"), Not(HasSubstr("kWh")));
  r.energy_j = 1.8e6;
  EXPECT_THAT(report_page(r, "/x"), HasSubstr("0.50 kWh"));
}

}  // namespace
}  // namespace lectern
