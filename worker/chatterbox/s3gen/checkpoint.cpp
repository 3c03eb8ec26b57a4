#include "worker/chatterbox/s3gen/checkpoint.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <set>

#include "config/fault.h"
#include "worker/weights/safetensors.h"

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
  const at::Tensor found = stored.read(name);
  if (found.is_floating_point() && !std::isfinite(found.sum(at::kDouble).item<double>())) {
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
      const at::Tensor g = checked(stored_, base + norm.g).clone();  // the file may let its pages go
      return folded(g, checked(stored_, base + norm.v));
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

class CheckpointFile : public weights::TensorSource {
 public:
  explicit CheckpointFile(const std::filesystem::path& path) : file_(path) {}
  ~CheckpointFile() override { let_go(); }
  const std::filesystem::path& path() const override { return file_.path(); }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file_.tensors()) names.push_back(name);
    return names;
  }

  at::Tensor read(const std::string& name) const override {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) return {};
    let_go();
    last_ = found->second.bytes;
    return weights::view_of(found->second, name, file_.mapping());
  }

 private:
  // The bytes stay valid: they come back from the page cache when they are touched again.
  void let_go() const {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto start = reinterpret_cast<std::uintptr_t>(last_.data()) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(last_.data() + last_.size());
    if (!last_.empty()) ::madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }

  weights::SafetensorsFile file_;
  mutable std::span<const std::byte> last_;
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

std::unique_ptr<weights::TensorSource> open_checkpoint(const std::filesystem::path& file) {
  return std::make_unique<CheckpointFile>(file);
}

}  // namespace lectern::chatterbox::s3gen
