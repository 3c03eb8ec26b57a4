// The engine as its process sees it. Cases that speak need the real model: LECTERN_KOKORO_MODEL names its folder.
#include "worker/kokoro/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>

#include "config/fault.h"
#include "worker/engine_environment.h"
#include "worker/kokoro/voices.h"

namespace lectern::kokoro {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A host whose requests are all known beforehand.
class FakeHost : public SpeechHost {
 public:
  void ask(std::string text, std::string voice = "af_heart", double speed = 1.0, std::uint64_t seed = 5) {
    waiting_.push_back({next_ticket_++, std::move(text), std::move(voice), speed, seed});
  }
  void cancel_after(std::uint64_t ticket, int questions) { patience_[ticket] = questions; }

  std::optional<SpeechRequest> next() override {
    const std::scoped_lock hold(lock_);
    if (waiting_.empty()) return std::nullopt;
    auto request = waiting_.front();
    waiting_.pop_front();
    return request;
  }
  std::optional<SpeechRequest> next_if_any() override { return next(); }
  bool cancelled(std::uint64_t ticket) const override {
    const std::scoped_lock hold(lock_);
    ++questions_[ticket];
    if (ticket == breaks_at) throw std::bad_alloc();  // as a device that runs out of memory does
    const auto found = patience_.find(ticket);
    return found != patience_.end() && questions_[ticket] > found->second;
  }
  void spoken(std::uint64_t ticket, Speech speech) override {
    const std::scoped_lock hold(lock_);
    EXPECT_TRUE(speeches.emplace(ticket, std::move(speech)).second);
  }
  void failed(std::uint64_t ticket, SpeechFailure failure) override {
    const std::scoped_lock hold(lock_);
    EXPECT_TRUE(failures.emplace(ticket, std::move(failure)).second);
  }
  int questions(std::uint64_t ticket) const { return questions_[ticket]; }

  std::uint64_t breaks_at = 0;
  std::map<std::uint64_t, Speech> speeches;
  std::map<std::uint64_t, SpeechFailure> failures;

 private:
  mutable std::mutex lock_;
  std::deque<SpeechRequest> waiting_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, int> patience_;
  mutable std::map<std::uint64_t, int> questions_;
};

class KokoroEngine : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("LECTERN_KOKORO_MODEL");
    if (folder == nullptr || *folder == '\0') GTEST_SKIP() << "LECTERN_KOKORO_MODEL names no model folder";
    options_.model_folder = folder;
    options_.threads = 2;
  }
  EngineOptions options_;
  FakeHost host_;
};

double loudness(const Speech& speech) {
  double sum = 0;
  for (const float s : speech.samples) sum += static_cast<double>(s) * s;
  return std::sqrt(sum / static_cast<double>(speech.samples.size()));
}

TEST(KokoroEngineFaults, NameTheFolderWithoutAModel) {
  try {
    make_engine({.model_folder = "/nonexistent/model"});
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("/nonexistent/model"));
  }
}

TEST(KokoroEngineFaults, NameAnUnknownDeviceAndPrecision) {
  for (const char* device : {"tpu", "cuda:x", "", "meta"}) {
    EXPECT_THROW(make_engine({.model_folder = "/nonexistent", .device = device}), Fault) << device;
  }
  EXPECT_THROW(make_engine({.model_folder = "/nonexistent", .precision = "int4"}), Fault);
}

TEST(KokoroVoices, SayWhyALanguageIsNotServed) {
  EXPECT_EQ(language_of("af_heart"), "en-us");
  EXPECT_EQ(language_of("bm_george"), "en-gb");
  EXPECT_EQ(language_of("pf_dora"), "pt-br");
  for (const char* voice : {"jf_alpha", "zm_yunxi"}) {
    try {
      language_of(voice);
      FAIL();
    } catch (const Fault& fault) {
      EXPECT_THAT(fault.what(), HasSubstr("espeak-ng does not give the phonemes"));
    }
  }
  EXPECT_THROW(language_of("x_nobody"), Fault);
  EXPECT_THROW(language_of(""), Fault);
}

TEST(EngineEnvironment, IsMissedWhenItWasNotSet) {
  for (const auto& [name, value] : engine_environment("cpu", 3)) setenv(name.c_str(), value.c_str(), 1);
  EXPECT_THAT(engine_environment_warnings("cpu", 3), IsEmpty());
  unsetenv("OPENBLAS_NUM_THREADS");
  EXPECT_THAT(engine_environment_warnings("cpu", 3), ::testing::ElementsAre(HasSubstr("OPENBLAS_NUM_THREADS=1")));
}

TEST(EngineEnvironment, LeavesAProcessorKernelThatSomebodyChose) {
  setenv("OPENBLAS_CORETYPE", "Haswell", 1);
  for (const auto& [name, value] : engine_environment("cpu", 1)) {
    if (name == "OPENBLAS_CORETYPE") {
      EXPECT_EQ(value, "Haswell");
    }
  }
  unsetenv("OPENBLAS_CORETYPE");
}

