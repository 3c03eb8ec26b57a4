#include "tests/parity/chatterbox_t3.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "config/fault.h"
#include "tests/parity/synthetic_weights.h"
#include "worker/chatterbox/t3_decoder.h"

namespace lectern::parity {

namespace {

using namespace chatterbox;

// Ten times the error that float32 arithmetic was measured to make in the reference.
constexpr double kLogitsTolerance = 9e-5;

std::vector<int64_t> ids(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kLong).contiguous();
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

at::Tensor tensor_of(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

std::unique_ptr<const T3> model_for(const Golden& golden, const std::string& weights, const T3Options& options) {
  if (weights != "synthetic") return T3::load(weights, options);
  const std::string file = golden.text("weight_file");
  for (const T3Size& size : {kTurbo, kNano}) {
    if (file + ".safetensors" != size.file) continue;
    const std::string manifest = TEST_DATA "/chatterbox/" + file.substr(0, file.size() - 3) + ".manifest";
    return T3::load(SyntheticSource(read_manifest(manifest), golden.text("weight_seed")), size, options);
  }
  throw Fault(Exit::bad_input, "unknown weight_file '" + file + "'");
}

SamplingSettings settings_of(const nlohmann::json& json) {
  return {.temperature = json.at("temperature"),
          .top_k = json.at("top_k"),
          .top_p = json.at("top_p"),
          .repetition_penalty = json.at("repetition_penalty")};
}

Exponential recorded_draws(const at::Tensor& q) {
  return [q](int64_t id) { return q.data_ptr<float>()[id]; };
}

std::vector<int64_t> spoken(const T3& model, TokenRequest request) {
  T3Decoder decoder(model, 1, static_cast<int64_t>(request.text_tokens.size()) + request.most_tokens,
                    request.prefix->length);
  decoder.admit(std::move(request));
  std::vector<SpeechTokens> finished;
  while (finished.empty()) finished = decoder.step();
  return finished[0].tokens;
}

void compare_case(const T3& model, const Golden& golden, const std::string& name, Report& report) {
  const auto in = [&](const char* what) { return golden.tensor(name + ".in." + what); };
  const auto out = [&](const char* what) { return golden.tensor(name + ".out." + what); };
  const auto stage = [&](const char* what) { return name + "." + what; };
  const at::Tensor speaker = in("speaker_emb"), prompt = in("cond_prompt_speech_tokens");
  const std::vector<int64_t> text = ids(in("text_tokens"));

  const at::Tensor before = model.prefix_embeds(speaker, prompt), behind = model.text_embeds(text);
  // The speaker, the first and last of the prompt, the first and last of the text, the start token.
  const at::Tensor embeds =
      at::stack({before[0], before[1], before[-1], behind[0], behind[-2], behind[-1]}).to(at::kCPU, at::kFloat);
  report.largest_error(stage("cond_spkr"), embeds[0], out("cond_spkr"), 1e-5);
  report.largest_error(stage("input_embeds_first_last"), embeds, out("input_embeds_first_last"), 1e-5);

  const auto prefix = model.prefix(speaker, prompt);
  KvCache cache = model.cache(2, static_cast<int64_t>(text.size()) + 100, prefix->length);
  DecodeRow row{.prefix = prefix, .slot = 1};
  std::vector<at::Tensor> hidden;
  std::vector<at::Tensor> logits{
      model.prefill(row, text, cache, [&](const at::Tensor& x) { hidden.push_back(x[-1].to(at::kCPU, at::kFloat)); })};
  for (const int64_t token : ids(in("teacher_tokens"))) {
    row.token = token;
    std::vector<DecodeRow> rows{row};
    logits.push_back(model.step(rows, cache)[0]);
    row = rows[0];
  }
  if (golden.has(name + ".out.hidden_last_position")) {
    report.largest_error(stage("hidden_last_position"), at::stack(hidden), out("hidden_last_position"), 1e-4);
  }
  report.largest_error(stage("logits"), at::stack(logits), out("logits"), kLogitsTolerance);

  const auto compare_tokens = [&](const char* what, const std::function<Exponential(int64_t)>& draws) {
    const at::Tensor wanted = out(what);
    const auto tokens = spoken(model, {.prefix = prefix,
                                       .text_tokens = text,
                                       .sampling = settings_of(nlohmann::json::parse(golden.text("sampling_params"))),
                                       .most_tokens = wanted.numel(),
                                       .draws = draws});
    report.equal(stage(what), tensor_of(tokens), wanted);
  };
  compare_tokens("greedy_tokens", [](int64_t) { return [](int64_t) { return 1.0f; }; });
  const std::string kind = golden.text("weight_file").find("turbo") != std::string::npos ? "turbo" : "nano";
  compare_tokens("sampled_tokens", [&](int64_t step) {
    return recorded_draws(exponential(fmt::format("noise:s:t3:{}:{}:q{}", kind, name, step), kSpeechTokens));
  });
}

}  // namespace

void compare_t3(const Golden& golden, const std::string& weights, const T3Options& options, Report& report) {
  const c10::InferenceMode inference;
  const auto model = model_for(golden, weights, options);
  for (const char* name : {"a", "b"}) compare_case(*model, golden, name, report);
}

void compare_logits_processors(const Golden& golden, Report& report) {
  const auto cases = nlohmann::json::parse(golden.text("cases"));
  for (const auto& [name, parameters] : cases.items()) {
    const auto out = [&](const char* what) { return golden.tensor(name + ".out." + what); };
    at::Tensor logits = golden.tensor(name + ".in.logits").clone();
    const std::span<float> values(logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
    process_logits(values, ids(golden.tensor(name + ".in.history")), settings_of(parameters));
    const at::Tensor wanted = out("processed_logits");
    report.equal(name + ".kept", logits.isfinite(), wanted.isfinite());
    report.largest_error(name + ".processed_logits", logits.nan_to_num(), wanted.nan_to_num(), 0);
    const int64_t token = draw(values, recorded_draws(golden.tensor(name + ".in.q").contiguous()));
    report.equal(name + ".argmax", logits.argmax().view({1}), out("argmax"));
    softmax(values);
    report.largest_error(name + ".probs", logits, out("probs"), 1e-6);
    report.equal(name + ".token", tensor_of({token}), out("token"));
  }
}

}  // namespace lectern::parity
