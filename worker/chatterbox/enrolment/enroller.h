// A recording -> the conditionals of a voice (reference: prepare_conditionals in tts_turbo.py and embed_ref in
// s3gen.py). Holds only the networks that making a voice needs: the tokenizer, CAMPPlus and the voice encoder; 530 MB,
// on the processor, so that making a voice takes no device memory from narration.
//
// Immutable after loading; call inside c10::InferenceMode.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "worker/chatterbox/conds.h"
#include "worker/chatterbox/enrolment/s3tokenizer.h"
#include "worker/chatterbox/enrolment/voice_encoder.h"
#include "worker/chatterbox/enrolment/xvector.h"
#include "worker/chatterbox/s3gen/s3gen.h"

namespace lectern::chatterbox::enrolment {

// Raised whenever the same recording and model would give other conditionals.
inline constexpr int kRevision = 1;
inline constexpr double kLeastSeconds = 5;  // a recording must be longer

struct Enroller {
  S3Tokenizer tokenizer;
  CAMPPlus speaker_encoder;
  VoiceEncoder voice_encoder;
  Enroller(weights::State& s3gen, weights::State& ve);

  // Reads s3gen_meanflow.safetensors and ve.safetensors of a model folder; Fault tells everything that does not fit.
  static std::unique_ptr<const Enroller> load(const std::filesystem::path& folder);
  // The same from the tensors of such files.
  static std::unique_ptr<const Enroller> load(const weights::TensorSource& s3gen, const weights::TensorSource& ve);

  // For the flow: samples [n] at 24 kHz -> tokens [1, t], bands [1, 2t or 2t + 1, 80], speaker [1, 192].
  s3gen::RefDict embed_ref(const at::Tensor& wav24k, const s3gen::Watcher& watch = s3gen::no_watcher) const;

  // Everything, from mono samples at 24 kHz: their loudness is brought to -27 LUFS; T3 hears the first 15 s, the flow
  // the first 10 s, the voice encoder all. Throws Fault(bad_input) unless they are longer than 5 s.
  Conditionals prepare_conditionals(std::span<const float> wav24k,
                                    const s3gen::Watcher& watch = s3gen::no_watcher) const;
};

}  // namespace lectern::chatterbox::enrolment