TEST_F(KokoroEngine, SpeaksSeveralSegmentsAndFailsOnlyThoseThatCannotBeSpoken) {
  host_.ask("Is it really over?");            // 1
  host_.ask(" ... ");                         // 2: nothing to speak
  host_.ask("Hello.", "af_nobody");           // 3
  host_.ask("Hello.", "jf_alpha");            // 4
  host_.ask("Hello.", "../voices/af_heart");  // 5
  host_.ask("Hello.", "af_heart", 0.0);       // 6
  host_.ask("Hello there.", "bm_george");     // 7
  const auto engine = make_engine(options_);
  EXPECT_EQ(engine->facts().engine, "kokoro");
  EXPECT_EQ(engine->facts().sample_rate_hz, 24000);
  engine->run(host_);

  ASSERT_EQ(host_.speeches.size(), 2u);
  ASSERT_EQ(host_.failures.size(), 5u);
  for (const auto& [ticket, failure] : host_.failures) {
    EXPECT_FALSE(failure.retryable) << ticket;
    EXPECT_THAT(failure.reason, ::testing::Not(IsEmpty()));
  }
  const Speech& speech = host_.speeches.at(1);
  EXPECT_EQ(speech.sample_rate_hz, 24000);
  EXPECT_EQ(speech.notes.at("phonemes"), "ɪz ɪt ɹˈiəli ˈOvəɹ?");
  EXPECT_EQ(speech.samples.size(), 43800u);
  EXPECT_TRUE(std::all_of(speech.samples.begin(), speech.samples.end(), [](float s) { return std::abs(s) <= 1; }));
  EXPECT_GT(loudness(speech), 0.02);
  EXPECT_LT(loudness(speech), 0.2);
}

TEST_F(KokoroEngine, SpeaksTheSameAloneAndInCompany) {
  options_.threads = 1;
  host_.ask("He waited, counting: one, two.");
  make_engine(options_)->run(host_);
  FakeHost company;
  company.ask("The kettle whistled while she read.");
  company.ask("He waited, counting: one, two.");
  company.ask("Is it really over?");
  options_.threads = 2;
  make_engine(options_)->run(company);
  EXPECT_EQ(host_.speeches.at(1).samples, company.speeches.at(2).samples);
}

TEST_F(KokoroEngine, ObeysSeedAndSpeed) {
  host_.ask("Is it really over?", "af_heart", 1.0, 5);
  host_.ask("Is it really over?", "af_heart", 1.0, 6);
  host_.ask("Is it really over?", "af_heart", 2.0, 5);
  make_engine(options_)->run(host_);
  EXPECT_NE(host_.speeches.at(1).samples, host_.speeches.at(2).samples);
  EXPECT_EQ(host_.speeches.at(1).samples.size(), host_.speeches.at(2).samples.size());
  EXPECT_LT(host_.speeches.at(3).samples.size(), host_.speeches.at(1).samples.size() * 2 / 3);
}

TEST_F(KokoroEngine, StopsACancelledSegmentAndSaysNothingOfIt) {
  host_.ask("The quick brown fox jumps over the lazy dog.");
  host_.ask("Is it really over?");
  host_.cancel_after(1, 3);
  make_engine(options_)->run(host_);
  EXPECT_EQ(host_.questions(1), 4);
  EXPECT_EQ(host_.speeches.count(1) + host_.failures.count(1), 0u);
  EXPECT_EQ(host_.speeches.count(2), 1u);
  EXPECT_GT(host_.questions(2), 40);  // asked often enough to stop within a second or two
}

TEST_F(KokoroEngine, EndsWhenMemoryRunsOutAndBlamesNoSegment) {
  host_.ask("Is it really over?");
  for (int i = 0; i < 6; ++i) host_.ask("Yes.");
  host_.breaks_at = 1;
  const auto engine = make_engine(options_);
  EXPECT_THROW(engine->run(host_), std::bad_alloc);
  EXPECT_TRUE(host_.failures.empty());
  EXPECT_LT(host_.speeches.size(), 6u);  // the other lane did not go on to the end
}

TEST_F(KokoroEngine, CutsAVeryLongSegmentIntoPieces) {
  std::string text;
  for (int i = 0; i < 9; ++i) text += "The old lighthouse keeper climbed the winding stairs, counting every step. ";
  host_.ask(text, "af_heart", 2.0);
  make_engine(options_)->run(host_);
  const Speech& speech = host_.speeches.at(1);
  EXPECT_EQ(speech.notes.at("pieces"), 2);
  EXPECT_GT(speech.samples.size(), 24000u * 15);
}

}  // namespace
}  // namespace lectern::kokoro
