// The second half of Chatterbox (reference: s3gen.py, S3Token2Wav with mean flow): speech tokens and a voice ->
// samples.
//
// Immutable after loading and safe to use from several threads at once; call inside c10::InferenceMode.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "worker/chatterbox/s3gen/flow.h"
#include "worker/chatterbox/s3gen/hifigan.h"

namespace lectern::chatterbox::s3gen {

inline constexpr int kSampleRateHz = 24000;
// What tts_turbo.py puts behind the tokens of T3 (of which it drops those from 6561 on): three times silence.
inline constexpr int64_t kSilenceToken = 4299;
inline constexpr int kSilenceTokens = 3;

// A voice as it is stored (ref_dict, `gen` in conds.pt); a leading dimension of 1 is accepted everywhere.
struct RefDict {
  at::Tensor prompt_token;  // [n] whole numbers in 0..6560
  at::Tensor prompt_feat;   // [m, 80], m = 2n or 2n + 1
  at::Tensor embedding;     // [192]
};

// A voice with everything computed that is the same in every take.
struct Voice {
  CausalMaskedDiffWithXvec::Prompt prompt;
};

struct Utterance {
  std::vector<int64_t> tokens;  // 0..6560, at least one
  const Voice* voice = nullptr;
  std::uint64_t seed = 0;
  double speed = 1;  // 1.25 speaks faster: the mel spectrogram is stretched, pitch stays
};

struct Options {
  at::Device device = at::kCPU;
  // What the flow computes in: float32, or bfloat16 or float16 on a device. Pitch, source and vocoder are float32.
  at::ScalarType flow = at::kFloat;
  // Utterances whose flow is computed together when they are similarly long. It pays on a device only. A take differs
  // from that of the utterance alone as much as float32 rounds differently.
  std::size_t rows_together = 1;
};

struct S3Token2Wav {
  CausalMaskedDiffWithXvec flow;
  HiFTGenerator mel2wav;
  S3Token2Wav(weights::State& state, const Options& options);

  // Reads s3gen_meanflow.safetensors of a model folder; Fault tells everything that does not fit.
  static std::unique_ptr<const S3Token2Wav> load(const std::filesystem::path& folder, const Options& options);
  // The same from the tensors of such a file.
  static std::unique_ptr<const S3Token2Wav> load(const weights::TensorSource& stored, const Options& options);

  // Throws Fault(bad_input) naming `name` when the tensors are no voice.
  std::unique_ptr<const Voice> voice(const RefDict& ref, const std::string& name) const;

  // Samples of each utterance, [960 a token] float32 on the CPU, 480 less where the voice's prompt has an odd frame; of
  // another speed so many times less or more, in whole frames of 480.
  // Same utterance, model and options: same samples. Throws Fault(bad_input) for tokens out of range.
  std::vector<at::Tensor> speak(std::span<const Utterance> utterances, const Watcher& watch = no_watcher) const;

  // Mel spectrogram [F, 80] -> take; the noise comes from the seed.
  at::Tensor vocode(const at::Tensor& mel, std::uint64_t seed, const Watcher& watch) const;

  at::Device device() const { return device_; }

 private:
  at::Device device_;
  std::size_t rows_together_;
};

// The one step between vocoder and take: [S] samples -> [S]. Silences and fades in the first 40 ms, where the end of
// the prompt may be heard. A watermark would be put in here; there is none yet.
at::Tensor finished_take(const at::Tensor& samples);

}  // namespace lectern::chatterbox::s3gen
