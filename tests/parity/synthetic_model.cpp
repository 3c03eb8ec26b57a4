// synthetic_model FOLDER: writes the files of chatterbox-nano, or chatterbox-turbo, with weights that are filled by a
// rule, full size. It babbles: good for trying the whole product without the official files.
#include <CLI/CLI.hpp>

#include "config/fault.h"
#include "tests/parity/synthetic_checkpoints.h"
#include "tests/worker/chatterbox/tokenizer_folder.h"
#include "worker/chatterbox/enrolment/voice_encoder.h"
#include "worker/chatterbox/s3gen/checkpoint.h"
#include "worker/chatterbox/t3.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
const fs::path kData = fs::path(TEST_DATA) / "chatterbox";

constexpr char kSeed[] = "cbx0";

int synthetic_model(int argc, char** argv) {
  CLI::App app("Writes a chatterbox-nano or chatterbox-turbo with synthetic weights.");
  std::string folder;
  bool half = false, turbo = false;
  app.add_option("FOLDER", folder, "is made when it is not there")->required();
  app.add_flag("--bfloat16", half, "half the size on disk; the network computes with what it reads");
  app.add_flag("--turbo", turbo, "chatterbox-turbo instead of chatterbox-nano");
  CLI11_PARSE(app, argc, argv);
  const auto type = half ? weights::ElementType::bfloat16 : weights::ElementType::float32;
  chatterbox::write_tokenizer_folder(folder);
  const parity::SyntheticSource t3(parity::read_manifest(kData / (turbo ? "t3_turbo.manifest" : "t3_nano.manifest")),
                                   kSeed);
  const fs::path here = folder;
  parity::write_synthetic(here / (turbo ? chatterbox::kTurbo : chatterbox::kNano).file, t3, type);
  parity::write_synthetic(here / chatterbox::s3gen::kCheckpointName, parity::synthetic_s3gen_checkpoint(kSeed), type);
  parity::write_synthetic(here / chatterbox::enrolment::kVoiceEncoderName, parity::synthetic_ve_checkpoint(kSeed),
                          type);
  fs::copy_file(kData / "sample_conds.pt", here / "conds.pt", fs::copy_options::overwrite_existing);
  return 0;
}

}  // namespace
}  // namespace lectern

int main(int argc, char** argv) { return lectern::run_main(lectern::synthetic_model, argc, argv); }
