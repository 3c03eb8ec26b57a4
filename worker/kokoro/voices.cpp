#include "worker/kokoro/voices.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "config/fault.h"
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

const at::Tensor& Voices::table(const std::string& voice) {
  const std::scoped_lock hold(lock_);
  if (const auto found = tables_.find(voice); found != tables_.end()) return found->second;
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
  return tables_.emplace(voice, view.to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/true)).first->second;
}

at::Tensor Voices::style(const std::string& voice, std::size_t phonemes) {
  const int64_t row = std::clamp<int64_t>(static_cast<int64_t>(phonemes) - 1, 0, kRows - 1);
  return table(voice).slice(0, row, row + 1);
}

}  // namespace lectern::kokoro
