#include "worker/weights/state.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "config/fault.h"

namespace lectern::weights {

at::ScalarType scalar_type(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return at::kFloat;
    case ElementType::float64:
      return at::kDouble;
    case ElementType::float16:
      return at::kHalf;
    case ElementType::bfloat16:
      return at::kBFloat16;
    case ElementType::int8:
      return at::kChar;
    case ElementType::uint8:
      return at::kByte;
    case ElementType::int16:
      return at::kShort;
    case ElementType::int32:
      return at::kInt;
    case ElementType::int64:
      return at::kLong;
    case ElementType::boolean:
      return at::kBool;
    case ElementType::other:
      break;
  }
  return at::ScalarType::Undefined;
}

namespace {

void append(std::string& text, const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text += "\n  " + std::to_string(names.size()) + " " + title + ":";
  for (const std::string& name : names) text += "\n    " + name;
}

// A float32's exponent is all ones for what is no finite number, and only then.
std::uint32_t not_finite(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x7F800000) == 0x7F800000 ? 1 : 0;
}

bool finite(const at::Tensor& tensor) {
  if (!tensor.is_cpu()) return std::isfinite(tensor.sum().item<double>());
  const at::Tensor dense = tensor.contiguous();
  const auto* const values = dense.data_ptr<float>();
  constexpr int64_t kWorthAThread = int64_t{4} << 20;
  std::atomic<std::uint32_t> broken = 0;
  at::parallel_for(0, dense.numel(), kWorthAThread, [&](int64_t begin, int64_t end) {
    std::uint32_t any = 0;
    for (int64_t i = begin; i < end; ++i) any |= not_finite(values[i]);
    broken |= any;
  });
  return broken == 0;
}

}  // namespace

at::Tensor view_of(const StoredTensor& stored, const std::string& name, std::shared_ptr<const MappedFile> mapping) {
  const at::ScalarType type = scalar_type(stored.type);
  if (type == at::ScalarType::Undefined) {
    throw Fault(Exit::bad_input,
                mapping->path().string() + ": tensor '" + name + "' has an element type that is not supported");
  }
  void* data = const_cast<std::byte*>(stored.bytes.data());
  if (reinterpret_cast<std::uintptr_t>(data) % element_size(stored.type) != 0) {  // the formats allow it
    at::Tensor copy = at::empty(stored.shape, type);
    std::memcpy(copy.data_ptr(), data, stored.bytes.size());
    return copy;
  }
  return at::from_blob(
      data, stored.shape, [mapping, bytes = stored.bytes](void*) { mapping->set_aside(bytes); },
      at::TensorOptions(type));
}

at::Tensor brought_in(const at::Tensor& view) {
  if (view.defined() && view.is_cpu() && view.is_contiguous()) {
    MappedFile::bring_in({static_cast<const std::byte*>(view.data_ptr()), view.nbytes()});
  }
  return view;
}

at::Tensor State::fitting(const std::string& name, at::IntArrayRef shape) {
  if (!asked_.insert(name).second) throw Fault(Exit::internal, "the network asks twice for tensor '" + name + "'");
  const at::Tensor found = source_.read(name);
  if (!found.defined()) {
    missing_.push_back(name + " " + shape_text(shape));
    return {};
  }
  if (found.sizes() != shape || !found.is_floating_point()) {
    misshapen_.push_back(name + ": " + shape_text(found.sizes()) +
                         (found.is_floating_point() ? "" : " of whole numbers") + " instead of " + shape_text(shape));
    return {};
  }
  return found;
}

at::Tensor State::tensor(const std::string& name, at::IntArrayRef shape) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device_);
  const at::Tensor found = fitting(name, shape);
  if (!found.defined()) return at::zeros(shape, options);
  at::Tensor made = brought_in(found).to(options);
  if (!finite(made)) broken_.push_back(name);
  return made;
}

at::Tensor State::view(const std::string& name, at::IntArrayRef shape) {
  const at::Tensor found = fitting(name, shape);
  return found.defined() ? found : at::zeros({}, at::kFloat).expand(shape);
}

Scope State::operator/(const std::string& name) { return {*this, name + "."}; }

void State::check_finite(const std::string& name, double sum) {
  if (!std::isfinite(sum)) broken_.push_back(name);
}

void State::finish() const {
  std::vector<std::string> unexpected;
  for (const std::string& name : source_.names()) {
    if (!asked_.contains(name)) unexpected.push_back(name);
  }
  const bool fits = missing_.empty() && misshapen_.empty() && unexpected.empty();
  if (fits && broken_.empty()) return;
  std::string text = source_.path().string() + (fits ? " is damaged:" : " does not fit the network:");
  append(text, "missing", missing_);
  append(text, "of the wrong shape", misshapen_);
  append(text, "unexpected", unexpected);
  append(text, "with values that are not finite numbers", broken_);
  throw Fault(Exit::bad_input, text,
              fits ? "fetch the file again" : "use a checkpoint of the model that this network implements");
}

}  // namespace lectern::weights
