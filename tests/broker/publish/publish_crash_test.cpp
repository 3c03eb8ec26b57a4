// Kills a publishing process at every step and publishes again.
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

constexpr int kKilled = 86;
std::vector<std::string> steps_seen;
std::string die_at;
int encodings = 0;
std::map<std::string, fs::path> appear_at;  // step -> foreign file

void note_step(const char* step) { steps_seen.push_back(step); }
void count_encodings(const char* step) { encodings += step == std::string("audio_created"); }
void die(const char* step) {
  if (const auto foreign = appear_at.find(step); foreign != appear_at.end() && !fs::exists(foreign->second))
    write_text(foreign->second, "foreign");
  if (step == die_at) ::_exit(kKilled);
}

class PublishCrash : public Studio {
 protected:
  // The steps of a whole publish into a folder of its own.
  std::vector<std::string> all_steps(PublishRequest request) {
    steps_seen.clear();
    fault_hooks.at_step = note_step;
    request.target = root / "elsewhere" / "story.flac";
    run(request);
    fault_hooks = {};
    EXPECT_GE(steps_seen.size(), 15u);
    return steps_seen;
  }

  // True when the process died there; false when it published without coming to that step.
  bool killed_at(const PublishRequest& request, const std::string& step) {
    const pid_t child = ::fork();
    if (child == 0) {
      die_at = step;
      fault_hooks.at_step = die;
      try {
        run(request);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == kKilled || WEXITSTATUS(status) == 0)) << status;
    return WEXITSTATUS(status) == kKilled;
  }

  void expect_whole(const Published& published, const std::string& expected_hash) {
    EXPECT_EQ(sha256_file(published.audio), expected_hash);
    const auto sidecar = read_json(published.sidecar);
    EXPECT_EQ(sidecar["sha256"], expected_hash);
    EXPECT_EQ(sidecar["audio"], published.audio.filename().string());
    EXPECT_EQ(published.bytes, fs::file_size(published.audio));
    EXPECT_EQ(published.peak, sidecar["peak"]);
    EXPECT_EQ(published.seconds, sidecar["seconds"]);
  }

  std::string hash_of(PublishRequest request) {
    request.target = root / "reference.flac";
    const Published published = run(request);
    return sha256_file(published.audio);
  }

  void clear() {
    for (const auto& file : standing()) fs::remove_all(out / file);
  }

  const std::set<std::string> both{"story.flac", "story.json"};
};

TEST_F(PublishCrash, AtAnyStepIsFinishedByTheNextCall) {
  const PublishRequest request = three_tones();
  const std::string hash = hash_of(request);
  for (const std::string& step : all_steps(request)) {
    ASSERT_TRUE(killed_at(request, step)) << step;
    encodings = 0;
    fault_hooks.at_step = count_encodings;
    const Published published = run(request);
    fault_hooks = {};
    EXPECT_EQ(standing(), both) << step;
    EXPECT_EQ(published.audio, request.target) << step;
    expect_whole(published, hash);
    const bool shown = step == "sidecar_placed" || step == "sidecar_folder_synced" || step == "audio_placed" ||
                       step == "folder_synced";
    EXPECT_EQ(encodings, shown ? 0 : 1) << step << ": what was shown is finished, not made again";
    EXPECT_EQ(run(request).audio, request.target) << "a third call finds it done";
    EXPECT_EQ(standing(), both);
    clear();
  }
}

TEST_F(PublishCrash, TwiceIsFinishedToo) {
  const PublishRequest request = three_tones();
  const std::string hash = hash_of(request);
  const auto steps = all_steps(request);
  for (const std::string& first : steps)
    for (const std::string& second : steps) {
      ASSERT_TRUE(killed_at(request, first));
      killed_at(request, second);
      expect_whole(run(request), hash);
      EXPECT_EQ(standing(), both) << first << ", " << second;
      clear();
    }
}

