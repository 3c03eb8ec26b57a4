// Told of every stage that a forward pass reaches and of its value. It may throw, which ends the pass: that is how a
// segment that nobody wants any more is stopped. Stages follow each other within a second or two of computing.
#pragma once

#include <ATen/core/TensorBody.h>

#include <functional>

namespace lectern::kokoro {

using Watcher = std::function<void(const char* stage, const at::Tensor& value)>;

inline void no_watcher(const char*, const at::Tensor&) {}

}  // namespace lectern::kokoro
