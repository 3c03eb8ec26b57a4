// Conditionals are made once, and again when what they were made from changes. The model here has only the tensors of
// enrolment; without its weights nothing can be made, which shows when something would be.
#include "worker/chatterbox/enrolment/kept_conditionals.h"

#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/fault.h"
#include "config/file.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "tests/cli/temporary_folder.h"
#include "tests/parity/synthetic_checkpoints.h"
#include "tests/worker/audio/voice_sound.h"
#include "worker/chatterbox/enrolment/voice_encoder.h"
#include "worker/chatterbox/s3gen/checkpoint.h"

namespace lectern::chatterbox::enrolment {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class KeptVoice : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(model_);
    fs::create_directories(voice_);
    audio::write_flac(voice_ / kVoiceRecording, audio::voice(5.5), 24000);
    write_recorded_voice(voice_, {"anna", sha256_file(voice_ / kVoiceRecording), "anna.wav", 1, {}});
    record("one");
  }
  // What the model's record says of the file that enrolment reads.
  void record(const std::string& hash) {
    write_file(model_ / "installed.json",
               R"({"model":"nano","source":"here","files":[{"path":"s3gen_meanflow.safetensors","bytes":1,"sha256":")" +
                   hash + R"("},{"path":"ve.safetensors","bytes":1,"sha256":"two"}]})");
  }
  void write_weights() {
    const auto whole = parity::synthetic_s3gen_checkpoint("cbx0");
    parity::Manifest manifest = whole.manifest();
    std::erase_if(manifest, [](const auto& entry) { return !s3gen::belongs_to_enrolment(entry.name); });
    for (auto& entry : manifest)
      if (entry.type == weights::ElementType::float32) entry.type = weights::ElementType::bfloat16;
    weights::write_safetensors(model_ / s3gen::kCheckpointName, manifest,
                               [&](const auto& entry) { return whole.read(entry.name); });
    parity::write_synthetic(model_ / kVoiceEncoderName, parity::synthetic_ve_checkpoint("cbx0"));
  }
  void remove_weights() {
    fs::remove(model_ / s3gen::kCheckpointName);
    fs::remove(model_ / kVoiceEncoderName);
  }
  KeptConditionals ask() {
    const c10::InferenceMode inference;
    return kept_conditionals(voice_, model_);
  }
  std::string refusal() {
    try {
      ask();
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "nothing was refused";
  }

  TemporaryFolder folder_;
  const fs::path model_ = folder_.path() / "nano", voice_ = folder_.path() / "anna";
  const fs::path file_ = voice_ / "nano.safetensors";
};

TEST_F(KeptVoice, IsMadeOnceAndAgainOnlyWhenWhatItCameFromChanged) {
  write_weights();
  const KeptConditionals made = ask();
  remove_weights();
  ASSERT_TRUE(fs::exists(file_));
  KeptConditionals kept = ask();
  EXPECT_TRUE(kept.conds.t3.speaker_emb.equal(made.conds.t3.speaker_emb));
  EXPECT_TRUE(kept.conds.t3.cond_prompt_speech_tokens.equal(made.conds.t3.cond_prompt_speech_tokens));
  EXPECT_TRUE(kept.conds.gen.prompt_feat.equal(made.conds.gen.prompt_feat));

  kept.facts["learned"] = "something";  // what is learned of a voice stays with it
  kept.keep();
  EXPECT_EQ(ask().facts.at("learned"), "something");

  const std::string whole = read_file(file_);
  record("another");
  EXPECT_THAT(refusal(), HasSubstr("ve.safetensors")) << "another model must be asked";
  record("one");
  write_file(file_, whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refusal(), HasSubstr("ve.safetensors")) << "damaged conditionals are made again";
  write_file(file_, "no safetensors at all");
  EXPECT_THAT(refusal(), HasSubstr("ve.safetensors"));
  write_file(file_, whole);
  EXPECT_EQ(ask().facts.at("learned"), "something");
}

TEST_F(KeptVoice, IsRefusedWhenItsRecordingIsDamagedOrGone) {
  write_file(voice_ / kVoiceRecording, read_file(voice_ / kVoiceRecording) + "x");
  EXPECT_THAT(refusal(), HasSubstr("voice 'anna' is damaged"));
  fs::remove(voice_ / kVoiceRecording);
  EXPECT_THAT(refusal(), HasSubstr("voice 'anna' is damaged"));
  write_file(voice_ / kVoiceRecord, "{");
  EXPECT_THAT(refusal(), HasSubstr("voice.json is damaged"));
}

}  // namespace
}  // namespace lectern::chatterbox::enrolment
