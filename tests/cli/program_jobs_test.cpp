// `lectern` as a process against a scripted broker.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/cli/scripted_broker.h"

namespace lectern {
namespace {

using namespace protocol;

class ProgramJobsTest : public testing::Test {
 protected:
  void broker(ScriptedBroker::Script script) {
    other = std::make_unique<ScriptedBroker>(program.paths(), std::move(script));
  }
  void file(const std::string& name, const std::string& text = "Some text.\n") { folder.file("work/" + name, text); }
  std::string at(const std::string& name) { return (program.work() / name).string(); }
  std::vector<Submit> submits() {
    std::vector<Submit> list;
    for (const Message& m : other->heard())
      if (m.type == Submit::kType) list.push_back(parse<Submit>(m));
    return list;
  }

  TemporaryFolder folder;
  Program program{folder.path()};
  std::unique_ptr<ScriptedBroker> other;
};

JobView view(std::uint64_t number, const std::string& state, const std::string& reason = "") {
  JobView job;
  job.number = number;
  job.name = "part " + std::to_string(number);
  job.state = state;
  job.reason = reason;
  return job;
}

// Answers every status and follow with these jobs.
ScriptedBroker::Script showing(std::vector<JobView> jobs) {
  return [jobs](const Message& m) {
    Jobs answer;
    answer.jobs = jobs;
    return Answers{encode(answer, m.request)};
  };
}

TEST_F(ProgramJobsTest, AModelThatIsNotInstalledEndsWithItsMend) {
  broker([](const Message& m) {
    return Answers{refusal(m, Exit::not_found, "model 'x' is not installed", "lectern model pull x")};
  });
  file("a.txt");
  file("b.txt");
  const Ended ended = program.run({"submit", "a.txt", "b.txt", "--model", "x"});
  EXPECT_EQ(ended.exit, 4);
  EXPECT_EQ(ended.err, "error: model 'x' is not installed\nhint: lectern model pull x\n");
  EXPECT_EQ(submits().size(), 1u);
  EXPECT_EQ(submits()[0].model, "x");
}

TEST_F(ProgramJobsTest, AnotherVersionOfTheBrokerIsNamed) {
  broker([](const Message& m) {
    Frames frames = encode(Jobs{}, m.request);
    frames[0] = "lectern/0";
    return Answers{frames};
  });
  const Ended ended = program.run({"status"});
  EXPECT_EQ(ended.exit, 3);
  EXPECT_NE(ended.err.find("lectern/0"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("hint: "), std::string::npos) << ended.err;
}

TEST_F(ProgramJobsTest, OneBadScriptAmongManyIsReportedAtTheEnd) {
  broker([oblige = ObligingScript()](const Message& m) mutable {
    if (m.payload.at(0) == "binary") return Answers{refusal(m, Exit::bad_input, "not text", "save it as text")};
    return oblige(m);
  });
  file("a.txt");
  file("b.txt", "binary");
  file("c.txt");
  const Ended ended = program.run({"submit", "a.txt", "gone.txt", "b.txt", "c.txt"});
  EXPECT_EQ(ended.exit, 4) << "that of the first bad one";
  EXPECT_EQ(ended.out, "#1  a  " + at("a.flac") + "\n#2  c  " + at("c.flac") + "\n");
  EXPECT_EQ(ended.err,
            "error: no such file or folder: gone.txt\nhint: check the name\n"
            "error: b.txt: not text\nhint: save it as text\n"
            "error: 2 scripts could not be submitted\n");
  EXPECT_EQ(submits().size(), 3u);
}

TEST_F(ProgramJobsTest, SubmitSaysWhatItWasTold) {
  broker(ObligingScript());
  file("My book.md", "# One\n");
  const Ended ended = program.run({"submit", "My book.md", "--voice", "low", "--model", "sine", "--speed", "1.25", "-o",
                                   "out/final.opus", "--priority", "-5", "--name", "The Book", "--overwrite"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  ASSERT_EQ(submits().size(), 1u);
  const Submit sent = submits()[0];
  EXPECT_EQ(sent.name, "The Book");
  EXPECT_EQ(sent.batch_name, "");
  EXPECT_EQ(sent.script_name, at("My book.md"));
  EXPECT_EQ(sent.text_format, "markdown");
  EXPECT_EQ(sent.voice, "low");
  EXPECT_EQ(sent.model, "sine");
  EXPECT_EQ(sent.format, "opus");
  EXPECT_EQ(sent.output, at("out/final.opus"));
  EXPECT_EQ(sent.speed, 1.25);
  EXPECT_EQ(sent.priority, -5);
  EXPECT_TRUE(sent.overwrite);
  EXPECT_FALSE(sent.dry_run);
  EXPECT_EQ(other->heard()[0].payload.at(0), "# One\n");
}

TEST_F(ProgramJobsTest, AFolderBecomesOneBatchInNaturalOrder) {
  broker(ObligingScript());
  for (int i = 1; i <= 25; ++i) file("book/part " + std::to_string(i) + ".txt");
  const Ended ended = program.run({"submit", "book", "-o", "audio/", "--name", "Novel"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  const auto sent = submits();
  ASSERT_EQ(sent.size(), 25u);
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_EQ(sent[i].name, "") << "the script's front matter may hold a title";
    EXPECT_EQ(sent[i].format, "") << "the script's front matter may name one";
    EXPECT_EQ(sent[i].output, at("audio/part " + std::to_string(i + 1) + ".flac"));
    EXPECT_EQ(sent[i].batch_id, sent[0].batch_id);
    EXPECT_EQ(sent[i].batch_name, "Novel");
  }
  EXPECT_EQ(ended.out, "25 jobs submitted: #1 to #25, batch " + sent[0].batch_id + "\n");
}

TEST_F(ProgramJobsTest, StandardInputIsCalledByItsName) {
  broker(ObligingScript());
  const Ended ended = program.run({"submit", "-", "--name", "Talk"}, "Hello there.\n");
  EXPECT_EQ(ended.out, "#1  Talk  " + at("Talk.flac") + "\n") << ended.err;
  EXPECT_EQ(other->heard()[0].payload.at(0), "Hello there.\n");
  EXPECT_EQ(submits()[0].script_name, "standard input");
}

TEST_F(ProgramJobsTest, JsonOfSubmitHoldsJobsAndRefusals) {
  broker(ObligingScript());
  file("a.txt");
  const Ended ended = program.run({"--json", "submit", "a.txt", "gone.txt"});
  EXPECT_EQ(ended.exit, 4);
  const Json json = Json::parse(ended.out);
  EXPECT_EQ(json["jobs"][0]["number"], 1);
  EXPECT_EQ(json["jobs"][0]["script"], "a.txt");
  EXPECT_EQ(json["refused"][0]["script"], "gone.txt");
  EXPECT_EQ(json["refused"][0]["exit"], 4);
  EXPECT_EQ(json["batch_id"], submits()[0].batch_id);
}

TEST_F(ProgramJobsTest, ADryRunShowsATableWithTotals) {
  broker(ObligingScript());
  file("a.txt");
  file("b.txt");
  const Ended ended = program.run({"submit", "a.txt", "b.txt", "--dry-run", "-o", "."});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out,
            "NAME       SEGMENTS  SPOKEN  CHARACTERS  AUDIO  OUTPUT\n"
            "a                 4       1       1,200   1:20  " +
                at("a.flac") +
                "\n"
                "b                 4       1       1,200   1:20  " +
                at("b.flac") +
                "\n"
                "2 scripts         8       2       2,400   2:40\n"
            "2 of 8 segments are already spoken\n");
  EXPECT_TRUE(submits().at(0).dry_run && submits().at(1).dry_run);
}

TEST_F(ProgramJobsTest, SubmitAndWaitEndsWithTheSum) {
  broker(ObligingScript());
  file("a.txt");
  file("b.txt");
  const Ended ended = program.run({"submit", "a.txt", "b.txt", "--wait"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("done       #1 a  0:07  " + at("a.flac") + "\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("2 jobs: 2 done; audio 0:14\n"), std::string::npos) << ended.out;
}

TEST_F(ProgramJobsTest, WaitTellsFailedJobsByItsExitCode) {
  broker(showing({view(1, "done"), view(2, "failed", "1 segment could not be spoken")}));
  const Ended ended = program.run({"wait", "1", "#2"});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_NE(ended.out.find("failed     #2 part 2  1 segment could not be spoken\n"), std::string::npos) << ended.out;
  const auto asked = parse<Follow>(other->heard().at(0)).selection;
  EXPECT_EQ(asked.jobs, (std::vector<std::string>{"1", "2"}));
}

TEST_F(ProgramJobsTest, WaitForNothingReturnsAtOnce) {
  broker(showing({view(1, "done"), view(2, "failed")}));
  const Ended ended = program.run({"wait"});
  EXPECT_EQ(ended.exit, 0) << "jobs that failed before are not waited for";
  EXPECT_EQ(ended.out, "no unfinished jobs\n");
}

TEST_F(ProgramJobsTest, WaitGivesUpAfterItsTimeout) {
  broker(showing({view(1, "running")}));
  const Ended ended = program.run({"wait", "--timeout", "0.1"});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_NE(ended.err.find("not all jobs have ended"), std::string::npos) << ended.err;
}

TEST_F(ProgramJobsTest, CtrlCInAWaitSaysThatTheJobsGoOn) {
  pid_t waiting = 0;
  std::mutex started;
  std::unique_lock lock(started);
  broker([&](const Message& m) {
    const std::lock_guard known(started);
    kill(waiting, SIGINT);
    return showing({view(1, "running")})(m);
  });
  waiting = program.start({"wait", "1"});
  lock.unlock();
  const Ended ended = program.end(waiting);
  EXPECT_EQ(ended.exit, 130);
  EXPECT_NE(ended.err.find("the jobs go on"), std::string::npos) << ended.err;
}

TEST_F(ProgramJobsTest, CtrlCInASubmitSaysHowMuchWasAccepted) {
  pid_t sending = 0;
  std::mutex started;
  std::unique_lock lock(started);
  broker([&, oblige = ObligingScript()](const Message& m) mutable {
    const std::lock_guard known(started);
    if (m.request <= 3) return oblige(m);
    if (m.request == 4) kill(sending, SIGINT);
    return Answers();
  });
  for (int i = 1; i <= 10; ++i) file("book/part " + std::to_string(i) + ".txt");
  sending = program.start({"submit", "book"});
  lock.unlock();
  const Ended ended = program.end(sending);
  EXPECT_EQ(ended.exit, 130);
  EXPECT_NE(ended.err.find("3 of 10 scripts had been accepted, 7 more perhaps, and"), std::string::npos) << ended.err;
}

TEST_F(ProgramJobsTest, StatusShowsATableAndOneJobInFull) {
  broker(showing({view(1, "queued")}));
  EXPECT_NE(program.run({"status"}).out.find("JOB  STATE   NAME    PROGRESS"), std::string::npos);
  EXPECT_TRUE(parse<Status>(other->heard().at(0)).selection.all);
  EXPECT_EQ(program.run({"status", "1"}).out.rfind("#1 part 1\n  state      queued\n", 0), 0u);
  EXPECT_FALSE(parse<Status>(other->heard().at(1)).selection.all);
  EXPECT_EQ(Json::parse(program.run({"status", "--json"}).out)["jobs"][0]["state"], "queued");
}

TEST_F(ProgramJobsTest, StatusOfTwentyThousandJobsIsShown) {
  JobView job = view(1, "queued");
  job.job_id = job.batch_id = "0b5e9d9e-0000-4000-8000-000000000001";
  job.output = "/some/folder/of/usual/length/with a script's name.flac";
  broker(showing(std::vector<JobView>(20000, job)));
  const Ended ended = program.run({"status"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 20002);
}

TEST_F(ProgramJobsTest, FollowEndsWithItsJobs) {
  broker([](const Message& m) {
    Jobs answer;
    answer.jobs = {view(1, "running")};
    Answers frames{encode(answer, m.request)};
    if (m.type == Follow::kType) frames.push_back(encode(Progress{view(1, "done")}));
    return frames;
  });
  const Ended ended = program.run({"status", "--follow"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("1 job: 1 done"), std::string::npos) << ended.out;
}

TEST_F(ProgramJobsTest, ChangesSayWhatWasAndWasNotChanged) {
  broker([](const Message& m) {
    Changed changed;
    changed.numbers = {1, 3};
    changed.refused.push_back({2, "it is done"});
    return Answers{encode(changed, m.request)};
  });
  const Ended ended = program.run({"cancel", "1", "2", "3"});
  EXPECT_EQ(ended.exit, 5);
  EXPECT_EQ(ended.out, "cancelled #1 #3\n");
  EXPECT_EQ(ended.err, "error: #2: it is done\n");
  EXPECT_EQ(parse<Change>(other->heard().at(0)).action, "cancel");
}

TEST_F(ProgramJobsTest, PriorityMayBeNegative) {
  broker(ObligingScript());
  EXPECT_EQ(program.run({"priority", "-5", "12", "13"}).out, "changed #12 #13\n");
  const auto change = parse<Change>(other->heard().at(0));
  EXPECT_EQ(change.priority, -5);
  EXPECT_EQ(change.selection.jobs, (std::vector<std::string>{"12", "13"}));
}

TEST_F(ProgramJobsTest, ChangesOfABatchOrAllTakeWhatFits) {
  broker(ObligingScript());
  EXPECT_EQ(program.run({"pause", "--all"}).out, "no job to pause\n");
  EXPECT_EQ(program.run({"resume", "--batch", "batch-01"}).exit, 0);
  EXPECT_TRUE(parse<Change>(other->heard().at(0)).selection.all);
  EXPECT_EQ(parse<Change>(other->heard().at(1)).selection.batch_id, "batch-01");
}

TEST_F(ProgramJobsTest, StopWaitsForTheEndOfTheBrokersProcess) {
  const pid_t process = fork();
  if (process == 0) {
    pause();
    _exit(0);
  }
  broker([process](const Message& m) {
    if (m.type == Stop::kType) kill(process, SIGKILL);
    Welcome welcome;
    welcome.pid = process;
    return Answers{encode(welcome, m.request)};
  });
  const Ended ended = program.run({"stop"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("has ended"), std::string::npos);
  waitpid(process, nullptr, 0);
}

TEST_F(ProgramJobsTest, ABrokerThatDoesNotEndIsNamed) {
  broker(ObligingScript());  // its process is this test
  const Ended ended = program.run({"stop", "--timeout", "0.05"});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_NE(ended.err.find(std::to_string(getpid())), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace lectern
