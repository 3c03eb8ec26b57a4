#include "worker/chatterbox/conds.h"

#include <ATen/ATen.h>

#include <functional>
#include <map>
#include <vector>

#include "config/fault.h"
#include "config/file.h"
#include "worker/chatterbox/tensor_pickle.h"
#include "worker/weights/safetensors.h"
#include "worker/weights/safetensors_writer.h"
#include "worker/weights/state.h"

namespace lectern::chatterbox {

namespace {

constexpr int64_t kCodes = 6561, kAny = -1;

struct Part {
  const char* name;
  std::function<at::Tensor&(Conditionals&)> of;
  weights::Shape shape;  // kAny: at least one
  bool codes = false;    // speech codes, else floats
  bool required = true;
};

const std::vector<Part>& parts() {
  static const std::vector<Part> parts = {
      {"t3.speaker_emb", [](auto& c) -> at::Tensor& { return c.t3.speaker_emb; }, {1, 256}},
      {"t3.cond_prompt_speech_tokens",
       [](auto& c) -> at::Tensor& { return c.t3.cond_prompt_speech_tokens; },
       {1, kAny},
       true,
       false},
      {"t3.cond_prompt_speech_emb",
       [](auto& c) -> at::Tensor& { return c.t3.cond_prompt_speech_emb; },
       {1, kAny, kAny},
       false,
       false},
      {"gen.prompt_token", [](auto& c) -> at::Tensor& { return c.gen.prompt_token; }, {1, kAny}, true},
      {"gen.prompt_feat", [](auto& c) -> at::Tensor& { return c.gen.prompt_feat; }, {1, kAny, 80}},
      {"gen.embedding", [](auto& c) -> at::Tensor& { return c.gen.embedding; }, {1, 192}}};
  return parts;
}

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path) {
  const weights::SafetensorsFile file(path);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, stored] : file.tensors()) {
    tensors[name] = weights::view_of(stored, name, file.mapping()).clone();
  }
  return tensors;
}

bool fits(at::IntArrayRef sizes, const weights::Shape& shape) {
  if (sizes.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == kAny ? sizes[i] < 1 : sizes[i] != shape[i]) return false;
  }
  return true;
}

// Why a tensor cannot be used; empty: it can.
std::string objection(const Part& part, const at::Tensor& tensor) {
  if (!fits(tensor.sizes(), part.shape)) return "has the shape " + weights::shape_text(tensor.sizes());
  if (part.codes) {
    if (tensor.is_floating_point() && !tensor.eq(tensor.round()).all().item<bool>())
      return "does not hold whole numbers";
    const bool inside = tensor.ge(0).logical_and(tensor.lt(kCodes)).all().item<bool>();
    return inside ? "" : "holds numbers that are no speech codes";
  }
  if (!tensor.is_floating_point()) return "holds whole numbers";
  return at::isfinite(tensor).all().item<bool>() ? "" : "holds values that are not finite numbers";
}

}  // namespace

Conditionals Conditionals::load(const std::filesystem::path& file) {
  const auto tensors = file.extension() == ".pt" ? read_tensor_pickle(file) : read_safetensors(file);
  const auto refuse = [&](const std::string& what) {
    throw Fault(Exit::bad_input, file.string() + ": " + what, "fetch the model again, or make the voice again");
  };
  Conditionals conds;
  for (const Part& part : parts()) {
    const auto found = tensors.find(part.name);
    if (found == tensors.end()) {
      if (part.required) refuse(std::string("has no tensor '") + part.name + "'");
      continue;
    }
    if (const std::string why = objection(part, found->second); !why.empty()) {
      refuse(std::string("tensor '") + part.name + "' " + why);
    }
    part.of(conds) = found->second.to(part.codes ? at::kLong : at::kFloat).contiguous();
  }
  if (!conds.t3.prompt().defined()) refuse("has no tensor 't3.cond_prompt_speech_tokens'");
  const int64_t tokens = conds.gen.prompt_token.size(1), frames = conds.gen.prompt_feat.size(1);
  if (frames != 2 * tokens && frames != 2 * tokens + 1) {
    refuse("'gen.prompt_feat' has " + std::to_string(frames) + " frames for " + std::to_string(tokens) + " tokens");
  }
  return conds;
}

void Conditionals::save(const std::filesystem::path& safetensors,
                        const std::map<std::string, std::string>& metadata) const {
  Conditionals copy = *this;
  std::vector<weights::SafetensorsEntry> entries;
  std::map<std::string, at::Tensor> tensors;
  for (const Part& part : parts()) {
    const at::Tensor tensor = part.of(copy);
    if (!tensor.defined()) continue;
    entries.push_back(
        {part.name, part.codes ? weights::ElementType::int64 : weights::ElementType::float32, tensor.sizes().vec()});
    tensors[part.name] = tensor;
  }
  const std::filesystem::path staged = safetensors.string() + ".part";
  weights::write_safetensors(
      staged, entries, [&](const auto& entry) { return tensors.at(entry.name); }, metadata);
  sync_to_disk(staged);
  std::filesystem::rename(staged, safetensors);
  sync_to_disk(safetensors.parent_path().empty() ? "." : safetensors.parent_path());
}

}  // namespace lectern::chatterbox
