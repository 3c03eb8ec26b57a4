// `parity chatterbox --golden FILE` for the recorded stages of making a voice: ve, s3tokenizer, campplus, mel24k,
// embed_ref, audio and conditionals.
#pragma once

#include <memory>
#include <string>

#include "tests/parity/golden.h"
#include "worker/chatterbox/enrolment/enroller.h"

namespace lectern::parity {

// Whether the file's stage is one of these.
bool is_enrolment_stage(const Golden& golden);

// weights: "synthetic" (filled by the rule, with the seed `seed`) or a model's folder.
std::unique_ptr<const chatterbox::enrolment::Enroller> load_enroller(const std::string& weights,
                                                                     const std::string& seed);

// Runs every case of the file and reports a line a stage. Limits: ten times the error that float32 made in the
// reference, as the file states it; tokens must be equal. Call inside c10::InferenceMode.
void compare_enrolment(const chatterbox::enrolment::Enroller& networks, const Golden& golden, Report& report);
// The same with networks of its own; weights as above, with the file's seed.
void compare_enrolment(const Golden& golden, const std::string& weights, Report& report);

}  // namespace lectern::parity
