// The voices of a loaded model, each with everything computed that is the same in all of its takes: the keys and values
// of T3's prefix, the front of the flow, and how fast it speaks. One thread; call inside c10::InferenceMode.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <string>

#include "worker/chatterbox/enrolment/kept_conditionals.h"
#include "worker/chatterbox/guards.h"
#include "worker/chatterbox/s3gen/s3gen.h"
#include "worker/chatterbox/t3.h"
#include "worker/chatterbox/tokenizer.h"

namespace lectern::chatterbox {

// The voice that comes with the model, in conds.pt. It is converted once to conds.safetensors beside it, which also
// holds the pace; where that cannot be written, every load does it again.
inline constexpr char kBuiltInVoice[] = "built-in";

struct LoadedVoice {
  std::shared_ptr<const VoicePrefix> prefix;
  std::unique_ptr<const s3gen::Voice> timbre;
  Pace pace;
};

// Networks and tokenizer are kept by reference.
struct VoiceReaders {
  const T3& t3;
  const s3gen::S3Token2Wav& s3gen;
  const Tokenizer& tokenizer;
  std::string precision;  // a pace is that of one arithmetic
};

class Voices {
 public:
  // `model`: the model's folder; `recorded`: that of the voices made from recordings (may be empty).
  Voices(std::filesystem::path model, std::filesystem::path recorded, const VoiceReaders& readers);

  bool has_built_in() const;
  // Loads the voice when it is first asked for; the eight that were asked for last stay loaded. A recorded voice gets
  // its conditionals made here when it has none that fit the model's files. Throws Fault(not_found) "no voice loaded"
  // when there is none of that name, and Fault(bad_input) naming the file and the tensor that does not fit.
  std::shared_ptr<const LoadedVoice> find(const std::string& name);

 private:
  struct Entry {
    std::string name, recording;  // the SHA-256 of what a recorded voice is made of
    std::shared_ptr<const LoadedVoice> voice;
  };
  LoadedVoice load_own(const std::string& name) const;
  LoadedVoice load_recorded(const std::string& name) const;
  LoadedVoice loaded(KeptConditionals kept, const std::string& name) const;

  std::filesystem::path model_, recorded_;
  VoiceReaders readers_;
  std::list<Entry> loaded_;  // the last asked for first
};

// Has the voice speak a few fixed sentences with fixed seeds, so that its pace is the same at every load. `learned` is
// false when it does not speak them in a believable time.
Pace learn_pace(const T3& t3, const Tokenizer& tokenizer, const std::shared_ptr<const VoicePrefix>& prefix);

}  // namespace lectern::chatterbox
