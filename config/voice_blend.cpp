#include "config/voice_blend.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "config/fault.h"

namespace lectern {

namespace {

constexpr std::size_t kMostParts = 8;
constexpr char kMend[] = "write it like af_heart:0.6+bm_george:0.4";

[[noreturn]] void refuse(const std::string& text, const std::string& what) {
  throw Fault(Exit::bad_input, "voice '" + text + "': " + what, kMend);
}

double weight_of(const std::string& text, const std::string& number) {
  char* end = nullptr;
  const double weight = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !std::isfinite(weight) || weight <= 0 || weight > 1000) {
    refuse(text, "'" + number + "' is no weight");
  }
  return weight;
}

}  // namespace

bool is_blend(const std::string& voice) { return voice.find_first_of("+:") != std::string::npos; }

std::vector<BlendPart> parse_blend(const std::string& text) {
  std::vector<BlendPart> parts;
  std::istringstream stream(text + "+");  // a plus at the end is seen as an empty part
  double sum = 0;
  for (std::string word; std::getline(stream, word, '+');) {
    const auto colon = word.find(':');
    BlendPart part{word.substr(0, colon), colon == std::string::npos ? 1 : weight_of(text, word.substr(colon + 1))};
    if (part.voice.empty()) refuse(text, "a voice is missing in it");
    const auto same = [&](const BlendPart& other) { return other.voice == part.voice; };
    if (std::any_of(parts.begin(), parts.end(), same)) refuse(text, "names '" + part.voice + "' twice");
    sum += part.weight;
    parts.push_back(std::move(part));
  }
  if (parts.size() < 2) refuse(text, "a blend has at least two voices");
  if (parts.size() > kMostParts) refuse(text, "a blend has at most " + std::to_string(kMostParts) + " voices");
  for (BlendPart& part : parts) part.weight /= sum;
  return parts;
}

std::string blend_name(const std::vector<BlendPart>& parts) {
  std::string name;
  for (const BlendPart& part : parts) {
    char weight[32];
    std::snprintf(weight, sizeof weight, "%.4g", part.weight);
    name += (name.empty() ? "" : "+") + part.voice + ":" + weight;
  }
  return name;
}

}  // namespace lectern
