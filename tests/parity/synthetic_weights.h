// Full-size checkpoints without the official weights: every tensor of a manifest is filled by a deterministic rule, the
// one by which the recorded stages were made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "worker/weights/safetensors_writer.h"
#include "worker/weights/state.h"

namespace lectern::parity {

// The tensors of a checkpoint in their order. Text: one line a tensor, "name dim dim ...", with " int64" behind a
// tensor of whole numbers; '#' begins a comment.
using Manifest = std::vector<weights::SafetensorsEntry>;
// Throws Fault naming the file and the line.
Manifest read_manifest(const std::filesystem::path& file);

std::uint64_t fnv1a64(std::string_view text);
std::uint64_t mix(std::uint64_t x);
// u(key, i), in [-1, 1); `hash` is fnv1a64(key).
double uniform(std::uint64_t hash, std::uint64_t i);
// float32(offset + scale * u(key, i)) for every element.
at::Tensor filled(std::string_view key, at::IntArrayRef shape, double offset, double scale);
// q_i = -ln(1 - (u_i + 1) / 2): the exponential draws that stand for torch.multinomial's in the recorded sequences.
at::Tensor exponential(std::string_view key, int64_t count);

// One tensor by the rule for its name; int64 zero for a counter. `given` of a SyntheticSource goes before it.
at::Tensor synthetic_tensor(const std::string& seed, const weights::SafetensorsEntry& entry);

// A checkpoint in memory, filled as it is read.
class SyntheticSource : public weights::TensorSource {
 public:
  SyntheticSource(Manifest manifest, std::string seed, std::map<std::string, at::Tensor> given = {});
  const std::filesystem::path& path() const override { return path_; }
  std::vector<std::string> names() const override;
  at::Tensor read(const std::string& name) const override;
  const Manifest& manifest() const { return manifest_; }

 private:
  std::filesystem::path path_ = "synthetic";
  Manifest manifest_;
  std::string seed_;
  std::map<std::string, at::Tensor> given_;
  std::map<std::string, std::size_t> index_;
};

// The same as a file; floating tensors are stored as `type`.
void write_synthetic(const std::filesystem::path& file, const SyntheticSource& source,
                     weights::ElementType type = weights::ElementType::float32);

}  // namespace lectern::parity
