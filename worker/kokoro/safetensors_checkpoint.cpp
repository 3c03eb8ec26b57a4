#include <map>
#include <optional>

#include "config/fault.h"
#include "worker/kokoro/checkpoint.h"
#include "worker/weights/safetensors.h"

namespace lectern::kokoro {

namespace {

// The two spellings of weight norm: magnitude g and direction v, weight = g * v / |v| with |v| over all but dim 0.
struct WeightNorm {
  const char *g, *v;
};
constexpr WeightNorm kWeightNorms[] = {{"weight_g", "weight_v"},
                                       {"parametrizations.weight.original0", "parametrizations.weight.original1"}};

// Takes no part in inference.
bool unused(const std::string& name) {
  return name.starts_with("bert.pooler.") || name == "bert.embeddings.position_ids";
}

// Instance norms of the reference may carry a scale of ones and a shift of zeros that were never trained.
std::optional<float> identity_value(const std::string& name) {
  if (name.ends_with(".norm.weight")) return 1.0f;
  if (name.ends_with(".norm.bias")) return 0.0f;
  return std::nullopt;
}

class SafetensorsCheckpoint : public weights::TensorSource {
 public:
  explicit SafetensorsCheckpoint(const std::filesystem::path& path) : file_(path) {
    for (const auto& [stored, tensor] : file_.tensors()) {
      std::string name = stored;
      // "bert.module.encoder..." (saved from a data-parallel model) is "bert.encoder...".
      if (const auto at = name.find(".module."); at != std::string::npos && at == name.find('.')) name.erase(at, 7);
      if (unused(name)) continue;
      if (const auto value = identity_value(name)) {
        if (!view(stored).eq(*value).all().item<bool>()) {
          throw Fault(Exit::bad_input, path.string() + ": tensor '" + stored + "' is not the identity",
                      "use a checkpoint of the model that this network implements");
        }
        continue;
      }
      stored_.emplace(std::move(name), stored);
    }
  }

  const std::filesystem::path& path() const override { return file_.path(); }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, stored] : stored_) names.push_back(folded_name(name));
    return names;
  }

  at::Tensor read(const std::string& name) const override {
    if (const auto found = stored_.find(name); found != stored_.end()) return view(found->second);
    if (!name.ends_with(".weight")) return {};
    const std::string base = name.substr(0, name.size() - 6);
    for (const WeightNorm& norm : kWeightNorms) {
      const auto g = stored_.find(base + norm.g), v = stored_.find(base + norm.v);
      if (g == stored_.end() || v == stored_.end()) continue;
      const at::Tensor direction = view(v->second).to(at::kFloat);
      const at::Tensor length = direction.flatten(1).norm(2, 1).view({-1, 1, 1});
      return direction * (view(g->second).to(at::kFloat).view({-1, 1, 1}) / length);
    }
    return {};
  }

 private:
  at::Tensor view(const std::string& stored) const {
    return weights::view_of(file_.tensor(stored), stored, file_.mapping());
  }

  // The name that the network asks for when the file holds `name`: half of a weight norm stands for its weight.
  std::string folded_name(const std::string& name) const {
    for (const WeightNorm& norm : kWeightNorms) {
      for (const std::string half : {norm.g, norm.v}) {
        if (!name.ends_with("." + half)) continue;
        const std::string base = name.substr(0, name.size() - half.size());
        if (stored_.contains(base + norm.g) && stored_.contains(base + norm.v)) return base + "weight";
      }
    }
    return name;
  }

  weights::SafetensorsFile file_;
  std::map<std::string, std::string> stored_;  // name in the network's words -> name in the file
};

}  // namespace

std::unique_ptr<weights::TensorSource> open_safetensors_checkpoint(const std::filesystem::path& file) {
  return std::make_unique<SafetensorsCheckpoint>(file);
}

}  // namespace lectern::kokoro
