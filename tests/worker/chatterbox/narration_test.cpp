// The engine's loop with a tiny T3 and the full S3Gen, on synthetic weights: they babble, which is what the guards are
// for.
#include "worker/chatterbox/narration.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "config/fault.h"
#include "config/file.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "tests/cli/temporary_folder.h"
#include "tests/worker/chatterbox/s3gen_model.h"
#include "tests/worker/chatterbox/tiny_t3.h"
#include "tests/worker/chatterbox/tokenizer_folder.h"
#include "worker/chatterbox/conds.h"
#include "worker/chatterbox/enrolment/enroller.h"
#include "worker/weights/safetensors.h"

namespace lectern::chatterbox {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr float kStopsSometimes = 10, kNeverStops = -100;

class FakeHost : public SpeechHost {
 public:
  std::uint64_t ask(std::string text, std::uint64_t seed = 5, double speed = 1, std::string voice = kBuiltInVoice) {
    waiting_.push_back({++tickets_, std::move(text), std::move(voice), speed, seed});
    return tickets_;
  }
  void cancel_after(std::uint64_t ticket, int questions) { patience_[ticket] = questions; }
  void cancel_all_after(int questions) { patience_with_all_ = questions; }

  std::optional<SpeechRequest> next() override { return next_if_any(); }
  std::optional<SpeechRequest> next_if_any() override {
    if (waiting_.empty()) return std::nullopt;
    SpeechRequest request = std::move(waiting_.front());
    waiting_.pop_front();
    return request;
  }
  bool cancelled(std::uint64_t ticket) const override {
    const auto found = patience_.find(ticket);
    if (found != patience_.end()) return --found->second < 0;
    return patience_with_all_ && --*patience_with_all_ < 0;
  }
  // How often it was asked although everything had been cancelled.
  int asked_in_vain() const { return std::max(0, -patience_with_all_.value_or(0)); }
  void spoken(std::uint64_t ticket, Speech speech) override {
    EXPECT_TRUE(speeches.emplace(ticket, std::move(speech)).second);
  }
  void failed(std::uint64_t ticket, SpeechFailure failure) override {
    EXPECT_TRUE(failures.emplace(ticket, std::move(failure)).second);
  }

  std::map<std::uint64_t, Speech> speeches;
  std::map<std::uint64_t, SpeechFailure> failures;

 private:
  std::deque<SpeechRequest> waiting_;
  mutable std::map<std::uint64_t, int> patience_;
  mutable std::optional<int> patience_with_all_;
  std::uint64_t tickets_ = 0;
};

// A model with a folder of its own.
class Model {
 public:
  explicit Model(float stop) : t3(load(stop)), tokenizer(folder()) {
    short_voice().save(folder() / "conds.safetensors");
  }
  const fs::path& folder() {
    if (!fs::exists(folder_.path() / "vocab.json")) write_tokenizer_folder(folder_.path());
    return folder_.path();
  }
  Voices& voices() {
    if (!voices_) voices_ = std::make_unique<Voices>(folder(), recorded, readers());
    return *voices_;
  }
  // A voice as it is kept that was made from a recording for this model.
  void record_voice(const std::string& name) {
    write_file(
        folder() / "installed.json",
        R"({"model":"tiny","source":"here","files":[{"path":"s3gen_meanflow.safetensors","bytes":1,"sha256":"one"},)"
        R"({"path":"ve.safetensors","bytes":1,"sha256":"two"}]})");
    recorded = folder_.path() / "voices";
    fs::create_directories(recorded / name);
    write_recorded_voice(recorded / name, {name, "its recording", name + ".wav", 1, {}});
    Conditionals voice = short_voice();
    voice.t3.speaker_emb = parity::filled(name, {1, 256}, 0, 0.1);
    voice.gen.embedding = parity::filled(name + " sounds", {1, 192}, 0, 1);
    voice.save(recorded / name / (folder().filename().string() + ".safetensors"),
               {{"recording_sha256", "its recording"},
                {"model_files_sha256", sha256("one\ntwo\n")},
                {"enrolment_revision", std::to_string(enrolment::kRevision)}});
  }
  VoiceReaders readers() { return {*t3, synthetic_s3gen(), tokenizer, "float32"}; }
  void speak(FakeHost& host, NarrationOptions options = {}) {
    Narration(*t3, synthetic_s3gen(), tokenizer, voices(), options, host).run();
  }

