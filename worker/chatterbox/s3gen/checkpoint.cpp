#include "worker/chatterbox/s3gen/checkpoint.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "config/fault.h"

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
  const at::Tensor magnitude = g.to(at::kFloat), direction = v.to(at::kFloat);
  std::vector<int64_t> shape(direction.dim(), 1);
  shape[0] = direction.size(0);
  if (magnitude.sizes() != at::IntArrayRef(shape)) return g;
  at::Tensor weight = room.empty(direction.sizes(), direction.options());
  return at::mul_out(weight, direction, magnitude / direction.flatten(1).norm(2, 1).view(shape));
}

// Brings the tensors into memory and looks at every value, by all threads. Throws Fault naming those that hold any
// that is no number: a sum over it is none either.
void look_over(const std::map<std::string, at::Tensor>& tensors, const std::filesystem::path& file) {
  std::vector<const std::pair<const std::string, at::Tensor>*> floating;
  for (const auto& entry : tensors) {
    if (entry.second.is_floating_point()) floating.push_back(&entry);
  }
  std::vector<char> broken(floating.size());
  std::atomic<std::size_t> next = 0;
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    const c10::InferenceMode inference;
    for (std::size_t i = next++; i < floating.size(); i = next++) {
      broken[i] = !std::isfinite(weights::brought_in(floating[i]->second).sum(at::kFloat).item<double>());
    }
  });
  std::string names;
  for (std::size_t i = 0; i < floating.size(); ++i) {
    if (broken[i]) names += (names.empty() ? "'" : ", '") + floating[i]->first + "'";
  }
  if (names.empty()) return;
  throw Fault(Exit::bad_input, file.string() + ": tensor " + names + " holds values that are not numbers",
              "fetch the file again");
}

// Those tensors of `stored` that `wanted` takes; each can be read once.
class CheckedTensors : public weights::TensorSource {
 public:
  CheckedTensors(const weights::TensorSource& stored, const std::function<bool(const std::string&)>& wanted)
      : stored_(stored) {
    for (const std::string& name : stored.names()) {
      if (wanted(name)) tensors_.emplace(name, stored.read(name));
    }
    for (const auto& [name, tensor] : tensors_) names_.insert(name);
    look_over(tensors_, path());
  }
  const std::filesystem::path& path() const override { return stored_.path(); }
  std::vector<std::string> names() const override { return {names_.begin(), names_.end()}; }
  at::Tensor read(const std::string& name) const override {
    const auto found = tensors_.extract(name);
    return found.empty() ? at::Tensor() : found.mapped();
  }

 protected:
  bool has(const std::string& name) const { return names_.contains(name); }

 private:
  const weights::TensorSource& stored_;
  std::set<std::string> names_;
  mutable std::map<std::string, at::Tensor> tensors_;  // that have not been read
};

class NarrationTensors : public CheckedTensors {
 public:
  explicit NarrationTensors(const weights::TensorSource& stored)
      : CheckedTensors(stored, [](const std::string& name) { return !belongs_to_enrolment(name); }) {}

  std::vector<std::string> names() const override {
    std::vector<std::string> names = CheckedTensors::names();
    for (std::string& name : names) name = name_in_network(name);
    return names;
  }

  at::Tensor read(const std::string& name) const override {
    for (const WeightNorm& norm : kWeightNorms) {
      if (!name.ends_with(norm.weight)) continue;
      const std::string base = name.substr(0, name.size() - std::string_view(norm.weight).size());
      if (!has(base + norm.g) || !has(base + norm.v)) continue;
      return folded(CheckedTensors::read(base + norm.g), CheckedTensors::read(base + norm.v), room_);
    }
    return CheckedTensors::read(name);
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
  return std::make_unique<CheckedTensors>(
      stored, [](const std::string& name) { return belongs_to_enrolment(name) && !name.ends_with(kCounter); });
}

std::unique_ptr<weights::TensorSource> checked_tensors(const weights::TensorSource& stored) {
  return std::make_unique<CheckedTensors>(stored, [](const std::string&) { return true; });
}

}  // namespace lectern::chatterbox::s3gen
