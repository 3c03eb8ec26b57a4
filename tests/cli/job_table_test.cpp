#include "cli/job_table.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <sstream>

#include "cli/terminal.h"

namespace lectern::cli {
namespace {

using protocol::JobView;

JobView running() {
  JobView job;
  job.number = 12;
  job.job_id = "0b5e9d9e-0000-4000-8000-000000000001";
  job.batch_id = "batch-0001";
  job.batch_name = "Novel";
  job.name = "Kapitel 1 – Grüße";
  job.state = "running";
  job.model = "kokoro-82m";
  job.voice = "af_heart";
  job.output = "/out/Kapitel 1.flac";
  job.segments = 40;
  job.segments_done = 10;
  job.characters = 12000;
  job.characters_done = 3000;
  job.audio_s = 200;
  job.expected_audio_s = 800;
  job.speed = 3.25;
  job.remaining_s = 185;
  job.submitted_ms = 1'700'000'000'000;
  job.started_ms = 1'700'000'060'000;
  return job;
}

JobView failed() {
  JobView job;
  job.number = 7;
  job.name = "bad";
  job.state = "failed";
  job.reason = "1 of 2 segments could not be spoken";
  job.segments = 2;
  job.segments_done = 1;
  job.segments_failed = 1;
  job.failures.push_back({1, "Text that\x1b[31m nobody can say.", "the model made no sound"});
  return job;
}

JobView done() {
  JobView job;
  job.number = 3;
  job.name = "done one";
  job.state = "done";
  job.segments = job.segments_done = 5;
  job.audio_s = 3723;
  job.speed = 41;
  job.output = "/out/done one.flac";
  return job;
}

TEST(JobTable, ShowsEachJobInALine) {
  EXPECT_EQ(job_table({done(), failed(), running()}, 200),
            "JOB  STATE    NAME               PROGRESS              AUDIO  SPEED   LEFT\n"
            " #3  done     done one           [##########] 100 %  1:02:03  41.0x         /out/done one.flac\n"
            " #7  failed   bad                [#####.....]  50 %                         1 of 2 segments could not be "
            "spoken\n"
            "#12  running  Kapitel 1 – Grüße  [##........]  25 %     3:20   3.2x  3 min\n");
}

TEST(JobTable, NamesGiveWayOnANarrowTerminalAndNoLineIsTooWide) {
  const std::string table = job_table({done(), failed(), running()}, 80);
  EXPECT_EQ(table,
            "JOB  STATE    NAME          PROGRESS              AUDIO  SPEED   LEFT\n"
            " #3  done     done one      [##########] 100 %  1:02:03  41.0x         /out/don…\n"
            " #7  failed   bad           [#####.....]  50 %                         1 of 2 s…\n"
            "#12  running  Kapitel 1 –…  [##........]  25 %     3:20   3.2x  3 min\n");
  for (int width : {20, 40, 60, 80, 100}) {
    std::istringstream lines(job_table({done(), failed(), running()}, width));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), width);
  }
}

TEST(JobTable, TooManyJobsLeaveTheOnesThatRun) {
  EXPECT_EQ(job_table({done(), done(), running(), failed()}, 200, 2),
            "JOB  STATE    NAME               PROGRESS            AUDIO  SPEED   LEFT\n"
            "#12  running  Kapitel 1 – Grüße  [##........]  25 %   3:20   3.2x  3 min\n"
            "... and 3 more\n");
}

TEST(JobDetails, TellsEverythingAboutARunningJob) {
  setenv("TZ", "UTC", 1);
  tzset();
  EXPECT_EQ(job_details(running(), 80),
            "#12 Kapitel 1 – Grüße\n"
            "  state      running\n"
            "  output     /out/Kapitel 1.flac\n"
            "  model      kokoro-82m, voice af_heart\n"
            "  segments   10 of 40 spoken\n"
            "  characters 3,000 of 12,000 (25 %)\n"
            "  audio      3:20 of about 13:20\n"
            "  speed      3.2x real time, 3 min left\n"
            "  batch      Novel (batch-0001)\n"
            "  id         0b5e9d9e-0000-4000-8000-000000000001\n"
            "  submitted  2023-11-14 22:13:20\n"
            "  started    2023-11-14 22:14:20\n");
}

TEST(JobDetails, ListsFailedSegmentsWithTextAndReason) {
  JobView job = failed();
  job.segments_failed = 3;
  const std::string text = job_details(job, 40);
  EXPECT_NE(text.find("  state      failed: 1 of 2 segments could not be spoken\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  segment 1: the model made no sound\n    \"Text that?[31m nobody can say.\"\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  ... and 2 more failed segments\n"), std::string::npos) << text;
}

protocol::Jobs with_workers() {
  protocol::Jobs state;
  protocol::WorkerView busy;
  busy.worker = "worker-0123456789";
  busy.device = "cuda:0";
  busy.state = "busy";
  busy.model = "kokoro-82m";
  busy.pid = 100;
  busy.engine_pid = 101;
  busy.leases = 3;
  busy.credit = 4;
  busy.memory_bytes = 1'250'000'000;
  busy.peak_memory_bytes = 1'500'000'000;
  busy.segments_done = 1234;
  busy.voice = "af_heart";
  busy.segments_waiting = 1000;
  busy.device_bytes = 2'000'000'000;
  busy.peak_device_bytes = 2'250'000'000;
  busy.speed = 412;
  protocol::WorkerView cold;
  cold.worker = "w2";
  cold.device = "cpu";
  cold.state = "cold";
  cold.pid = 102;
  state.workers = {busy, cold};
  state.unfinished = 2;
  state.segments_waiting = 1500;
  return state;
}

TEST(WorkerLine, NamesDevicesAndWhatHoldsTheWorkUp) {
  protocol::Jobs state = with_workers();
  state.notice = "disk is full";
  EXPECT_EQ(worker_line(state, 100),
            "2 workers: cuda:0 busy (kokoro-82m), cpu cold; 2 jobs unfinished, 1,500 segments waiting\n"
            "note: disk is full\n");
  EXPECT_EQ(worker_line(protocol::Jobs(), 100), "no workers; 0 jobs unfinished, 0 segments waiting\n");
}

TEST(WorkerTable, ShowsMemoryAndProcesses) {
  EXPECT_EQ(
      worker_table(with_workers().workers, 200),
      "WORKER  DEVICE  STATE  MODEL       VOICE     UNTIL          MEMORY              PEAK  WAITING  SPOKEN  SPEED  "
      "ENGINE\n"
      "   100  cuda:0  busy   kokoro-82m  af_heart  -      2 GB + 1.25 GB  2.25 GB + 1.5 GB    1,003   1,234   412x    "
      " "
      "101\n"
      "   102  cpu     cold   -           -         -                   -                 -        0       0      -    "
      "   "
      "-\n");
}

TEST(WorkerTable, SaysHowLongAnIdleModelStaysAndWhyAnotherIsNotLoaded) {
  protocol::Jobs state = with_workers();
  state.workers[0].unload_ms = -1;
  state.workers[1].waits_for = "model kokoro-82m needs 3 GB";
  const std::string text = worker_table(state.workers, 200);
  EXPECT_NE(text.find("  forever  "), std::string::npos) << text;
  EXPECT_NE(text.find("\nworker 102: model kokoro-82m needs 3 GB\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace lectern::cli