TEST_F(PublishCrash, NeverShowsAudioWithoutItsSidecarNorLooksUnfinished) {
  const PublishRequest request = three_tones();
  const std::string hash = hash_of(request);
  for (const std::string& step : all_steps(request)) {
    killed_at(request, step);
    for (const std::string& name : standing()) EXPECT_TRUE(name[0] == '.' || both.contains(name)) << name;
    if (standing().contains("story.flac")) {
      EXPECT_EQ(sha256_file(out / "story.flac"), hash) << step;
      EXPECT_EQ(read_json(out / "story.json")["sha256"], hash) << step;
    }
    clear();
  }
}

TEST_F(PublishCrash, WhileOverwritingIsFinishedByTheNextCall) {
  PublishRequest request = three_tones();
  request.overwrite = true;
  request.pauses.end = 1;
  const std::string hash = hash_of(request);
  const auto steps = all_steps(request);
  for (const std::string& step : steps) {
    PublishRequest old = request;
    old.job_id = "job-0";
    old.pauses.end = 2;
    run(old);
    ASSERT_TRUE(killed_at(request, step)) << step;
    expect_whole(run(request), hash);
    EXPECT_EQ(standing(), both) << step;
    clear();
  }
}

TEST_F(PublishCrash, BesideAForeignFileEndsUnderOneNumberedName) {
  const PublishRequest request = three_tones();
  const std::string hash = hash_of(request);
  auto steps = all_steps(request);
  steps.push_back("sidecar_withdrawn");
  for (const std::string& appears : {std::string("name_chosen"), std::string("sidecar_synced"),
                                     std::string("sidecar_placed"), std::string("sidecar_folder_synced")})
    for (const std::string& step : steps) {
      appear_at = {{appears, out / "story.flac"}};
      ASSERT_TRUE(killed_at(request, step)) << step;
      appear_at.clear();
      const bool foreign = fs::exists(out / "story.flac") && read_text(out / "story.flac") == "foreign";
      const Published published = run(request);
      expect_whole(published, hash);
      const std::set<std::string> numbered{"story.flac", "story (2).flac", "story (2).json"};
      EXPECT_EQ(standing(), foreign ? numbered : both) << appears << ", " << step;
      clear();
    }
}

TEST_F(PublishCrash, ThenAForeignFileOnTheNameMakesItNumberedOnce) {
  const PublishRequest request = three_tones();
  const std::string hash = hash_of(request);
  for (const std::string& step : {std::string("sidecar_placed"), std::string("sidecar_synced")}) {
    ASSERT_TRUE(killed_at(request, step));
    write_text(out / "story.flac", "foreign");
    expect_whole(run(request), hash);
    EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story (2).flac", "story (2).json"})) << step;
    EXPECT_EQ(read_text(out / "story.flac"), "foreign");
    clear();
  }
}

TEST_F(PublishCrash, UnderANumberedNameIsFoundThoughLowerNumbersBecameFree) {
  const PublishRequest request = three_tones();
  write_text(out / "story.flac", "foreign");
  write_text(out / "story (2).flac", "foreign");
  ASSERT_TRUE(killed_at(request, "audio_placed"));
  fs::remove(out / "story.flac");
  fs::remove(out / "story (2).flac");
  EXPECT_EQ(run(request).audio, out / "story (3).flac");
  EXPECT_EQ(standing(), (std::set<std::string>{"story (3).flac", "story (3).json"}));
}

TEST_F(PublishCrash, WhoseTakesAreGoneLeavesNothing) {
  const PublishRequest request = three_tones();
  for (const std::string& step : {std::string("audio_half_encoded"), std::string("sidecar_synced")}) {
    ASSERT_TRUE(killed_at(request, step));
    EXPECT_FALSE(standing().empty()) << "hidden files are staged";
    fs::rename(takes, root / "aside");
    fault_of([&] { run(request); });
    EXPECT_TRUE(standing().empty()) << step;
    fs::rename(root / "aside", takes);
  }
  ASSERT_TRUE(killed_at(request, "sidecar_placed"));
  fs::remove_all(takes);
  EXPECT_EQ(run(request).audio, request.target) << "all that was missing is the rename";
  EXPECT_EQ(standing(), both);
}

