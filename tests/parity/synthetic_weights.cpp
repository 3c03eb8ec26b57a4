#include "tests/parity/synthetic_weights.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "config/fault.h"

namespace lectern::parity {

namespace {

struct Filling {
  double offset, scale;
};

double gain(const std::string& name) {
  struct Rule {
    const char *begins, *ends;
    double gain;
  };
  static constexpr Rule rules[] = {{"", "speech_head.weight", 3},
                                   {"", "mel2wav.f0_predictor.classifier.weight", 120},
                                   {"", "mel2wav.m_source.l_linear.weight", 3},
                                   {"mel2wav.conv_post.", ".original0", 0.12},
                                   {"flow.encoder.", ".self_attn.linear_out.weight", 12},
                                   {"flow.encoder.", ".feed_forward.w_2.weight", 12},
                                   {"", "tokenizer.quantizer._codebook.project_down.weight", 1.5},
                                   {"lstm.weight_", "", 2}};
  for (const Rule& rule : rules) {
    if (name.starts_with(rule.begins) && name.ends_with(rule.ends)) return rule.gain;
  }
  return 1;
}

// The first row that fits a name wins.
Filling filling(const std::string& name, at::IntArrayRef shape) {
  const auto ends = [&](auto... suffixes) { return (name.ends_with(suffixes) || ...); };
  const auto is = [&](auto... names) { return ((name == names) || ...); };
  const double factor = gain(name);
  if (ends(".running_mean")) return {0, 0.1};
  if (ends(".running_var")) return {1, 0.5};
  if (ends(".parametrizations.weight.original0")) return {factor, 0.1 * factor};
  if (ends(".parametrizations.weight.original1")) return {0, 1};
  if (ends(".alpha")) return {1, 0.3};
  if (shape.size() == 1 && ends(".weight")) return {1, 0.1};
  if (shape.size() == 1) return {0, 0.1};
  if (ends("pos_bias_u", "pos_bias_v")) return {0, 0.3};
  if (is("text_emb.weight", "speech_emb.weight", "flow.input_embedding.weight", "tfmr.wte.weight")) {
    return {0, std::sqrt(3.0)};
  }
  if (is("tfmr.wpe.weight")) return {0, 0.3};
  if (ends(".c_attn.weight", ".c_proj.weight", ".c_fc.weight")) {  // stored [in, out]
    return {0, factor * std::sqrt(3.0 / static_cast<double>(shape[0]))};
  }
  int64_t fan = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan *= shape[i];
  return {0, factor * std::sqrt(3.0 / static_cast<double>(fan))};
}

}  // namespace

Manifest read_manifest(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw Fault(Exit::not_found, "cannot read " + file.string());
  Manifest manifest;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::istringstream words(line);
    weights::SafetensorsEntry entry;
    if (!(words >> entry.name) || entry.name[0] == '#') continue;
    for (std::string word; words >> word;) {
      if (word == "int64") {
        entry.type = weights::ElementType::int64;
      } else if (word.find_first_not_of("0123456789") == std::string::npos) {
        entry.shape.push_back(std::stoll(word));
      } else {
        throw Fault(Exit::bad_input, file.string() + ":" + std::to_string(number) + ": '" + word + "' is no dimension");
      }
    }
    manifest.push_back(std::move(entry));
  }
  return manifest;
}

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::uint64_t mix(std::uint64_t x) {
  std::uint64_t z = x + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

double uniform(std::uint64_t hash, std::uint64_t i) { return static_cast<double>(mix(hash + i) >> 11) * 0x1p-52 - 1; }

at::Tensor filled(std::string_view key, at::IntArrayRef shape, double offset, double scale) {
  const at::Tensor tensor = at::empty(shape, at::kFloat);
  const std::uint64_t hash = fnv1a64(key);
  float* const values = tensor.data_ptr<float>();
  at::parallel_for(0, tensor.numel(), 1 << 16, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      values[i] = static_cast<float>(offset + scale * uniform(hash, static_cast<std::uint64_t>(i)));
    }
  });
  return tensor;
}

at::Tensor exponential(std::string_view key, int64_t count) {
  const at::Tensor tensor = at::empty({count}, at::kFloat);
  const std::uint64_t hash = fnv1a64(key);
  for (int64_t i = 0; i < count; ++i) {
    const double u = uniform(hash, static_cast<std::uint64_t>(i));
    tensor.data_ptr<float>()[i] = static_cast<float>(-std::log(1 - (u + 1) / 2));
  }
  return tensor;
}

at::Tensor synthetic_tensor(const std::string& seed, const weights::SafetensorsEntry& entry) {
  if (entry.type == weights::ElementType::int64) return at::zeros(entry.shape, at::kLong);
  const auto [offset, scale] = filling(entry.name, entry.shape);
  return filled(seed + ":" + entry.name, entry.shape, offset, scale);
}

SyntheticSource::SyntheticSource(Manifest manifest, std::string seed, std::map<std::string, at::Tensor> given)
    : manifest_(std::move(manifest)), seed_(std::move(seed)), given_(std::move(given)) {
  for (std::size_t i = 0; i < manifest_.size(); ++i) index_.emplace(manifest_[i].name, i);
}

std::vector<std::string> SyntheticSource::names() const {
  std::vector<std::string> names;
  for (const auto& entry : manifest_) names.push_back(entry.name);
  return names;
}

at::Tensor SyntheticSource::read(const std::string& name) const {
  if (const auto found = given_.find(name); found != given_.end()) return found->second;
  const auto found = index_.find(name);
  return found == index_.end() ? at::Tensor() : synthetic_tensor(seed_, manifest_[found->second]);
}

void write_synthetic(const std::filesystem::path& file, const SyntheticSource& source, weights::ElementType type) {
  Manifest stored = source.manifest();
  for (auto& entry : stored) {
    if (entry.type == weights::ElementType::float32) entry.type = type;
  }
  weights::write_safetensors(file, stored, [&](const auto& entry) { return source.read(entry.name); });
}

}  // namespace lectern::parity
