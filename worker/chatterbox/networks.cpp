#include "worker/chatterbox/networks.h"

#include <c10/core/InferenceMode.h>

#include <future>

namespace lectern::chatterbox {

Networks load_networks(const std::filesystem::path& folder, const T3Options& t3, const s3gen::Options& s3gen) {
  auto second = std::async(std::launch::async, [&] {
    const c10::InferenceMode inference;
    return s3gen::S3Token2Wav::load(folder, s3gen);
  });
  Networks networks{.t3 = T3::load(folder, t3), .s3gen = nullptr};
  networks.s3gen = second.get();
  return networks;
}

}  // namespace lectern::chatterbox
