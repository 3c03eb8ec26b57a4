#include "worker/chatterbox/narration.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cctype>

#include "config/fault.h"
#include "worker/chatterbox/punc_norm.h"

namespace lectern::chatterbox {

namespace {

constexpr double kSlowest = 0.25, kFastest = 4;

struct Cancelled {};  // thrown through the vocoder

bool can_be_spoken(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80 || std::isalnum(c) != 0; });
}

void check(const SpeechRequest& request) {
  if (!can_be_spoken(request.text)) throw Fault(Exit::bad_input, "the text has nothing that can be spoken");
  if (!(request.speed >= kSlowest && request.speed <= kFastest)) {
    throw Fault(Exit::bad_input, "speed " + std::to_string(request.speed) + " is outside 0.25 to 4");
  }
}

std::vector<float> samples_of(const at::Tensor& take) {
  if (!at::isfinite(take).all().item<bool>()) {
    throw Fault(Exit::internal, "the network gave samples that are not numbers");
  }
  const at::Tensor dense = take.contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

}  // namespace

Narration::Narration(const T3& t3, const s3gen::S3Token2Wav& s3gen, const Tokenizer& tokenizer, Voices& voices,
                     const NarrationOptions& options, SpeechHost& host)
    : s3gen_(s3gen),
      tokenizer_(tokenizer),
      tags_(tokenizer.tags()),
      voices_(voices),
      options_(options),
      host_(host),
      decoder_(t3, options.rows, kMostTextTokens + kMostSpeechTokens) {}

void Narration::run() {
  const c10::InferenceMode inference;
  while (fill_rows()) {
    drop_cancelled();
    for (SpeechTokens& result : decoder_.step()) judge(std::move(result));
    const bool full = waiting_.size() >= options_.vocoded_together;
    if (full || (decoder_.idle() && wanted_.empty())) vocode_waiting();
  }
}

// What a segment's own text, voice or settings make impossible fails it alone.
template <typename Step>
void Narration::guarded(std::uint64_t ticket, Step&& step) {
  try {
    step();
  } catch (const Cancelled&) {
    forget(ticket);
  } catch (const Fault& fault) {
    forget(ticket);
    const std::string mend = fault.hint().empty() ? "" : "; " + fault.hint();
    host_.failed(ticket, {.retryable = false, .reason = fault.what() + mend});
  }
}

bool Narration::fill_rows() {
  while (decoder_.free_slots() > 0) {
    if (!wanted_.empty()) {
      auto [ticket, draw] = std::move(wanted_.front());
      wanted_.pop_front();
      guarded(ticket, [&] { admit(ticket, std::move(draw)); });
      continue;
    }
    auto request = segments_.empty() ? host_.next() : host_.next_if_any();
    if (!request) break;
    guarded(request->ticket, [&] { begin(*request); });
  }
  return !segments_.empty();
}

void Narration::begin(SpeechRequest request) {
  check(request);
  auto voice = voices_.find(request.voice);
  const std::uint64_t ticket = request.ticket;
  TakePlan plan(request.text, request.seed, options_.tries);
  for (Draw& draw : plan.begin()) wanted_.emplace_back(ticket, std::move(draw));
  segments_.emplace(ticket, Segment{std::move(request), std::move(voice), std::move(plan)});
}

void Narration::admit(std::uint64_t ticket, Draw draw) {
  const LoadedVoice& voice = *segments_.at(ticket).voice;
  const std::string text = punc_norm(draw.text);
  const auto tokens = tokenizer_.encode(text);
  if (static_cast<int64_t>(tokens.size()) > kMostTextTokens) {
    throw Fault(Exit::bad_input,
                "the text becomes " + std::to_string(tokens.size()) + " tokens, the model reads at most " +
                    std::to_string(kMostTextTokens),
                "it was made for English: narrate other scripts with another model");
  }
  const Band band = band_of(length_of(text, tags_), voice.pace);
  decoder_.admit({.ticket = ++tickets_,
                  .prefix = voice.prefix,
                  .text_tokens = tokens,
                  .sampling = options_.sampling,
                  .seed = draw.seed,
                  .most_tokens = band.cap(),
                  .draws = nullptr});
  rows_.emplace(tickets_, Row{ticket, std::move(draw), band});
}

