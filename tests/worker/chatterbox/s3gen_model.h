// The S3Gen network on synthetic weights, filled once a program.
#pragma once

#include <c10/core/InferenceMode.h>

#include "tests/parity/chatterbox_s3gen.h"

namespace lectern {

inline const chatterbox::s3gen::S3Token2Wav& synthetic_s3gen() {
  static const auto model = [] {
    const c10::InferenceMode inference;
    return parity::load_s3gen("synthetic", "cbx0", {});
  }();
  return *model;
}

}  // namespace lectern
