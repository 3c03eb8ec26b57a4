#include "tests/parity/synthetic_checkpoints.h"

#include <ATen/ATen.h>

#include "worker/chatterbox/enrolment/spectra.h"

namespace lectern::parity {

SyntheticSource synthetic_s3gen_checkpoint(const std::string& seed) {
  using namespace chatterbox::enrolment;
  return {read_manifest(TEST_DATA "/chatterbox/s3gen_meanflow.manifest"),
          seed,
          {{"tokenizer._mel_filters", slaney_filters(16000, 400, 128, 8000)},
           {"tokenizer.window", hann_window(400).to(at::kFloat)}}};
}

SyntheticSource synthetic_ve_checkpoint(const std::string& seed) {
  return {read_manifest(TEST_DATA "/chatterbox/ve.manifest"), seed};
}

}  // namespace lectern::parity
