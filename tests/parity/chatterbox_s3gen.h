// `parity chatterbox --golden FILE` for the recorded stages of S3Gen: flow, hift and s3gen_end_to_end.
#pragma once

#include <memory>
#include <string>

#include "tests/parity/golden.h"
#include "worker/chatterbox/s3gen/s3gen.h"

namespace lectern::parity {

// Whether the file's stage is one of S3Gen's.
bool is_s3gen_stage(const Golden& golden);

// weights: "synthetic" (filled by the rule, with the seed `seed`) or a model's folder.
std::unique_ptr<const chatterbox::s3gen::S3Token2Wav> load_s3gen(const std::string& weights, const std::string& seed,
                                                                 const chatterbox::s3gen::Options& options);

// Runs every case of the file and reports a line a stage. Limits: ten times the error that float32 made in the
// reference, as the file states it. Call inside c10::InferenceMode.
void compare_s3gen(const chatterbox::s3gen::S3Token2Wav& model, const Golden& golden, Report& report);
// The same with a model of its own; weights as above, with the file's seed.
void compare_s3gen(const Golden& golden, const std::string& weights, const chatterbox::s3gen::Options& options,
                   Report& report);

}  // namespace lectern::parity
