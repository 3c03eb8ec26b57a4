// Strict loading: a network asks for its tensors by name and shape, and everything that does not fit is told at once.
//
//   State state(source, device);
//   Network network(state / "decoder");   // its members ask: scope.tensor("weight", {512, 64})
//   state.finish();                        // Fault listing every missing, unexpected, wrongly shaped or broken tensor
//
// Not thread-safe. Tensors come as float32 on the device; on the processor what the file holds as float32 is used where
// it lies in the mapped file, which nobody may write to.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "worker/weights/large_pages.h"
#include "worker/weights/mapped_file.h"
#include "worker/weights/stored_tensor.h"

namespace lectern::weights {

// Where tensors come from, under the names that the network uses.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const std::filesystem::path& path() const = 0;
  // Every name that a network must ask for; what it leaves is unexpected.
  virtual std::vector<std::string> names() const = 0;
  // An undefined tensor: none of that name. Any float type, any device; may be a view of the mapped file, read-only.
  virtual at::Tensor read(const std::string& name) const = 0;
};

// libtorch's name of an element type; Undefined for `other`.
at::ScalarType scalar_type(ElementType type);

// A view of a stored tensor on the CPU, which keeps `mapping` and gives its pages back when nobody holds it any more; a
// copy when the file does not align it. Throws Fault naming the file and the tensor for an element type that libtorch
// lacks.
at::Tensor view_of(const StoredTensor& stored, const std::string& name, std::shared_ptr<const MappedFile> mapping);

// Brings what a dense view lies on into memory at once: touching it page by page takes many times as long. The view.
at::Tensor brought_in(const at::Tensor& view);

class Scope;

class State {
 public:
  State(const TensorSource& source, at::Device device) : source_(source), device_(device) {}
  State(const State&) = delete;

  // The tensor, or zeros of that shape when it is missing or does not fit, which finish() will tell.
  at::Tensor tensor(const std::string& name, at::IntArrayRef shape);
  // The same as the source has it, on the CPU and of any float type, perhaps a view of the mapped file: for whoever
  // copies it into another form and checks what it copies, or only wants it to be there.
  at::Tensor view(const std::string& name, at::IntArrayRef shape);
  Scope operator/(const std::string& name);
  at::Device device() const { return device_; }
  Room& room() { return room_; }  // for what the network makes of its tensors
  void finish() const;
  // Has finish() tell of the tensor unless the sum over all of it is a finite number: what tensor() does by itself.
  void check_finite(const std::string& name, double sum);

 private:
  at::Tensor fitting(const std::string& name, at::IntArrayRef shape);  // undefined when it does not fit

  const TensorSource& source_;
  at::Device device_;
  Room room_;
  std::set<std::string> asked_;
  std::vector<std::string> missing_, misshapen_, broken_;
};

// A place in the tree of names; copied freely while the state lives.
class Scope {
 public:
  Scope(State& state, std::string prefix) : state_(&state), prefix_(std::move(prefix)) {}
  Scope operator/(const std::string& name) const { return {*state_, prefix_ + name + "."}; }
  Scope operator/(int index) const { return *this / std::to_string(index); }
  at::Tensor tensor(const std::string& name, at::IntArrayRef shape) const {
    return state_->tensor(prefix_ + name, shape);
  }
  at::Tensor view(const std::string& name, at::IntArrayRef shape) const { return state_->view(prefix_ + name, shape); }
  void check_finite(const std::string& name, double sum) const { state_->check_finite(prefix_ + name, sum); }
  at::Device device() const { return state_->device(); }
  Room& room() const { return state_->room(); }

 private:
  State* state_;
  std::string prefix_;
};

}  // namespace lectern::weights
