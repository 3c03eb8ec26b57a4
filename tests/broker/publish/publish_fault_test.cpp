#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

std::atomic<bool>* stop_flag = nullptr;
std::string stop_step, foreign_step;
fs::path foreign_file;
long write_budget = 0;

int fail_when_spent(std::size_t bytes) {
  write_budget -= static_cast<long>(bytes);
  return write_budget < 0 ? ENOSPC : 0;
}

class PublishFault : public Studio {
 protected:
  Fault refused(const PublishRequest& request) {
    const Fault fault = fault_of([&] { run(request); });
    if (fs::is_directory(out)) {
      EXPECT_EQ(standing(), before) << fault.what();
    }
    return fault;
  }
  bool says(const Fault& fault, const std::string& part) {
    return std::string(fault.what()).find(part) != std::string::npos;
  }
  std::set<std::string> before;  // what stands in the output folder, and must go on standing there alone
};

TEST_F(PublishFault, ARequestThatMakesNoSenseIsRefused) {
  PublishRequest request = three_tones();
  request.format = "midi";
  const Fault fault = refused(request);
  EXPECT_EQ(fault.exit(), Exit::bad_input);
  EXPECT_NE(fault.hint().find("flac"), std::string::npos);
  request = three_tones();
  request.segments.clear();
  EXPECT_EQ(refused(request).exit(), Exit::bad_input);
  for (const std::string& name : {std::string("story.json"), std::string(""), std::string(252, 'x') + ".ogg"}) {
    request = three_tones();
    request.target = out / name;
    EXPECT_EQ(refused(request).exit(), Exit::bad_input) << name;
  }
  for (const double pause : {-0.1, 1e9, std::nan("")}) {
    request = three_tones();
    request.pauses.chapter = pause;
    EXPECT_EQ(refused(request).exit(), Exit::bad_input) << pause;
  }
  request = three_tones();
  request.job_id.clear();
  EXPECT_EQ(refused(request).exit(), Exit::internal);
}

TEST_F(PublishFault, TakesOfDifferentRatesAreAFaultOfOurs) {
  PublishRequest request = three_tones();
  add(request, tone(440, 0.3, 0.5, 22050), text::Break::end, 22050);
  const Fault fault = refused(request);
  EXPECT_EQ(fault.exit(), Exit::internal);
  EXPECT_TRUE(says(fault, "24000") && says(fault, "22050") && says(fault, "segment 3")) << fault.what();
}

TEST_F(PublishFault, ARateThatTheFormatCannotHoldNamesThoseThatCan) {
  PublishRequest request = empty_request("opus");
  add(request, tone(440, 0.3, 0.5, 22050), text::Break::end, 22050);
  const Fault fault = refused(request);
  EXPECT_EQ(fault.exit(), Exit::bad_input);
  EXPECT_TRUE(says(fault, "22050")) << fault.what();
  EXPECT_NE(fault.hint().find("flac"), std::string::npos) << fault.hint();
  const Fault asked = fault_of([] { require_format("opus", 44100); });
  EXPECT_STREQ(asked.what(), "Ogg Opus cannot hold 44100 Hz") << "known before anything is spoken";
  EXPECT_EQ(asked.hint(), "use one of: wav, flac, ogg, mp3, m4b");
  for (const int rate : {24000, 48000}) EXPECT_NO_THROW(require_format("opus", rate));
}

TEST_F(PublishFault, EachMissingOrDamagedTakeIsNamedOnceAndNothingIsLeft) {
  PublishRequest request = three_tones();
  request.segments.push_back(request.segments[0]);
  fs::remove(take_path(takes, key_of(0)));
  write_text(take_path(takes, key_of(2)), "fLaC but no more");
  std::vector<std::string> keys;
  const Fault fault =
      fault_of([&] { publish(request, no_stop, [&](const std::string& key) { keys.push_back(key); }); });
  EXPECT_EQ(keys, (std::vector<std::string>{key_of(0), key_of(2)}));
  EXPECT_TRUE(says(fault, "2 takes")) << fault.what();
  EXPECT_TRUE(standing().empty());
  refused(request);  // nobody listens: the same without the calls

  write_take(takes, key_of(0), tone(400, 0.5), kRate);
  write_take(takes, key_of(2), tone(400, 0.5), kRate);
  EXPECT_EQ(run(request).audio, request.target);
}

