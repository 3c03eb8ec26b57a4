// T3: text tokens -> speech tokens (reference: models/t3/t3.py, modules/cond_enc.py). Turbo and Nano differ in size
// only.
//
// A sequence is [speaker vector | prompt tokens | text | start token | speech so far]. The first two are the voice's
// prefix. Weights are immutable; calls from several threads are safe as long as each has a KvCache of its own. Call
// inside c10::InferenceMode.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "worker/chatterbox/gpt2.h"
#include "worker/chatterbox/t3_cache.h"

namespace lectern::chatterbox {

struct T3Size {
  const char* file;  // in the model's folder
  int64_t n_layer, n_embd;
  int64_t n_head() const { return n_embd / kHeadSize; }
};
inline constexpr T3Size kTurbo{"t3_turbo_v1.safetensors", 24, 1024}, kNano{"t3_nano_v1.safetensors", 12, 768};

inline constexpr int64_t kTextTokens = 50276, kSpeechTokens = 6563, kSpeakerSize = 256;
inline constexpr int64_t kStartSpeech = 6561, kStopSpeech = 6562;

struct T3Options {
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;  // float32, bfloat16 or float16; packed weights of half the size are float16
  int threads = 1;                   // on a processor
  bool packed = true;                // on a processor: false computes with libtorch alone, as devices do
};

struct T3CondEnc {
  at::Tensor spkr_enc_weight, spkr_enc_bias;  // spkr_enc.*
  T3CondEnc(const Scope& scope, int64_t dim, const Arithmetic& arithmetic);
};

class T3 {
 public:
  // Reads the one of the two files that the folder has. Throws Fault: not_found for neither; bad_input for both, with
  // everything that does not fit the network, or with the name of a tensor that holds NaN.
  static std::unique_ptr<const T3> load(const std::filesystem::path& folder, const T3Options& options);
  static std::unique_ptr<const T3> load(const weights::TensorSource& source, const T3Size& size,
                                        const T3Options& options);

  const T3Size& size() const { return size_; }
  bool packed() const { return team_ != nullptr; }
  ThreadTeam* team() const { return team_.get(); }
  // Bytes that one step must read of the weights.
  std::size_t step_bytes() const;

  // speaker_emb [1, 256]; prompt: tokens [1, P] int64, or their embeddings [1, P, dim].
  std::shared_ptr<const VoicePrefix> prefix(const at::Tensor& speaker_emb, const at::Tensor& prompt) const;
  KvCache cache(int64_t slots, int64_t capacity, int64_t longest_prefix) const;

  // Reads the text and the start token into the row's slot from its beginning; row.length is what it then holds.
  // Gives the logits of the first speech token, [6563] float32 on the CPU. Throws Fault when it does not fit.
  at::Tensor prefill(DecodeRow& row, const std::vector<int64_t>& text_tokens, KvCache& cache,
                     const HiddenWatcher& watch = nullptr) const;
  // Reads every row's token and adds one to its length -> logits [rows, 6563] float32 on the CPU. A row's logits do
  // not depend on the other rows (packed arithmetic; elsewhere up to the rounding of another order of sums).
  at::Tensor step(std::vector<DecodeRow>& rows, KvCache& cache) const;

  // As the reference has them, for comparing: [1 + P, dim] without positions, and text and start token [T + 1, dim].
  at::Tensor prefix_embeds(const at::Tensor& speaker_emb, const at::Tensor& prompt) const;
  at::Tensor text_embeds(const std::vector<int64_t>& text_tokens) const;

 private:
  T3(weights::State& state, const T3Size& size, std::unique_ptr<ThreadTeam> team, const Arithmetic& arithmetic);
  at::Tensor read(const at::Tensor& embeds, const VoicePrefix* prefix, std::vector<at::Tensor>& keys,
                  std::vector<at::Tensor>& values, const HiddenWatcher& watch) const;
  at::Tensor step_packed(const std::vector<DecodeRow>& rows, KvCache& cache) const;
  at::Tensor step_libtorch(const std::vector<DecodeRow>& rows, KvCache& cache) const;
  at::Tensor logits(const at::Tensor& hidden) const;
  at::Device device() const { return speech_emb.device(); }

  T3Size size_;
  std::unique_ptr<ThreadTeam> team_;
  GPT2Model tfmr;
  T3CondEnc cond_enc;
  at::Tensor text_emb, speech_emb;                  // text_emb.weight, speech_emb.weight
  at::Tensor speech_head_weight, speech_head_bias;  // speech_head.*; unset when packed
  PackedMatrix speech_head;
};

}  // namespace lectern::chatterbox