void Narration::judge(SpeechTokens result) {
  Row row = std::move(rows_.extract(result.ticket).mapped());
  Drawn drawn{.draw = std::move(row.draw), .tokens = std::move(result.tokens), .samples = {}, .verdicts = {}};
  drawn.verdicts = judge_tokens(drawn.tokens, result.stopped, row.band);
  if (all_passed(drawn.verdicts)) {
    waiting_.push_back({row.ticket, std::move(drawn)});
  } else {
    take_in(row.ticket, std::move(drawn));
  }
}

void Narration::vocode_waiting() {
  while (!waiting_.empty()) {
    std::vector<Waiting> group;
    while (!waiting_.empty() && group.size() < options_.vocoded_together) {
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    std::vector<std::pair<std::uint64_t, Drawn*>> together;
    for (Waiting& waiting : group) together.emplace_back(waiting.ticket, &waiting.drawn);
    try {
      if (together.size() > 1) vocode(together);
    } catch (const Cancelled&) {  // nobody wants any of them
      for (const auto& one : together) forget(one.first);
    } catch (const Fault&) {  // of one of them, which is found below
    }
    for (const auto& one : together) {
      if (!one.second->samples.empty() || !segments_.contains(one.first)) continue;
      guarded(one.first, [&] { vocode({one}); });
    }
    for (Waiting& waiting : group) {
      if (segments_.contains(waiting.ticket)) take_in(waiting.ticket, std::move(waiting.drawn));
    }
  }
}

void Narration::vocode(const std::vector<std::pair<std::uint64_t, Drawn*>>& together) {
  std::vector<s3gen::Utterance> utterances;
  for (const auto& [ticket, drawn] : together) {
    const Segment& segment = segments_.at(ticket);
    utterances.push_back({.tokens = codes_of(drawn->tokens),
                          .voice = segment.voice->timbre.get(),
                          .seed = drawn->draw.seed,
                          .speed = segment.request.speed});
  }
  const s3gen::Watcher watch = [&](const char*, const at::Tensor&) {
    const bool unwanted =
        std::all_of(together.begin(), together.end(), [&](auto& t) { return host_.cancelled(t.first); });
    if (unwanted) throw Cancelled{};
  };
  const std::vector<at::Tensor> takes = s3gen_.speak(utterances, watch);
  for (std::size_t i = 0; i < takes.size(); ++i) {
    Drawn& drawn = *together[i].second;
    drawn.samples = samples_of(takes[i]);
    const auto verdicts = judge_samples(drawn.samples, s3gen::kSampleRateHz);
    drawn.verdicts.insert(drawn.verdicts.end(), verdicts.begin(), verdicts.end());
  }
}

void Narration::take_in(std::uint64_t ticket, Drawn drawn) {
  guarded(ticket, [&] {
    Segment& segment = segments_.at(ticket);
    for (Draw& draw : segment.plan.judged(std::move(drawn))) wanted_.emplace_back(ticket, std::move(draw));
    if (segment.plan.decided()) finish(ticket, segment);
  });
}

void Narration::finish(std::uint64_t ticket, Segment& segment) {
  Speech speech{.samples = {}, .sample_rate_hz = s3gen::kSampleRateHz};
  std::size_t tokens = 0;
  for (Drawn* drawn : segment.plan.kept()) {
    if (drawn->samples.empty()) vocode({{ticket, drawn}});
    speech.samples.insert(speech.samples.end(), drawn->samples.begin(), drawn->samples.end());
    tokens += drawn->tokens.size();
  }
  speech.notes = segment.plan.notes();
  speech.notes["watermark"] = "none";
  speech.notes["tokens"] = tokens;
  const Pace& pace = segment.voice->pace;
  speech.notes["pace"] = {{"tokens_per_character", pace.tokens_per_character}, {"learned", pace.learned}};
  segments_.erase(ticket);
  host_.spoken(ticket, std::move(speech));
}

void Narration::drop_cancelled() {
  std::vector<std::uint64_t> unwanted;
  for (const auto& [ticket, segment] : segments_) {
    if (host_.cancelled(ticket)) unwanted.push_back(ticket);
  }
  for (const std::uint64_t ticket : unwanted) forget(ticket);
}

void Narration::forget(std::uint64_t ticket) {
  std::erase_if(wanted_, [&](const auto& wanted) { return wanted.first == ticket; });
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.ticket == ticket; });
  std::erase_if(rows_, [&](const auto& row) {
    const bool its = row.second.ticket == ticket;
    if (its) decoder_.drop(row.first);
    return its;
  });
  segments_.erase(ticket);
}

}  // namespace lectern::chatterbox
