#include "worker/chatterbox/t3_decoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "config/fault.h"

namespace lectern::chatterbox {

namespace {
constexpr int64_t kSilence = 4299, kSilences = 3;
}

T3Decoder::T3Decoder(const T3& model, int64_t slots, int64_t capacity, int64_t longest_prefix)
    : model_(model), cache_(model.cache(slots, capacity, longest_prefix)) {
  for (int64_t slot = slots; slot-- > 0;) free_.push_back(slot);
}

// The token drawn from these logits, nothing when none can be.
std::optional<int64_t> T3Decoder::next_token(const Running& running, at::Tensor logits) const {
  logits = logits.clone();
  const std::span<float> values(logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    throw Fault(Exit::internal, "the speech network gave logits that are not finite numbers");
  }
  static constexpr int64_t start[] = {kStartSpeech};  // the history before the first token, and only then
  const auto& tokens = running.tokens;
  process_logits(values, tokens.empty() ? std::span<const int64_t>(start) : std::span<const int64_t>(tokens),
                 running.request.sampling);
  const auto step = static_cast<int64_t>(tokens.size());
  const auto token =
      draw(values, running.request.draws ? running.request.draws(step) : seeded_draws(running.request.seed, step));
  return token < 0 ? std::nullopt : std::optional(token);
}

void T3Decoder::admit(TokenRequest request) {
  if (free_.empty()) throw Fault(Exit::internal, "no slot is free for another text");
  DecodeRow row{.prefix = request.prefix, .slot = free_.back(), .length = 0, .token = 0};
  // The last token drawn is never read.
  const auto needed = static_cast<int64_t>(request.text_tokens.size()) + request.most_tokens;
  if (needed > cache_.capacity || request.prefix->length + needed > GPT2Model::kPositions) {
    throw Fault(Exit::bad_input, "a text of " + std::to_string(request.text_tokens.size()) + " tokens with up to " +
                                     std::to_string(request.most_tokens) + " of speech is too long");
  }
  const at::Tensor logits = model_.prefill(row, request.text_tokens, cache_);
  Running running{.request = std::move(request), .tokens = {}};
  // The reference does not look for the stop token here, and reads it like any other.
  if (const auto token = next_token(running, logits)) {
    running.tokens.push_back(*token);
    row.token = *token;
  } else {
    running.finished = true;
  }
  if (static_cast<int64_t>(running.tokens.size()) >= running.request.most_tokens) running.finished = true;
  free_.pop_back();
  rows_.push_back(std::move(row));
  running_.push_back(std::move(running));
}

std::vector<SpeechTokens> T3Decoder::step() {
  std::vector<SpeechTokens> finished = take_finished();
  if (rows_.empty()) return finished;
  const at::Tensor logits = model_.step(rows_, cache_);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    Running& running = running_[i];
    const auto token = next_token(running, logits[static_cast<int64_t>(i)]);
    if (token) running.tokens.push_back(rows_[i].token = *token);
    running.finished =
        !token || *token == kStopSpeech || static_cast<int64_t>(running.tokens.size()) >= running.request.most_tokens;
  }
  for (SpeechTokens& tokens : take_finished()) finished.push_back(std::move(tokens));
  return finished;
}

std::vector<SpeechTokens> T3Decoder::take_finished() {
  std::vector<SpeechTokens> finished;
  for (std::size_t i = running_.size(); i-- > 0;) {
    if (!running_[i].finished) continue;
    SpeechTokens result{.ticket = running_[i].request.ticket, .tokens = std::move(running_[i].tokens)};
    result.stopped = !result.tokens.empty() && result.tokens.back() == kStopSpeech;
    if (result.stopped) result.tokens.pop_back();
    finished.push_back(std::move(result));
    release(i);
  }
  return finished;
}

void T3Decoder::release(std::size_t row) {
  free_.push_back(rows_[row].slot);
  rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(row));
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(row));
}

bool T3Decoder::drop(std::uint64_t ticket) {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (running_[i].request.ticket != ticket) continue;
    release(i);
    return true;
  }
  return false;
}

std::vector<int64_t> codes_of(const std::vector<int64_t>& tokens) {
  std::vector<int64_t> codes;
  std::copy_if(tokens.begin(), tokens.end(), std::back_inserter(codes), [](int64_t id) { return id < kStartSpeech; });
  codes.insert(codes.end(), kSilences, kSilence);
  return codes;
}

}  // namespace lectern::chatterbox
