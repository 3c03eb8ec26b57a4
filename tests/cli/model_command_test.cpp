#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "config/fault.h"
#include "config/file.h"

namespace lectern::cli {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// What a command printed to stdout, and what it ended with.
struct Outcome {
  int exit = 0;
  std::string text, error, hint;
};

class Commands : public testing::Test {
 protected:
  Commands() {
    fs::create_directories(home_);
    std::freopen("/dev/null", "r", stdin);
  }
  ~Commands() override { fs::remove_all(home_); }

  Outcome run(std::vector<std::string> words) {
    Context context{.home = home_};
    Action chosen;
    CLI::App app;
    app.fallthrough();
    app.add_flag("--json", context.json);
    add_model(app, context, chosen);
    add_voice(app, context, chosen);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    Outcome outcome;
    testing::internal::CaptureStdout();
    try {
      app.parse(words);
      outcome.exit = chosen();
    } catch (const Fault& fault) {
      outcome.exit = static_cast<int>(fault.exit());
      outcome.error = fault.what();
      outcome.hint = fault.hint();
    } catch (const CLI::ParseError& e) {
      outcome.exit = static_cast<int>(Exit::usage);
      outcome.error = e.what();
    }
    outcome.text = testing::internal::GetCapturedStdout();
    return outcome;
  }
  // A record of an installed model, whose files are not there.
  void record() {
    fs::create_directories(home_ / "data/models/kokoro-82m");
    write_file(
        home_ / "data/models/kokoro-82m/installed.json",
        R"({"model":"kokoro-82m","source":"a test","files":[{"path":"tokenizer.json","bytes":1,"sha256":"x"}]})");
  }
  fs::path home_ = testing::TempDir() + "commands-" + std::to_string(getpid());
};

TEST_F(Commands, WrongUsageIsRefused) {
  EXPECT_EQ(run({"model"}).exit, 2);
  EXPECT_EQ(run({"model", "pull"}).exit, 2);
  EXPECT_EQ(run({"model", "fetch"}).exit, 2);
  EXPECT_EQ(run({"voice"}).exit, 2);
}

TEST_F(Commands, UnknownModelsAreAnsweredWithTheNearest) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"model", "pull", "kokoro"},
                                             {"model", "verify", "kokoro"},
                                             {"model", "remove", "kokoro"},
                                             {"voice", "list", "--model", "kokoro"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.exit, 4);
    EXPECT_THAT(outcome.hint, HasSubstr("kokoro-82m"));
  }
}

TEST_F(Commands, ModelListShowsWhatIsInstalledAndWhatIsDamaged) {
  EXPECT_THAT(run({"model", "list"}).text, testing::ContainsRegex("kokoro-82m +no +120.6 MB +Apache-2.0"));
  record();
  const Outcome damaged = run({"model", "list"});
  EXPECT_EQ(damaged.exit, 0);
  EXPECT_THAT(damaged.text, testing::ContainsRegex("kokoro-82m +damaged"));
  EXPECT_THAT(damaged.text, HasSubstr("tokenizer.json"));
  const auto json = nlohmann::json::parse(run({"model", "list", "--json"}).text);
  EXPECT_EQ(json.at(0).at("name"), "kokoro-82m");
  EXPECT_EQ(json.at(0).at("installed"), "damaged");
  EXPECT_EQ(json.at(0).at("licence"), "Apache-2.0");
}

TEST_F(Commands, TestModelsAppearOnlyWhenTheSettingsSaySo) {
  EXPECT_THAT(run({"model", "list"}).text, testing::Not(HasSubstr("sine")));
  write_file(home_ / "config.yaml", "test_models: true\n");
  EXPECT_THAT(run({"model", "list"}).text, testing::ContainsRegex("sine +yes +- "));
  EXPECT_EQ(run({"model", "pull", "sine"}).exit, 2);
  EXPECT_EQ(run({"model", "remove", "sine", "--yes"}).exit, 2);
}

TEST_F(Commands, VerifyNamesDamagedFilesWithBothHashesAndTheMend) {
  record();
  write_file(home_ / "data/models/kokoro-82m/tokenizer.json", "x");
  const Outcome outcome = run({"model", "verify"});
  EXPECT_EQ(outcome.exit, 5);
  EXPECT_EQ(outcome.hint, "lectern model pull kokoro-82m");
  EXPECT_THAT(outcome.text,
              testing::ContainsRegex("tokenizer.json: damaged\n  expected [0-9a-f]{64}\n  actual   2d711642"));
  EXPECT_THAT(outcome.text, HasSubstr("voices/af_heart.bin: missing"));
  const auto json = nlohmann::json::parse(run({"model", "verify", "--json"}).text);
  EXPECT_EQ(json.at(0).at("damaged").size(), 56u);
}

TEST_F(Commands, VerifyOfWhatIsNotInstalledIsAnError) {
  EXPECT_EQ(run({"model", "verify"}).text, "no model is installed\n");
  EXPECT_EQ(run({"model", "verify", "kokoro-82m"}).exit, 4);
}

TEST_F(Commands, RemoveAsksAndWithNobodyThereWantsYes) {
  EXPECT_EQ(run({"model", "remove", "kokoro-82m", "--yes"}).exit, 4);
  record();
  EXPECT_EQ(run({"model", "remove", "kokoro-82m"}).exit, 2);
  EXPECT_TRUE(fs::exists(home_ / "data/models/kokoro-82m"));
  EXPECT_EQ(run({"model", "remove", "kokoro-82m", "--yes"}).exit, 0);
  EXPECT_FALSE(fs::exists(home_ / "data/models/kokoro-82m"));
}

TEST_F(Commands, VoiceListShowsLanguageSexAndWhyAVoiceIsNotServed) {
  const std::string text = run({"voice", "list"}).text;
  EXPECT_THAT(text, testing::ContainsRegex("af_heart +kokoro-82m +en-US +female +yes, default"));
  EXPECT_THAT(text, testing::ContainsRegex("bm_george +kokoro-82m +en-GB +male +yes"));
  EXPECT_THAT(text, testing::ContainsRegex("jf_alpha +kokoro-82m +ja +female +no: espeak-ng's Japanese"));
  const auto json = nlohmann::json::parse(run({"voice", "list", "--model", "kokoro-82m", "--json"}).text);
  EXPECT_EQ(json.size(), 54u);
  EXPECT_EQ(json.at(0).at("served"), true);
}

TEST_F(Commands, BrokenSettingsAreNamed) {
  write_file(home_ / "config.yaml", "voise: x\n");
  const Outcome outcome = run({"voice", "list"});
  EXPECT_EQ(outcome.exit, 5);
  EXPECT_THAT(outcome.error, HasSubstr("config.yaml:1: unknown key 'voise'"));
}

}  // namespace
}  // namespace lectern::cli
