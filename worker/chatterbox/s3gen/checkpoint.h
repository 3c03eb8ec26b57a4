// The tensors of s3gen_meanflow.safetensors that narrating needs, under the names of the network.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "worker/weights/state.h"

namespace lectern::chatterbox::s3gen {

inline constexpr char kCheckpointName[] = "s3gen_meanflow.safetensors";

// True for the tokenizer and the speaker encoder, which only make voices from recordings (enrolment/).
bool belongs_to_enrolment(const std::string& name);

// `stored` (kept by reference) without the enrolment's tensors, weight norm folded.
std::unique_ptr<weights::TensorSource> narration_tensors(const weights::TensorSource& stored);

// `stored` (kept by reference): only the enrolment's tensors, less the counters of training.
std::unique_ptr<weights::TensorSource> enrolment_tensors(const weights::TensorSource& stored);

}  // namespace lectern::chatterbox::s3gen