 private:
  // With a prompt of a quarter of a second, of which S3Gen is not slowed down.
  static Conditionals short_voice() {
    Conditionals voice;
    voice.t3.speaker_emb = parity::filled("speaker", {1, 256}, 0, 0.1);
    voice.t3.cond_prompt_speech_tokens = parity::filled("prompt", {1, 20}, 3000, 3000).to(at::kLong);
    voice.gen.prompt_token = parity::filled("tokens", {1, 6}, 3000, 3000).to(at::kLong);
    voice.gen.prompt_feat = parity::filled("feat", {1, 12, 80}, -5, 3);
    voice.gen.embedding = parity::filled("embedding", {1, 192}, 0, 1);
    return voice;
  }
  static std::unique_ptr<const T3> load(float stop) {
    const c10::InferenceMode inference;
    const auto manifest = tiny_manifest();
    return T3::load(parity::SyntheticSource(manifest, "test", stopping_head(manifest, "test", stop)), kTiny,
                    {.threads = 2});
  }
  TemporaryFolder folder_;

 public:
  const std::unique_ptr<const T3> t3;
  const Tokenizer tokenizer;
  fs::path recorded;

 private:
  std::unique_ptr<Voices> voices_;
};

class NarrationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    at::set_num_threads(2);
    stopping = std::make_unique<Model>(kStopsSometimes);
    babbling = std::make_unique<Model>(kNeverStops);
  }
  static void TearDownTestSuite() {
    stopping.reset();
    babbling.reset();
  }
  const c10::InferenceMode inference_;
  FakeHost host_;
  static std::unique_ptr<Model> stopping, babbling;
};
std::unique_ptr<Model> NarrationTest::stopping, NarrationTest::babbling;

TEST_F(NarrationTest, FailsWhatCannotBeSpokenAloneWithTheReason) {
  std::string many;
  for (int i = 0; i < 280; ++i) many += "語";
  struct Case {
    std::uint64_t ticket;
    const char* reason;
  };
  const Case cases[] = {
      {host_.ask(" ... !"), "nothing that can be spoken"},
      {host_.ask(""), "nothing that can be spoken"},
      {host_.ask("Hello.", 5, 1, "nobody"), "no voice loaded: the model has no voice 'nobody'"},
      {host_.ask("Hello.", 5, 0), "speed 0.000000"},
      {host_.ask(many), "tokens, the model reads at most 400; it was made for English"},
  };
  const auto fine = host_.ask("Yes.");
  stopping->speak(host_);
  for (const Case& c : cases) {
    ASSERT_TRUE(host_.failures.contains(c.ticket)) << c.reason;
    EXPECT_THAT(host_.failures[c.ticket].reason, HasSubstr(c.reason));
    EXPECT_FALSE(host_.failures[c.ticket].retryable);
  }
  EXPECT_TRUE(host_.speeches.contains(fine));
}

