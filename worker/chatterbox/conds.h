// What the networks know of a voice (reference: Conditionals in tts_turbo.py): conds.pt as published, and the same as
// safetensors, into which it is converted once.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace lectern::chatterbox {

struct Conditionals {
  struct {
    at::Tensor speaker_emb;                // [1, 256]
    at::Tensor cond_prompt_speech_tokens;  // [1, n] int64, n <= 375; may be empty when the embedding is there
    at::Tensor cond_prompt_speech_emb;     // [1, n, dim] of one network, or undefined
    // What T3::prefix takes: the tokens, which every network can read, else the embedding.
    const at::Tensor& prompt() const {
      return cond_prompt_speech_tokens.defined() ? cond_prompt_speech_tokens : cond_prompt_speech_emb;
    }
  } t3;
  struct {
    at::Tensor prompt_token;  // [1, n] int64
    at::Tensor prompt_feat;   // [1, m, 80], m = 2n or 2n + 1
    at::Tensor embedding;     // [1, 192]
  } gen;

  // A .pt or a .safetensors file. Throws Fault naming the file and the tensor that is missing or does not fit.
  static Conditionals load(const std::filesystem::path& file);
  // Written beside its place and renamed. `metadata` stands in the file's header.
  void save(const std::filesystem::path& safetensors, const std::map<std::string, std::string>& metadata = {}) const;
};

}  // namespace lectern::chatterbox
