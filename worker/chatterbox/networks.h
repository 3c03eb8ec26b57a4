// The networks that narrating needs, loaded at once.
#pragma once

#include <filesystem>
#include <memory>

#include "worker/chatterbox/s3gen/s3gen.h"
#include "worker/chatterbox/t3.h"

namespace lectern::chatterbox {

struct Networks {
  std::unique_ptr<const T3> t3;
  std::unique_ptr<const s3gen::S3Token2Wav> s3gen;
};

// Reads both files of a model's folder side by side. Throws what T3::load() does, else what S3Token2Wav::load() does.
Networks load_networks(const std::filesystem::path& folder, const T3Options& t3, const s3gen::Options& s3gen);

}  // namespace lectern::chatterbox