TEST_F(PublishCrash, WithAStagedAudioThatDoesNotMatchStartsAfresh) {
  const PublishRequest request = three_tones();
  const std::string hash = hash_of(request);
  ASSERT_TRUE(killed_at(request, "sidecar_placed"));
  for (const std::string& name : standing())
    if (name[0] == '.') write_text(out / name, "torn by a power loss");
  expect_whole(run(request), hash);
  EXPECT_EQ(standing(), both);
}

TEST_F(PublishCrash, OfAnotherJobIsNotTakenForOurs) {
  PublishRequest request = three_tones();
  ASSERT_TRUE(killed_at(request, "sidecar_placed"));
  PublishRequest other = request;
  other.job_id = "job-10";
  EXPECT_EQ(run(other).audio, out / "story (2).flac");
  EXPECT_EQ(run(request).audio, out / "story.flac");
  EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story.json", "story (2).flac", "story (2).json"}));
}

TEST_F(PublishCrash, WithSubtitlesIsFinishedToo) {
  PublishRequest request = three_tones();
  request.delivery.subtitles = "srt,vtt";
  request.delivery.loudness = "podcast";
  const std::string hash = hash_of(request);
  const std::set<std::string> all{"story.flac", "story.json", "story.srt", "story.vtt"};
  const auto steps = all_steps(request);
  for (const bool overwrite : {false, true})
    for (const std::string& step : steps) {
      if (overwrite) {
        PublishRequest old = request;
        old.job_id = "job-0";
        old.pauses.end = 2;
        run(old);
      }
      request.overwrite = overwrite;
      ASSERT_TRUE(killed_at(request, step)) << step;
      for (const std::string& name : standing()) EXPECT_TRUE(name[0] == '.' || all.contains(name)) << name;
      if (!overwrite && standing().contains("story.flac")) {
        EXPECT_TRUE(standing().contains("story.srt") && standing().contains("story.vtt")) << step;
      }
      expect_whole(run(request), hash);
      EXPECT_EQ(standing(), all) << step;
      const auto sidecar = read_json(out / "story.json");
      for (const auto& file : sidecar["files"])
        EXPECT_EQ(file["sha256"], sha256_file(out / file["name"].get<std::string>())) << step;
      clear();
    }
}

TEST_F(PublishCrash, WhileReplacingItsOwnEarlierWorkIsFinishedToo) {
  PublishRequest request = three_tones();
  request.delivery.subtitles = "srt";
  PublishRequest old = request;
  old.pauses.end = 2;
  const std::string hash = hash_of(request);
  for (const std::string& step : all_steps(request)) {
    run(old);
    ASSERT_TRUE(killed_at(request, step)) << step;
    EXPECT_TRUE(standing().contains("story.flac")) << "the old one stands until the new one does";
    const Published published = run(request);
    EXPECT_EQ(published.audio, out / "story.flac") << step;
    expect_whole(published, hash);
    EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story.json", "story.srt"})) << step;
    clear();
  }
}

TEST_F(PublishCrash, OfATakeLeavesNoHalfTake) {
  const std::string key = key_of(5);
  for (const std::string& step :
       {std::string("take_written"), std::string("take_synced"), std::string("take_placed")}) {
    const pid_t child = ::fork();
    if (child == 0) {
      die_at = step;
      fault_hooks.at_step = die;
      write_take(takes, key, tone(440, 0.5), kRate);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), kKilled) << step;
    EXPECT_EQ(fs::exists(take_path(takes, key)), step == "take_placed");
    write_take(takes, key, tone(440, 0.5), kRate);
    EXPECT_EQ(read_take(takes, key).samples.size(), 12000u);
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(takes)) files += entry.is_regular_file();
    EXPECT_EQ(files, 1u) << step;
    fs::remove_all(takes);
  }
}

}  // namespace
}  // namespace lectern::publish
