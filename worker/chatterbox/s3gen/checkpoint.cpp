#include "worker/chatterbox/s3gen/checkpoint.h"

#include <array>
#include <cmath>
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

at::Tensor folded(const at::Tensor& g, const at::Tensor& v) {
  if (v.dim() < 2) return v;  // what does not fit keeps its shape, which the loader then tells
  const at::Tensor magnitude = g.to(at::kFloat), direction = v.to(at::kFloat);
  std::vector<int64_t> shape(direction.dim(), 1);
  shape[0] = direction.size(0);
  if (magnitude.sizes() != at::IntArrayRef(shape)) return g;
  return direction * (magnitude / direction.flatten(1).norm(2, 1).view(shape));
}

// A sum over values that are not numbers is none either.
at::Tensor checked(const weights::TensorSource& stored, const std::string& name) {
  const at::Tensor found = weights::brought_in(stored.read(name));
  if (found.defined() && found.is_floating_point() && !std::isfinite(found.sum(at::kFloat).item<double>())) {
    throw Fault(Exit::bad_input, stored.path().string() + ": tensor '" + name + "' holds values that are not numbers",
                "fetch the file again");
  }
  return found;
}

class NarrationTensors : public weights::TensorSource {
 public:
  explicit NarrationTensors(const weights::TensorSource& stored) : stored_(stored) {
    for (const std::string& name : stored.names()) {
      if (!belongs_to_enrolment(name)) stored_names_.insert(name);
    }
  }

  const std::filesystem::path& path() const override { return stored_.path(); }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const std::string& name : stored_names_) names.push_back(name_in_network(name));
    return names;
  }

  at::Tensor read(const std::string& name) const override {
    if (stored_names_.contains(name)) return checked(stored_, name);
    for (const WeightNorm& norm : kWeightNorms) {
      if (!name.ends_with(norm.weight)) continue;
      const std::string base = name.substr(0, name.size() - std::string_view(norm.weight).size());
      if (!stored_names_.contains(base + norm.g) || !stored_names_.contains(base + norm.v)) continue;
      return folded(checked(stored_, base + norm.g), checked(stored_, base + norm.v));
    }
    return {};
  }

 private:
  std::string name_in_network(const std::string& name) const {
    for (const WeightNorm& norm : kWeightNorms) {
      for (const std::string_view half : {norm.g, norm.v}) {
        if (!name.ends_with(half)) continue;
        const std::string base = name.substr(0, name.size() - half.size());
        if (stored_names_.contains(base + norm.g) && stored_names_.contains(base + norm.v)) return base + norm.weight;
      }
    }
    return name;
  }

  const weights::TensorSource& stored_;
  std::set<std::string> stored_names_;
};

class EnrolmentTensors : public weights::TensorSource {
 public:
  explicit EnrolmentTensors(const weights::TensorSource& stored) : stored_(stored) {
    for (const std::string& name : stored.names()) {
      if (belongs_to_enrolment(name) && !name.ends_with(kCounter)) names_.insert(name);
    }
  }
  const std::filesystem::path& path() const override { return stored_.path(); }
  std::vector<std::string> names() const override { return {names_.begin(), names_.end()}; }
  at::Tensor read(const std::string& name) const override {
    return names_.contains(name) ? checked(stored_, name) : at::Tensor();
  }

 private:
  const weights::TensorSource& stored_;
  std::set<std::string> names_;
};

class CheckedTensors : public weights::TensorSource {
 public:
  explicit CheckedTensors(const weights::TensorSource& stored) : stored_(stored) {}
  const std::filesystem::path& path() const override { return stored_.path(); }
  std::vector<std::string> names() const override { return stored_.names(); }
  at::Tensor read(const std::string& name) const override { return checked(stored_, name); }

 private:
  const weights::TensorSource& stored_;
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
  return std::make_unique<EnrolmentTensors>(stored);
}

std::unique_ptr<weights::TensorSource> checked_tensors(const weights::TensorSource& stored) {
  return std::make_unique<CheckedTensors>(stored);
}

}  // namespace lectern::chatterbox::s3gen
