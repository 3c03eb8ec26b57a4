// Tokens and a voice to samples: what is refused, and what a take may depend on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fault.h"
#include "tests/worker/chatterbox/s3gen_model.h"
#include "worker/chatterbox/s3gen/noise.h"

namespace lectern::chatterbox::s3gen {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<int64_t> some_tokens(std::uint64_t seed, int64_t count) {
  const at::Tensor ids = uniform_noise(seed, Draw::flow_state, count, at::kCPU).add_(1).mul_(3280).to(at::kLong);
  return {ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + count};
}

RefDict some_voice(std::uint64_t seed, int64_t tokens, int64_t odd_frames = 0) {
  return {at::tensor(some_tokens(seed, tokens), at::kLong),
          normal_noise(seed, Draw::source_noise, (2 * tokens + odd_frames) * kMelBands, at::kCPU).view({-1, kMelBands}),
          normal_noise(seed, Draw::source_phase, 192, at::kCPU)};
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : 1e9;
}

class S3Gen : public testing::Test {
 protected:
  const c10::InferenceMode inference_;
  const S3Token2Wav& model_ = synthetic_s3gen();

  std::string refusal_of_voice(const RefDict& ref) {
    try {
      model_.voice(ref, "anna");
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "taken";
  }
  std::string refusal_of_tokens(std::vector<int64_t> tokens) {
    const auto voice = model_.voice(some_voice(1, 10), "anna");
    const Utterance utterance{.tokens = std::move(tokens), .voice = voice.get()};
    try {
      model_.speak({&utterance, 1});
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "taken";
  }
};

TEST_F(S3Gen, RefusesTensorsThatAreNoVoice) {
  RefDict ref = some_voice(1, 10);
  ref.prompt_feat = ref.prompt_feat.slice(0, 0, 19);
  EXPECT_THAT(refusal_of_voice(ref), AllOf(HasSubstr("anna"), HasSubstr("[19, 80]"), HasSubstr("10 prompt tokens")));
  ref = some_voice(1, 10, 2);
  EXPECT_THAT(refusal_of_voice(ref), HasSubstr("[22, 80]"));
  ref = some_voice(1, 10);
  ref.prompt_token[3] = 6561;
  EXPECT_THAT(refusal_of_voice(ref), HasSubstr("0..6560"));
  ref = some_voice(1, 10);
  ref.embedding = at::ones({191});
  EXPECT_THAT(refusal_of_voice(ref), HasSubstr("[191]"));
  ref = some_voice(1, 10);
  ref.embedding = ref.embedding / 0.0;
  EXPECT_THAT(refusal_of_voice(ref), HasSubstr("not numbers"));
  ref.embedding = at::Tensor();
  EXPECT_THAT(refusal_of_voice(ref), HasSubstr("no embedding"));
  ref = some_voice(1, 10);
  ref.prompt_token = at::empty({0}, at::kLong);
  EXPECT_THAT(refusal_of_voice(ref), HasSubstr("prompt_token"));
}

TEST_F(S3Gen, RefusesTokensThatAreNoSpeech) {
  EXPECT_THAT(refusal_of_tokens({}), HasSubstr("no speech tokens"));
  EXPECT_THAT(refusal_of_tokens({1, 6561}), HasSubstr("6561"));
  EXPECT_THAT(refusal_of_tokens({-1}), HasSubstr("-1"));
}

TEST_F(S3Gen, GivesNineHundredAndSixtySamplesATokenAndHalfLessForAnOddPrompt) {
  const auto even = model_.voice(some_voice(1, 10), "even"), odd = model_.voice(some_voice(1, 10, 1), "odd");
  const std::vector<Utterance> utterances = {{some_tokens(2, 7), even.get(), 3}, {some_tokens(2, 7), odd.get(), 3}};
  const auto takes = model_.speak(utterances);
  EXPECT_EQ(takes[0].numel(), 7 * 960);
  EXPECT_EQ(takes[1].numel(), 7 * 960 - 480);
  EXPECT_TRUE(at::isfinite(takes[0]).all().item<bool>());
  EXPECT_EQ(takes[0].slice(0, 0, 480).abs().max().item<float>(), 0);
  EXPECT_GT(takes[0].slice(0, 960).abs().max().item<float>(), 0.01);
}

TEST_F(S3Gen, SpeaksASingleTokenWithAPromptOfOne) {
  const auto voice = model_.voice(some_voice(1, 1, 1), "short");
  const Utterance utterance{{5}, voice.get(), 3};
  EXPECT_EQ(model_.speak({&utterance, 1})[0].numel(), 480);
}

TEST_F(S3Gen, SameSeedSameTakeAndAnotherSeedAnother) {
  const auto voice = model_.voice(some_voice(1, 12), "anna");
  const auto take = [&](std::uint64_t seed) {
    const Utterance utterance{some_tokens(2, 9), voice.get(), seed};
    return model_.speak({&utterance, 1})[0];
  };
  const at::Tensor first = take(3);
  EXPECT_TRUE(first.equal(take(3)));
  EXPECT_GT(largest_difference(first, take(4)), 0.01);
}

TEST_F(S3Gen, ATakeDoesNotDependOnWhatIsSpokenInTheSameCall) {
  const auto voice = model_.voice(some_voice(1, 12), "anna");
  const std::vector<Utterance> both = {{some_tokens(2, 9), voice.get(), 3}, {some_tokens(5, 8), voice.get(), 4}};
  EXPECT_TRUE(model_.speak(both)[1].equal(model_.speak({&both[1], 1})[0]));
}

TEST_F(S3Gen, RowsOfSeveralLengthsAndVoicesTogetherGiveWhatEachGivesAlone) {
  const auto anna = model_.voice(some_voice(1, 12), "anna"), bert = model_.voice(some_voice(2, 15, 1), "bert");
  std::vector<CausalMaskedDiffWithXvec::Row> rows;
  for (const auto& [voice, count] : {std::pair{anna.get(), 20}, {bert.get(), 16}, {anna.get(), 3}}) {
    const int64_t frames = 2 * (voice->prompt.tokens + count);
    rows.push_back({&voice->prompt, at::tensor(some_tokens(count, count), at::kLong),
                    normal_noise(count, Draw::flow_state, frames * kMelBands, at::kCPU).view({frames, kMelBands})});
  }
  const auto together = model_.flow.inference(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_LT(largest_difference(together[i], model_.flow.inference({&rows[i], 1})[0]), 2.3e-5) << i;
  }
}

TEST_F(S3Gen, WhatIsKeptOfAPromptGivesTheSameFrontAsTheWholeRow) {
  const UpsampleConformerEncoder& encoder = model_.flow.encoder;
  const auto embedded = [&](std::uint64_t seed, int64_t count) {
    return model_.flow.input_embedding.forward(at::tensor(some_tokens(seed, count), at::kLong)).unsqueeze(0);
  };
  for (const int64_t prompt : {1, 2, 4, 5, 6, 40}) {
    for (const int64_t fresh : {1, 2, 30}) {
      const at::Tensor a = embedded(1, prompt), b = embedded(2, fresh);
      const at::Tensor whole = encoder.pre_lookahead_layer.forward(encoder.embed.forward(at::cat({a, b}, 1)), 0);
      EXPECT_LT(largest_difference(encoder.front(encoder.prompt(a), b), whole), 1e-3) << prompt << " + " << fresh;
    }
  }
}

TEST_F(S3Gen, AThrowingWatcherEndsTheCall) {
  struct Stop {};
  const auto voice = model_.voice(some_voice(1, 12), "anna");
  const Utterance utterance{some_tokens(2, 9), voice.get(), 3};
  int stages = 0;
  const auto watch = [&](const char*, const at::Tensor&) {
    if (++stages == 20) throw Stop{};
  };
  EXPECT_THROW(model_.speak({&utterance, 1}, watch), Stop);
}

TEST(FinishedTake, IsSilentForTwentyMillisecondsThenFadesInForTwenty) {
  const at::Tensor take = finished_take(at::ones({2000}));
  EXPECT_EQ(take.slice(0, 0, 481).abs().max().item<float>(), 0);
  EXPECT_NEAR(take[720].item<float>(), 0.5, 0.01);
  EXPECT_EQ(take.slice(0, 959).min().item<float>(), 1);
}

}  // namespace
}  // namespace lectern::chatterbox::s3gen
