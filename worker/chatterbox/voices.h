// The voices of a loaded model, each with everything computed that is the same in all of its takes: the keys and values
// of T3's prefix, the front of the flow, and how fast it speaks. One thread; call inside c10::InferenceMode.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

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
  Voices(std::filesystem::path folder, const VoiceReaders& readers);

  bool has_built_in() const;
  // Loads the voice when it is first asked for. Throws Fault(not_found) "no voice loaded" when the model's folder has
  // none of that name, and Fault(bad_input) naming the file and the tensor that does not fit.
  const LoadedVoice& find(const std::string& name);

 private:
  LoadedVoice load_built_in() const;

  std::filesystem::path folder_;
  VoiceReaders readers_;
  std::map<std::string, LoadedVoice> loaded_;
};

// Has the voice speak a few fixed sentences with fixed seeds, so that its pace is the same at every load. `learned` is
// false when it does not speak them in a believable time.
Pace learn_pace(const T3& t3, const Tokenizer& tokenizer, const std::shared_ptr<const VoicePrefix>& prefix);

}  // namespace lectern::chatterbox