TEST_F(PublishFault, ATakeThatVanishesWhileItIsPublishedIsNamed) {
  static fs::path victim;
  const PublishRequest request = three_tones();
  victim = take_path(takes, key_of(1));
  fault_hooks.at_step = [](const char* step) {
    if (step == std::string("measured")) fs::remove(victim);
  };
  std::vector<std::string> keys;
  fault_of([&] { publish(request, no_stop, [&](const std::string& key) { keys.push_back(key); }); });
  EXPECT_EQ(keys, std::vector<std::string>{key_of(1)});
  EXPECT_TRUE(standing().empty());
}

TEST_F(PublishFault, AnOutputFolderIsCreatedWhenItsParentIsThere) {
  PublishRequest request = three_tones();
  request.target = out / "new" / "story.flac";
  EXPECT_EQ(run(request).audio, request.target);
  EXPECT_TRUE(fs::exists(out / "new" / "story.json"));
  request.target = out / "a" / "b" / "story.flac";
  before = {"new"};
  const Fault fault = refused(request);
  EXPECT_EQ(fault.exit(), Exit::bad_input);
  EXPECT_TRUE(says(fault, (out / "a" / "b").string())) << fault.what();
}

TEST_F(PublishFault, ACreatedOutputFolderGoesWhenPublishingFails) {
  PublishRequest request = three_tones();
  request.target = out / "new" / "story.flac";
  fs::remove(take_path(takes, key_of(1)));
  refused(request);
}

TEST_F(PublishFault, AnOutputFolderThatIsAFileIsNamed) {
  PublishRequest request = three_tones();
  write_text(out / "file", "x");
  before = {"file"};
  request.target = out / "file" / "story.flac";
  const Fault fault = refused(request);
  EXPECT_EQ(fault.exit(), Exit::bad_input);
  EXPECT_TRUE(says(fault, (out / "file").string())) << fault.what();
}