TEST_F(NarrationTest, SpeaksWithItsOwnVoiceAndARecordedOneSideBySide) {
  Model model(kStopsSometimes);
  model.record_voice("anna");
  const auto own = host_.ask("Yes, he said."), anna = host_.ask("Yes, he said.", 5, 1, "anna"),
             again = host_.ask("Yes, he said.", 5, 1, "anna");
  model.speak(host_);
  ASSERT_EQ(host_.speeches.size(), 3u) << (host_.failures.empty() ? "" : host_.failures.begin()->second.reason);
  EXPECT_EQ(host_.speeches[anna].samples, host_.speeches[again].samples);
  EXPECT_NE(host_.speeches[anna].samples, host_.speeches[own].samples);
  const auto kept = model.recorded / "anna" / (model.folder().filename().string() + ".safetensors");
  EXPECT_TRUE(weights::SafetensorsFile(kept).metadata().contains("tokens_per_character.float32"))
      << "its pace is learned once";
}

TEST_F(NarrationTest, SaysThatNoVoiceIsLoadedWhenTheFolderHasNone) {
  TemporaryFolder empty;
  Voices voices(empty.path(), {}, stopping->readers());
  EXPECT_FALSE(voices.has_built_in());
  try {
    voices.find(kBuiltInVoice);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_THAT(fault.what(), HasSubstr("no voice loaded: " + empty.path().string() + " has no conds.pt"));
    EXPECT_THAT(fault.hint(), HasSubstr("lectern model pull"));
  }
}

TEST_F(NarrationTest, SpeaksTheSameAloneAndInCompany) {
  const std::string text = "Nobody knew how long.";
  host_.ask(text);
  stopping->speak(host_, {.rows = 1, .tries = 2});
  FakeHost company;
  company.ask("One.");
  company.ask("The door was open.", 7);
  const auto same = company.ask(text), other_seed = company.ask(text, 6);
  company.ask("Two of them.");
  stopping->speak(company, {.rows = 3, .tries = 2});
  EXPECT_EQ(company.speeches.size(), 5u);
  EXPECT_EQ(company.speeches[same].samples, host_.speeches[1].samples);
  EXPECT_EQ(company.speeches[same].notes, host_.speeches[1].notes);
  EXPECT_NE(company.speeches[other_seed].samples, host_.speeches[1].samples);
}

TEST_F(NarrationTest, WaitsForSeveralTakesToVocodeThemTogether) {
  FakeHost together;
  for (FakeHost* host : {&host_, &together})
    for (const char* text : {"One.", "Two.", "Three."}) host->ask(text);
  stopping->speak(host_, {.tries = 1});
  stopping->speak(together, {.vocoded_together = 2, .tries = 1});
  ASSERT_EQ(together.speeches.size(), 3u);
  for (const auto& [ticket, speech] : together.speeches) EXPECT_EQ(speech.samples, host_.speeches.at(ticket).samples);
}

TEST_F(NarrationTest, EndsABabbleInBoundedTimeAndFlagsIt) {
  const auto ticket = host_.ask("No, he said.");
  babbling->speak(host_);
  const Speech& speech = host_.speeches.at(ticket);
  EXPECT_EQ(speech.notes.at("tries").size(), 3u);
  EXPECT_THAT(speech.notes.at("flagged").dump(), HasSubstr("no_stop"));
  EXPECT_EQ(speech.notes.at("watermark"), "none");
  EXPECT_LT(speech.samples.size(), 24000u * 5);
  int kept = 0;
  for (const auto& attempt : speech.notes.at("tries")) {
    EXPECT_FALSE(attempt.at("verdicts").at("no_stop").at("passed"));
    kept += attempt.at("kept").get<bool>();
    EXPECT_EQ(attempt.at("verdicts").contains("clipping"), attempt.at("kept").get<bool>());
  }
  EXPECT_EQ(kept, 1);
}

TEST_F(NarrationTest, WhatIsKeptWithoutAFlagHasPassedEveryGuard) {
  for (int seed = 0; seed < 3; ++seed) host_.ask("Nobody was there.", seed);
  stopping->speak(host_);
  ASSERT_EQ(host_.speeches.size(), 3u);
  for (const auto& [ticket, speech] : host_.speeches) {
    bool all = true;
    for (const auto& attempt : speech.notes.at("tries")) {
      if (!attempt.at("kept")) continue;
      EXPECT_EQ(attempt.at("verdicts").size(), 10u);
      for (const auto& verdict : attempt.at("verdicts")) all = all && verdict.at("passed");
    }
    EXPECT_EQ(all, !speech.notes.contains("flagged")) << speech.notes.dump(1);
    EXPECT_TRUE(std::all_of(speech.samples.begin(), speech.samples.end(), [](float s) { return std::abs(s) <= 1; }));
  }
}

