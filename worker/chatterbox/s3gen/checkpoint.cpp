#include "worker/chatterbox/s3gen/checkpoint.h"

#include <array>
#include <functional>
#include <set>

namespace lectern::chatterbox::s3gen {

namespace {

// Every fold: a weight stored as magnitude g [n, 1, ...] and direction v [n, ...] is g * v / |v|, with |v| over all but
// dim 0.
struct WeightNorm {
  const char *weight, *g, *v;
};
constexpr WeightNorm kWeightNorms[] = {
    {".weight", ".parametrizations.weight.original0", ".parametrizations.weight.original1"}};

constexpr std::array kEnrolment = {"tokenizer.", "speaker_encoder."};
constexpr char kCounter[] = ".num_batches_tracked";

at::Tensor folded(const at::Tensor& g, const at::Tensor& v, weights::Room& room) {
  if (v.dim() < 2) return v;  // what does not fit keeps its shape, which the loader then tells
  const at::Tensor magnitude = g.to(at::kFloat), direction = weights::brought_in(v).to(at::kFloat);
  std::vector<int64_t> shape(direction.dim(), 1);
  shape[0] = direction.size(0);
  if (magnitude.sizes() != at::IntArrayRef(shape)) return g;
  at::Tensor weight = room.empty(direction.sizes(), direction.options());
  return at::mul_out(weight, direction, magnitude / direction.flatten(1).norm(2, 1).view(shape));
}

// Those tensors of `stored` that `wanted` takes.
class ChosenTensors : public weights::TensorSource {
 public:
  ChosenTensors(const weights::TensorSource& stored, const std::function<bool(const std::string&)>& wanted)
      : stored_(stored) {
    for (const std::string& name : stored.names()) {
      if (wanted(name)) names_.insert(name);
    }
  }
  const std::filesystem::path& path() const override { return stored_.path(); }
  std::vector<std::string> names() const override { return {names_.begin(), names_.end()}; }
  at::Tensor read(const std::string& name) const override { return has(name) ? stored_.read(name) : at::Tensor(); }

 protected:
  bool has(const std::string& name) const { return names_.contains(name); }

 private:
  const weights::TensorSource& stored_;
  std::set<std::string> names_;
};

class NarrationTensors : public ChosenTensors {
 public:
  explicit NarrationTensors(const weights::TensorSource& stored)
      : ChosenTensors(stored, [](const std::string& name) { return !belongs_to_enrolment(name); }) {}

  std::vector<std::string> names() const override {
    std::vector<std::string> names = ChosenTensors::names();
    for (std::string& name : names) name = name_in_network(name);
    return names;
  }

  at::Tensor read(const std::string& name) const override {
    for (const WeightNorm& norm : kWeightNorms) {
      if (!name.ends_with(norm.weight)) continue;
      const std::string base = name.substr(0, name.size() - std::string_view(norm.weight).size());
      if (!has(base + norm.g) || !has(base + norm.v)) continue;
      return folded(ChosenTensors::read(base + norm.g), ChosenTensors::read(base + norm.v), room_);
    }
    return ChosenTensors::read(name);
  }

 private:
  std::string name_in_network(const std::string& name) const {
    for (const WeightNorm& norm : kWeightNorms) {
      for (const std::string_view half : {norm.g, norm.v}) {
        if (!name.ends_with(half)) continue;
        const std::string base = name.substr(0, name.size() - half.size());
        if (has(base + norm.g) && has(base + norm.v)) return base + norm.weight;
      }
    }
    return name;
  }

  mutable weights::Room room_;
};

}  // namespace

bool belongs_to_enrolment(const std::string& name) {
  for (const char* prefix : kEnrolment) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

std::unique_ptr<weights::TensorSource> narration_tensors(const weights::TensorSource& stored) {
  return std::make_unique<NarrationTensors>(stored);
}

std::unique_ptr<weights::TensorSource> enrolment_tensors(const weights::TensorSource& stored) {
  return std::make_unique<ChosenTensors>(
      stored, [](const std::string& name) { return belongs_to_enrolment(name) && !name.ends_with(kCounter); });
}

}  // namespace lectern::chatterbox::s3gen