TEST_F(PublishFault, AReadOnlyFolderIsNamed) {
  const PublishRequest request = three_tones();
  fs::permissions(out, fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(root, fs::perms::all);
  const pid_t child = ::fork();
  if (child == 0) {  // root may write anywhere
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(99);
    try {
      run(request);
    } catch (const Fault& fault) {
      ::_exit(fault.exit() == Exit::bad_input && says(fault, out.string()) ? 7 : 8);
    }
    ::_exit(9);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  fs::permissions(out, fs::perms::owner_all);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(standing().empty());
}

TEST_F(PublishFault, AFullDiskAtAnyByteIsNoSpaceAndNothingIsLeft) {
  for (const std::string& format :
       {std::string("wav"), std::string("flac"), std::string("ogg"), std::string("opus"), std::string("mp3")}) {
    PublishRequest request = three_tones(format);
    const Published whole = run(request);
    const long size = static_cast<long>(whole.bytes + fs::file_size(whole.sidecar));
    fs::remove(whole.audio);
    fs::remove(whole.sidecar);
    fault_hooks.before_write = fail_when_spent;
    for (long budget = 0; budget < size; budget += 1 + size / 25) {
      write_budget = budget;
      EXPECT_EQ(refused(request).exit(), Exit::no_space) << format << " with " << budget << " of " << size << " bytes";
    }
    fault_hooks.before_write = nullptr;
  }
}

TEST_F(PublishFault, ALimitOnTheSizeOfFilesIsNoSpace) {
  const PublishRequest request = three_tones("wav");
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit tight{20000, limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_EQ(refused(request).exit(), Exit::no_space);
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
}

TEST_F(PublishFault, ADiskThatIsReallyFullIsNoSpaceAndNothingIsLeft) {
  if (::mount("tmpfs", out.c_str(), "tmpfs", 0, "size=128k") != 0)
    GTEST_SKIP() << "cannot mount a small file system here: " << std::strerror(errno);
  struct Unmount {
    fs::path folder;
    ~Unmount() { ::umount2(folder.c_str(), MNT_DETACH); }
  } unmount{out};
  for (const std::string& format : {std::string("wav"), std::string("flac")}) {
    PublishRequest request = empty_request(format);
    add(request, tone(440, 10), text::Break::end);
    EXPECT_EQ(refused(request).exit(), Exit::no_space);
    EXPECT_TRUE(fs::space(out).available > 100 * 1024) << "all is given back";
  }
  takes = out / "takes";
  EXPECT_EQ(fault_of([&] {
              for (int i = 0; i < 20; ++i) write_take(takes, key_of(i), tone(440 + 7 * i, 3, 0.9), kRate);
            }).exit(),
            Exit::no_space);
  for (const auto& entry : fs::recursive_directory_iterator(takes))
    if (entry.is_regular_file()) {
      EXPECT_EQ(entry.path().extension(), ".flac") << entry.path();
      EXPECT_EQ(read_take(takes, entry.path().stem()).samples.size(), 3u * kRate);
    }
}

TEST_F(PublishFault, StopsAtEachStepBeforeAnythingIsVisible) {
  const PublishRequest request = three_tones();
  for (const std::string& step :
       {std::string("folder_ready"), std::string("nothing_earlier"), std::string("measured"),
        std::string("audio_half_encoded"), std::string("audio_created"), std::string("audio_hashed")}) {
    std::atomic<bool> stop{false};
    stop_flag = &stop;
    stop_step = step;
    fault_hooks.at_step = [](const char* at) {
      if (at == stop_step) *stop_flag = true;
    };
    const Fault fault = fault_of([&] { publish(request, stop); });
    EXPECT_EQ(fault.exit(), Exit::internal);
    EXPECT_STREQ(fault.what(), "stopped") << step;
    EXPECT_TRUE(standing().empty()) << step;
  }
}

TEST_F(PublishFault, AFaultAtAnyStepLeavesNothing) {
  const PublishRequest request = three_tones();
  static std::vector<std::string> steps;
  steps.clear();
  fault_hooks.at_step = [](const char* step) { steps.push_back(step); };
  run(request);
  fs::remove(out / "story.flac");
  fs::remove(out / "story.json");
  ASSERT_GE(steps.size(), 15u);
  for (const std::string& step : steps) {
    stop_step = step;
    fault_hooks.at_step = [](const char* at) {
      if (at == stop_step) throw system_fault("cannot go on", EIO);
    };
    EXPECT_TRUE(says(refused(request), "cannot go on")) << step;
  }
}

TEST_F(PublishFault, NothingForeignIsOverwritten) {
  write_text(out / "story.flac", "mine");
  write_text(out / "story (2).json", "mine too");
  const Published published = run(three_tones());
  EXPECT_EQ(published.audio, out / "story (3).flac");
  EXPECT_EQ(published.sidecar, out / "story (3).json");
  EXPECT_EQ(read_json(published.sidecar)["audio"], "story (3).flac");
  EXPECT_EQ(read_text(out / "story.flac"), "mine");
  EXPECT_EQ(read_text(out / "story (2).json"), "mine too");
  EXPECT_EQ(standing().size(), 4u);
}

TEST_F(PublishFault, AForeignFileThatAppearsAtAnyMomentIsLeftAlone) {
  for (const std::string& name : {std::string("story.flac"), std::string("story.json")})
    for (const std::string& step : {std::string("measured"), std::string("name_chosen"), std::string("sidecar_synced"),
                                    std::string("sidecar_placed"), std::string("sidecar_folder_synced")}) {
      if (name == "story.json" && step == "sidecar_placed") break;  // ours stands there then
      foreign_step = step;
      foreign_file = out / name;
      fault_hooks.at_step = [](const char* at) {
        if (at == foreign_step && !fs::exists(foreign_file)) write_text(foreign_file, "foreign");
      };
      const Published published = run(three_tones());
      fault_hooks = {};
      EXPECT_EQ(published.audio, out / "story (2).flac") << name << " at " << step;
      EXPECT_EQ(read_json(published.sidecar)["audio"], "story (2).flac");
      EXPECT_EQ(read_text(foreign_file), "foreign");
      EXPECT_EQ(standing(), (std::set<std::string>{name, "story (2).flac", "story (2).json"}));
      for (const auto& file : standing()) fs::remove(out / file);
    }
}

TEST_F(PublishFault, OverwriteReplacesBothFiles) {
  PublishRequest request = three_tones();
  run(request);
  request.job_id = "job-2";
  request.overwrite = true;
  request.pauses.end = 3;
  const Published published = run(request);
  EXPECT_EQ(published.audio, request.target);
  EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story.json"}));
  EXPECT_EQ(read_json(published.sidecar)["job_id"], "job-2");
  EXPECT_EQ(read_json(published.sidecar)["sha256"], sha256_file(published.audio));
}

TEST_F(PublishFault, OverwriteSparesWhatWasNeverASidecarOrAFile) {
  PublishRequest request = three_tones();
  request.overwrite = true;
  write_text(out / "story.json", R"({"my": "data"})");
  EXPECT_EQ(run(request).audio, out / "story (2).flac");
  EXPECT_EQ(read_text(out / "story.json"), R"({"my": "data"})");
  request.job_id = "job-2";
  request.target = out / "other.flac";
  fs::create_directory(request.target);
  EXPECT_EQ(run(request).audio, out / "other (2).flac");
}

TEST_F(PublishFault, TheSidecarOfAnotherAudioIsNeitherReplacedNorRemoved) {
  const Published mp3 = run(three_tones("mp3"));
  PublishRequest request = three_tones("flac");
  for (const bool overwrite : {false, true}) {
    request.overwrite = overwrite;
    request.job_id = overwrite ? "job-2" : "job-1";
    const Published flac = run(request);
    EXPECT_EQ(flac.audio, out / (overwrite ? "story (3).flac" : "story (2).flac"));
    EXPECT_EQ(read_json(out / "story.json")["sha256"], sha256_file(mp3.audio));
  }
}

TEST_F(PublishFault, AnotherJobOfTheSameTargetGetsANumber) {
  PublishRequest request = three_tones();
  for (const std::string& name :
       {std::string("story.flac"), std::string("story (2).flac"), std::string("story (3).flac")}) {
    request.job_id = name;
    EXPECT_EQ(run(request).audio, out / name);
  }
  EXPECT_EQ(standing().size(), 6u);
}

TEST_F(PublishFault, JobsOfTheSameTargetAtOnceGetNamesOfTheirOwn) {
  const PublishRequest request = three_tones();
  {
    std::vector<std::jthread> publishers;
    for (int job = 0; job < 6; ++job)
      publishers.emplace_back([&, job] {
        PublishRequest own = request;
        own.job_id = "job-" + std::to_string(job);
        run(own);
      });
  }
  std::set<std::string> jobs;
  for (const std::string& name : standing()) {
    if (fs::path(name).extension() != ".json") continue;
    const auto sidecar = read_json(out / name);
    EXPECT_EQ(sidecar["sha256"], sha256_file(out / sidecar["audio"].get<std::string>()));
    EXPECT_EQ(fs::path(name).stem(), fs::path(sidecar["audio"].get<std::string>()).stem());
    jobs.insert(sidecar["job_id"]);
  }
  EXPECT_EQ(jobs.size(), 6u);
  EXPECT_EQ(standing().size(), 12u);
}

TEST_F(PublishFault, AnAudioThatItsOwnerChangedIsKept) {
  const PublishRequest request = three_tones();
  run(request);
  write_text(out / "story.flac", "edited by hand");
  EXPECT_EQ(run(request).audio, out / "story (2).flac");
  EXPECT_EQ(read_text(out / "story.flac"), "edited by hand");
  EXPECT_TRUE(fs::exists(out / "story.json"));
}

TEST_F(PublishFault, AnAudioThatItsOwnerMovedAwayIsMadeAgainUnderItsName) {
  const PublishRequest request = three_tones();
  run(request);
  fs::remove(out / "story.flac");
  EXPECT_EQ(run(request).audio, out / "story.flac");
  EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story.json"}));
}

}  // namespace
}  // namespace lectern::publish