TEST_F(NarrationTest, ACancelledSegmentLeavesItsRowAndSaysNothing) {
  const auto unwanted = host_.ask("The quick brown fox jumps over the lazy dog and runs on.");
  const auto wanted = host_.ask("Yes.");
  host_.cancel_after(unwanted, 10);
  babbling->speak(host_, {.rows = 2});
  EXPECT_FALSE(host_.speeches.contains(unwanted) || host_.failures.contains(unwanted));
  EXPECT_TRUE(host_.speeches.contains(wanted));
}

TEST_F(NarrationTest, SegmentsThatAreCancelledTogetherStopAtOnceWhereverTheyAre) {
  bool spoken = false;
  for (int patience = 4; !spoken; patience *= 2) {
    ASSERT_LT(patience, 100'000);
    FakeHost host;
    for (const char* text : {"Yes, he did.", "No, she did."}) host.ask(text);
    host.cancel_all_after(patience);
    stopping->speak(host, {.vocoded_together = 2, .tries = 1});
    EXPECT_TRUE(host.failures.empty());
    EXPECT_LE(host.asked_in_vain(), 8) << patience;
    spoken = host.speeches.size() == 2;
  }
}

TEST_F(NarrationTest, ObeysTheSpeed) {
  const auto slow = host_.ask("Yes, he did."), fast = host_.ask("Yes, he did.", 5, 2);
  NarrationOptions once{.tries = 1};
  babbling->speak(host_, once);
  const double ratio = double(host_.speeches[slow].samples.size()) / double(host_.speeches[fast].samples.size());
  EXPECT_NEAR(ratio, 2, 0.05);
}

TEST_F(NarrationTest, ConvertsTheVoiceOnceAndRemembersItsPace) {
  TemporaryFolder folder;
  const fs::path converted = folder.path() / "conds.safetensors";
  fs::copy_file(TEST_DATA "/chatterbox/sample_conds.pt", folder.path() / "conds.pt");
  const auto load = [&] {
    Voices voices(folder.path(), {}, babbling->readers());
    return voices.find(kBuiltInVoice)->pace;
  };
  EXPECT_FALSE(load().learned);
  const auto facts = weights::SafetensorsFile(converted).metadata();
  EXPECT_EQ(facts.at("tokens_per_character.float32"), "unknown") << "a babbler has no pace";
  EXPECT_EQ(facts.at("conds_sha256").size(), 64u);
  const auto before = fs::last_write_time(converted);
  EXPECT_FALSE(load().learned);
  EXPECT_EQ(fs::last_write_time(converted), before);

  std::ofstream(converted) << "broken";  // made again from what it was made of
  load();
  EXPECT_EQ(weights::SafetensorsFile(converted).metadata(), facts);

  auto known = facts;
  known["tokens_per_character.float32"] = "2.500000";
  Conditionals::load(folder.path() / "conds.pt").save(converted, known);
  EXPECT_DOUBLE_EQ(load().tokens_per_character, 2.5);
}

TEST_F(NarrationTest, TellsWhatIsWrongWithAVoiceFile) {
  TemporaryFolder folder;
  folder.file("conds.pt", "not an archive");
  Voices voices(folder.path(), {}, babbling->readers());
  try {
    voices.find(kBuiltInVoice);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("conds.pt"));
    EXPECT_EQ(fault.exit(), Exit::bad_input);
  }
}

}  // namespace
}  // namespace lectern::chatterbox
