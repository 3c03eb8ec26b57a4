// Told of every stage that a pass reaches and of its value. It may throw, which ends the pass: that is how a segment
// that nobody wants any more is stopped.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace lectern::chatterbox::s3gen {

using Watcher = std::function<void(const char* stage, const at::Tensor& value)>;

inline void no_watcher(const char*, const at::Tensor&) {}

}  // namespace lectern::chatterbox::s3gen
