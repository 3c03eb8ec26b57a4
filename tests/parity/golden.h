// What parity checks are made of: a golden file's tensors and one line of outcome a stage.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "worker/weights/safetensors.h"

namespace lectern::parity {

class Golden {
 public:
  explicit Golden(const std::filesystem::path& path) : file_(path) {}
  bool has(const std::string& name) const { return file_.tensors().contains(name); }
  at::Tensor tensor(const std::string& name) const;  // on the CPU, as stored
  std::string text(const std::string& key) const;    // of the metadata; Fault when missing
  std::string name() const { return file_.path().stem().string(); }

 private:
  weights::SafetensorsFile file_;
};

// Prints "stage max_abs_error tolerance ok|FAIL" lines and remembers whether one failed.
class Report {
 public:
  void largest_error(const std::string& stage, const at::Tensor& got, const at::Tensor& golden, double tolerance);
  void equal(const std::string& stage, const at::Tensor& got, const at::Tensor& golden);
  void signal_to_noise(const std::string& stage, const at::Tensor& got, const at::Tensor& golden, double at_least_db);
  void line(const std::string& stage, const std::string& figure, const std::string& limit, bool ok);
  bool failed() const { return failed_; }

 private:
  bool same_shape(const std::string& stage, const at::Tensor& got, const at::Tensor& golden);
  bool failed_ = false;
};

// The subcommands: one function a model, which reads its own arguments and returns the exit code.
int kokoro(int argc, char** argv);
int chatterbox(int argc, char** argv);

}  // namespace lectern::parity
