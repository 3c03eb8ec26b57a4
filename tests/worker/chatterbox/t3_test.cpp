#include "worker/chatterbox/t3.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "config/fault.h"
#include "tests/worker/chatterbox/tiny_t3.h"
#include "worker/chatterbox/t3_decoder.h"
#include "worker/weights/checkpoint_file.h"

namespace lectern::chatterbox {
namespace {

namespace fs = std::filesystem;
using parity::Manifest;
using parity::SyntheticSource;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const weights::TensorSource& source, const T3Size& size = kTiny) {
  try {
    T3::load(source, size, {});
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "accepted";
}

struct Voice {
  at::Tensor speaker, prompt;
};
Voice voice(const std::string& name, int64_t tokens) {
  return {parity::filled("speaker " + name, {1, kSpeakerSize}, 0, 0.1),
          parity::filled("prompt " + name, {1, tokens}, 3000, 3000).to(at::kLong)};
}

class T3Test : public testing::Test {
 protected:
  static void SetUpTestSuite() { model = load({.threads = 2}); }
  static void TearDownTestSuite() { model.reset(); }
  static std::unique_ptr<const T3> load(const T3Options& options) {
    return T3::load(SyntheticSource(tiny_manifest(), "test"), kTiny, options);
  }

  static std::shared_ptr<const VoicePrefix> prefix(const std::string& name = "a", int64_t tokens = 50) {
    const auto [speaker, prompt] = voice(name, tokens);
    return model->prefix(speaker, prompt);
  }
  static TokenRequest request(std::uint64_t ticket, int64_t length, int64_t most) {
    TokenRequest request{.ticket = ticket,
                         .prefix = prefix(ticket % 2 ? "a" : "b", 40 + 10 * int64_t(ticket % 2)),
                         .text_tokens = {},
                         .sampling = {},
                         .seed = 100 + ticket,
                         .most_tokens = most,
                         .draws = {}};
    for (int64_t i = 0; i < length; ++i) request.text_tokens.push_back((i * 7919 + int64_t(ticket) * 31) % 50257);
    return request;
  }
  static std::vector<int64_t> alone(TokenRequest request) {
    T3Decoder decoder(*model, 1, 300);
    decoder.admit(std::move(request));
    std::vector<SpeechTokens> finished;
    while (finished.empty()) finished = decoder.step();
    return finished[0].tokens;
  }

  const c10::InferenceMode inference;
  static std::unique_ptr<const T3> model;
};
std::unique_ptr<const T3> T3Test::model;

TEST_F(T3Test, TellsEverythingThatDoesNotFitInOneError) {
  Manifest manifest = tiny_manifest();
  std::erase_if(manifest, [](const auto& entry) { return entry.name == "tfmr.wte.weight"; });
  for (auto& entry : manifest) {
    if (entry.name == "tfmr.h.1.mlp.c_fc.weight") std::swap(entry.shape[0], entry.shape[1]);
    if (entry.name == "tfmr.ln_f.bias") entry.name = "tfmr.ln_f.bais";
    if (entry.name == "speech_head.bias") entry.type = weights::ElementType::int64;
  }
  const std::string what = refusal(SyntheticSource(manifest, "test"));
  EXPECT_THAT(what, HasSubstr("2 missing:"));
  EXPECT_THAT(what, HasSubstr("tfmr.wte.weight [50276, 128]"));
  EXPECT_THAT(what, HasSubstr("tfmr.h.1.mlp.c_fc.weight: [512, 128] instead of [128, 512]"));
  EXPECT_THAT(what, HasSubstr("speech_head.bias: [6563] of whole numbers"));
  EXPECT_THAT(what, HasSubstr("1 unexpected:\n    tfmr.ln_f.bais"));
}

TEST_F(T3Test, RefusesTheWrongModelInTheRightFile) {
  EXPECT_THAT(refusal(SyntheticSource(tiny_manifest(), "test"), {"", 3, 128}), HasSubstr("12 missing"));
}

TEST_F(T3Test, RefusesWeightsThatAreNoNumbersAndNamesTheTensor) {
  for (const char* name :
       {"tfmr.h.0.attn.c_attn.weight", "tfmr.h.1.ln_2.bias", "speech_emb.weight", "speech_head.weight"}) {
    const Manifest manifest = tiny_manifest();
    const auto entry = *std::find_if(manifest.begin(), manifest.end(), [&](const auto& e) { return e.name == name; });
    for (const double value : {double(NAN), double(INFINITY)}) {
      at::Tensor broken = parity::synthetic_tensor("test", entry);
      broken.view({-1})[broken.numel() - 1] = value;
      EXPECT_THAT(refusal(SyntheticSource(manifest, "test", {{name, broken}})),
                  HasSubstr("values that are not finite numbers:\n    " + std::string(name)));
    }
  }
}

TEST_F(T3Test, FindsNoModelInAFolderWithoutOne) {
  try {
    T3::load(testing::TempDir(), {});
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_THAT(fault.what(), HasSubstr("t3_turbo_v1.safetensors"));
  }
}

TEST_F(T3Test, ReadsWeightsInHalfPrecisionFromAFile) {
  const fs::path file = fs::path(testing::TempDir()) / "t3_half.safetensors";
  const SyntheticSource source(tiny_manifest(), "test");
  const auto [speaker, prompt] = voice("a", 50);
  for (const auto type : {weights::ElementType::bfloat16, weights::ElementType::float16}) {
    write_synthetic(file, source, type);
    const auto half = T3::load(weights::CheckpointFile(file), kTiny, {});
    DecodeRow a{.prefix = half->prefix(speaker, prompt)}, b{.prefix = prefix()};
    KvCache cache = half->cache(1, 50, 0);
    const at::Tensor got = half->prefill(a, {1, 2, 3}, cache), full = model->prefill(b, {1, 2, 3}, cache);
    EXPECT_LT((got - full).abs().max().item<double>(), 0.3);
    EXPECT_GT((got - full).abs().max().item<double>(), 0);
  }
  fs::remove(file);
}

TEST_F(T3Test, RefusesATextThatDoesNotFitAndStaysUsable) {
  T3Decoder decoder(*model, 1, 100);
  EXPECT_THROW(decoder.admit(request(1, 60, 50)), Fault);
  EXPECT_EQ(decoder.free_slots(), 1);
  auto wrong = request(1, 20, 10);
  wrong.text_tokens[3] = kTextTokens;
  EXPECT_THROW(decoder.admit(wrong), Fault);
  EXPECT_EQ(decoder.free_slots(), 1);
  EXPECT_NO_THROW(decoder.admit(request(1, 20, 10)));
}

TEST_F(T3Test, GivesTheLogitsOfLibtorchsOwnProductsOnACopiedPrefix) {
  const auto reference = load({.packed = false});
  const auto [speaker, prompt] = voice("a", 50);
  DecodeRow kept{.prefix = prefix()}, copied{.prefix = reference->prefix(speaker, prompt)};
  KvCache cache = model->cache(1, 50, 0), whole = reference->cache(1, 50, 60);
  const std::vector<int64_t> text{5, 6, 7};
  EXPECT_LT((model->prefill(kept, text, cache) - reference->prefill(copied, text, whole)).abs().max().item<double>(),
            1e-4);
  std::vector<DecodeRow> a{kept}, b{copied};
  for (int64_t token = 10; token < 40; ++token) {
    a[0].token = b[0].token = token;
    EXPECT_LT((model->step(a, cache) - reference->step(b, whole)).abs().max().item<double>(), 1e-4) << token;
  }
}

TEST_F(T3Test, SpeaksTheSameTokensAloneAndInCompanyWithRefilledSlots) {
  std::map<std::uint64_t, TokenRequest> waiting;
  for (std::uint64_t i = 1; i <= 11; ++i) waiting.emplace(i, request(i, 5 + int64_t(i) * 3, 10 + int64_t(i * 13 % 40)));
  const auto all = waiting;
  T3Decoder decoder(*model, 4, 300);
  std::map<std::uint64_t, std::vector<int64_t>> spoken;
  std::size_t most_together = 0;
  while (!waiting.empty() || !decoder.idle()) {
    while (decoder.free_slots() > 0 && !waiting.empty()) decoder.admit(waiting.extract(waiting.begin()).mapped());
    most_together = std::max(most_together, std::size_t(4 - decoder.free_slots()));
    for (auto& done : decoder.step()) spoken[done.ticket] = done.tokens;
  }
  EXPECT_EQ(most_together, 4u);
  ASSERT_EQ(spoken.size(), all.size());
  for (const auto& [ticket, one] : all) EXPECT_EQ(spoken[ticket], alone(one)) << ticket;
  EXPECT_NE(spoken[1], spoken[2]);
}

TEST_F(T3Test, SpeaksTheSameTokensWithAnyNumberOfThreads) {
  const auto single = load({.threads = 1}), three = load({.threads = 3});
  const auto [speaker, prompt] = voice("a", 50);
  std::vector<at::Tensor> logits;
  for (const T3* each : {model.get(), single.get(), three.get()}) {
    DecodeRow row{.prefix = each->prefix(speaker, prompt)};
    KvCache cache = each->cache(1, 50, 0);
    each->prefill(row, {5, 6, 7}, cache);
    row.token = 11;
    std::vector<DecodeRow> rows{row};
    logits.push_back(each->step(rows, cache));
  }
  EXPECT_TRUE(logits[0].equal(logits[1]));
  EXPECT_TRUE(logits[0].equal(logits[2]));
}

// Draws that choose one id at one step.
auto forced(int64_t at_step, int64_t id) {
  return [=](int64_t step) -> Exponential {
    return [=](int64_t candidate) { return step == at_step && candidate == id ? 1e-30f : 1.0f; };
  };
}

TEST_F(T3Test, StopsAtTheStopTokenAndLeavesItOut) {
  auto one = request(1, 8, 60);
  one.sampling = {.top_k = 0, .top_p = 1};
  one.draws = forced(5, kStopSpeech);
  T3Decoder decoder(*model, 1, 300);
  decoder.admit(one);
  std::vector<SpeechTokens> finished;
  while (finished.empty()) finished = decoder.step();
  EXPECT_TRUE(finished[0].stopped);
  EXPECT_EQ(finished[0].tokens.size(), 5u);
  EXPECT_EQ(decoder.free_slots(), 1);
}

TEST_F(T3Test, ReadsAStopTokenThatComesFirstLikeAnyOther) {
  auto one = request(1, 8, 20);
  one.sampling = {.top_k = 0, .top_p = 1};
  one.draws = forced(0, kStopSpeech);
  const auto tokens = alone(one);
  EXPECT_EQ(tokens.size(), 20u);
  EXPECT_EQ(tokens[0], kStopSpeech);
  const auto codes = codes_of({kStopSpeech, 5, kStartSpeech, 6560});
  EXPECT_EQ(codes, (std::vector<int64_t>{5, 6560, 4299, 4299, 4299}));
}

TEST_F(T3Test, ForgetsADroppedRowAndGoesOnWithTheOthers) {
  T3Decoder decoder(*model, 2, 300);
  decoder.admit(request(1, 8, 30));
  decoder.admit(request(2, 9, 30));
  decoder.step();
  EXPECT_TRUE(decoder.drop(1));
  EXPECT_FALSE(decoder.drop(1));
  std::vector<SpeechTokens> finished;
  while (finished.empty()) finished = decoder.step();
  EXPECT_EQ(finished[0].tokens, alone(request(2, 9, 30)));
}

TEST_F(T3Test, FollowsFullPrecisionWithHalfPrecisionWeights) {
  const auto half = load({.type = at::kHalf, .threads = 2});
  EXPECT_LT(half->step_bytes(), model->step_bytes() * 0.51);
  const auto [speaker, prompt] = voice("a", 50);
  DecodeRow a{.prefix = half->prefix(speaker, prompt)}, b{.prefix = prefix()};
  KvCache cache = half->cache(1, 50, 0), other = model->cache(1, 50, 0);
  const at::Tensor got = half->prefill(a, {1, 2, 3}, cache), full = model->prefill(b, {1, 2, 3}, other);
  EXPECT_LT(((got - full).norm() / full.norm()).item<double>(), 0.003);
}

TEST_F(T3Test, PacksWhatTheFileHoldsInHalfPrecisionAsItIs) {
  const fs::path file = fs::path(testing::TempDir()) / "t3_float16.safetensors";
  write_synthetic(file, SyntheticSource(tiny_manifest(), "test"), weights::ElementType::float16);
  const auto [speaker, prompt] = voice("a", 50);
  std::vector<at::Tensor> logits;
  for (const auto type : {at::kFloat, at::kHalf}) {
    const auto half = T3::load(weights::CheckpointFile(file), kTiny, {.type = type, .threads = 2});
    DecodeRow row{.prefix = half->prefix(speaker, prompt)};
    KvCache cache = half->cache(1, 50, 0);
    logits.push_back(half->prefill(row, {1, 2, 3}, cache));
  }
  EXPECT_TRUE(logits[0].equal(logits[1]));
  fs::remove(file);
}

TEST_F(T3Test, RefusesAFolderWithBothModels) {
  const fs::path folder = fs::path(testing::TempDir()) / "t3_both";
  fs::create_directories(folder);
  for (const T3Size& size : {kTurbo, kNano}) std::ofstream(folder / size.file) << "x";
  try {
    T3::load(folder, {});
    ADD_FAILURE() << "accepted";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    EXPECT_THAT(fault.what(), HasSubstr("has both t3_turbo_v1.safetensors and t3_nano_v1.safetensors"));
  }
  fs::remove_all(folder);
}

// Files of the right names that are not what their names say, as a user meets them: one Fault that names the file.
TEST_F(T3Test, RefusesFilesThatAreCutShortOrOfAnotherModelByName) {
  const fs::path folder = fs::path(testing::TempDir()) / "t3_wrong";
  fs::create_directories(folder);
  const auto told = [&] {
    try {
      T3::load(folder, {});
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.exit(), Exit::bad_input);
      return std::string(fault.what());
    }
    return std::string("accepted");
  };
  const fs::path file = folder / kNano.file;
  write_synthetic(file, SyntheticSource(tiny_manifest(), "test"), weights::ElementType::bfloat16);
  EXPECT_THAT(told(), AllOf(HasSubstr(file.string() + " does not fit the network"), HasSubstr("120 missing"),
                            HasSubstr("of the wrong shape")));
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_THAT(told(), AllOf(HasSubstr(file.string()), HasSubstr("is the file whole?")));
  std::ofstream(file, std::ios::trunc) << "<html>not found</html>";
  EXPECT_THAT(told(), AllOf(HasSubstr(file.string()), HasSubstr("header")));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace lectern::chatterbox
