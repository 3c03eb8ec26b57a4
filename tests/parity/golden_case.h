// One case of a golden file: its tensors, its limits, and what a pass told on its way.
#pragma once

#include <c10/core/Device.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/parity/golden.h"
#include "worker/chatterbox/s3gen/watcher.h"

namespace lectern::parity {

// A port may differ from the reference by that many times the error that float32 made in the reference.
inline constexpr double kTimes = 10;

// The cases of a file, of which "a.in.mel" is one tensor. Throws Fault when there are none.
std::set<std::string> case_names(const Golden& golden);

class GoldenCase {
 public:
  // `name` may be empty: the file is one case. Both are kept by reference.
  GoldenCase(const Golden& golden, const std::string& name, at::Device device, Report& report);

  bool has(const std::string& tensor) const { return golden_.has(prefix_ + tensor); }
  at::Tensor tensor(const std::string& tensor) const { return golden_.tensor(prefix_ + tensor).to(device_); }
  at::Device device() const { return device_; }
  std::string name() const { return prefix_.substr(0, prefix_.find('.')); }
  // What the file's table `cases` says of this one.
  nlohmann::json facts() const;

  // Ten times the stated error; for intermediates whose error is not stated, a share of their peak.
  double limit(const std::string& tensor) const;
  // Compares with a recorded tensor, whatever dimensions of 1 it has; one that the file lacks is skipped.
  void compare(const std::string& name, const at::Tensor& got, const char* given = "") const;
  void compare(const std::string& name, const at::Tensor& got, double limit, const char* given) const;
  // The same for whole numbers.
  void equal(const std::string& name, const at::Tensor& got) const;
  // The same for one number.
  void number(const std::string& name, double got, double wanted, double limit) const;

 private:
  at::Tensor like(const at::Tensor& wanted, const at::Tensor& got) const;
  const Golden& golden_;
  std::string prefix_;
  at::Device device_;
  Report& report_;
  nlohmann::json stated_;
};

// What a pass tells its watcher, copied; the second value of a stage is kept under "stage2" and so on.
class Stages {
 public:
  chatterbox::s3gen::Watcher watcher() {
    return [this](const char* stage, const at::Tensor& value) {
      const int times = ++times_[stage];
      values_[times == 1 ? stage : stage + std::to_string(times)] = value.clone();
    };
  }
  const at::Tensor& at(const std::string& stage) const { return values_.at(stage); }

 private:
  std::map<std::string, int> times_;
  std::map<std::string, at::Tensor> values_;
};

}  // namespace lectern::parity
