// Speech tokens of several texts at a time: rows are decoded together, and a finished row's place is free for the next.
//
// A row's tokens depend on its request alone. Not thread-safe.
#pragma once

#include <functional>
#include <optional>

#include "worker/chatterbox/sampling.h"
#include "worker/chatterbox/t3.h"

namespace lectern::chatterbox {

struct TokenRequest {
  std::uint64_t ticket = 0;
  std::shared_ptr<const VoicePrefix> prefix;
  std::vector<int64_t> text_tokens;
  SamplingSettings sampling;
  std::uint64_t seed = 0;
  int64_t most_tokens = 1001;
  // Instead of the seed's own draws; for comparing with recorded ones.
  std::function<Exponential(int64_t step)> draws;
};

struct SpeechTokens {
  std::uint64_t ticket = 0;
  std::vector<int64_t> tokens;  // as drawn, without the stop token at the end
  bool stopped = false;         // by the stop token, and not by most_tokens
};

class T3Decoder {
 public:
  // `capacity`: positions that a row may take behind its prefix: text, start token, speech.
  T3Decoder(const T3& model, int64_t slots, int64_t capacity, int64_t longest_prefix = 376);

  int64_t free_slots() const { return static_cast<int64_t>(free_.size()); }
  bool idle() const { return running_.empty(); }

  // Reads the text and draws the first token. Needs a free slot. Throws Fault(bad_input) when the text is too long for
  // the capacity, and Fault(internal) when the network gives what is no number; the decoder stays usable.
  void admit(TokenRequest request);
  // One more token for every row -> those that finished, in no order. Throws as admit() does; no row is usable then.
  std::vector<SpeechTokens> step();
  // Forgets a row; false: it is not in work.
  bool drop(std::uint64_t ticket);

 private:
  struct Running {
    TokenRequest request;
    std::vector<int64_t> tokens;
    bool finished = false;
  };
  std::optional<int64_t> next_token(const Running& running, at::Tensor logits) const;
  std::vector<SpeechTokens> take_finished();
  void release(std::size_t row);

  const T3& model_;
  KvCache cache_;
  std::vector<int64_t> free_;
  std::vector<DecodeRow> rows_;  // beside running_
  std::vector<Running> running_;
};

// What the vocoder's first half reads: codes only, and three tokens of silence behind them.
std::vector<int64_t> codes_of(const std::vector<int64_t>& tokens);

}  // namespace lectern::chatterbox
