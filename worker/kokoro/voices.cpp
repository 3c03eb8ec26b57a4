#include "worker/kokoro/voices.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "config/fault.h"
#include "config/voice_blend.h"
#include "worker/weights/mapped_file.h"

namespace lectern::kokoro {

namespace {

constexpr int64_t kRows = 510, kColumns = 256;

struct Language {
  char letter;
  const char* spoken_as;  // nullptr: not served
};
constexpr Language kLanguages[] = {{'a', "en-us"}, {'b', "en-gb"}, {'e', "es"},    {'f', "fr"},   {'h', "hi"},
                                   {'i', "it"},    {'p', "pt-br"}, {'j', nullptr}, {'z', nullptr}};

bool well_formed(const std::string& name) {
  return !name.empty() && name.size() < 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

}  // namespace

std::string language_of(const std::string& voice) {
  if (is_blend(voice)) {
    const auto parts = parse_blend(voice);
    const auto lighter = [](const BlendPart& a, const BlendPart& b) { return a.weight < b.weight; };
    return language_of(std::max_element(parts.begin(), parts.end(), lighter)->voice);
  }
  for (const auto& [letter, spoken_as] : kLanguages) {
    if (voice.empty() || voice[0] != letter) continue;
    if (spoken_as != nullptr) return spoken_as;
    throw Fault(Exit::bad_input,
                "voice '" + voice + "' speaks " + (letter == 'j' ? "Japanese" : "Mandarin") +
                    ", for which espeak-ng does not give the phonemes that the voice was trained on",
                "choose a voice of another language");
  }
  throw Fault(Exit::not_found, "unknown voice '" + voice + "'", "lectern voice list shows the voices of the model");
}

at::Tensor Voices::read(const std::string& voice) const {
  const auto path = folder_ / (voice + ".bin");
  if (!well_formed(voice) || !std::filesystem::exists(path)) {
    throw Fault(Exit::not_found, "unknown voice '" + voice + "'", "lectern voice list shows the voices of the model");
  }
  const auto file = weights::MappedFile::open(path);
  const auto bytes = file->bytes();
  if (bytes.size() != kRows * kColumns * sizeof(float)) {
    throw Fault(Exit::bad_input,
                path.string() + ": a voice has 522240 bytes, this file " + std::to_string(bytes.size()),
                "fetch the model again: lectern model pull kokoro-82m");
  }
  const at::Tensor view = at::from_blob(const_cast<std::byte*>(bytes.data()), {kRows, kColumns}, at::kFloat);
  return view.to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

const at::Tensor& Voices::table(const std::string& voice) {
  if (const auto found = tables_.find(voice); found != tables_.end()) return found->second;
  if (!is_blend(voice)) return tables_.emplace(voice, read(voice)).first->second;
  at::Tensor mixed = at::zeros({kRows, kColumns}, at::TensorOptions(at::kFloat).device(device_));
  for (const BlendPart& part : parse_blend(voice)) mixed.add_(table(part.voice), part.weight);
  return tables_.emplace(voice, mixed).first->second;
}

at::Tensor Voices::style(const std::string& voice, std::size_t phonemes) {
  const int64_t row = std::clamp<int64_t>(static_cast<int64_t>(phonemes) - 1, 0, kRows - 1);
  const std::scoped_lock hold(lock_);
  return table(voice).slice(0, row, row + 1);
}

}  // namespace lectern::kokoro
