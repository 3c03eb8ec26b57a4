#include <ATen/Parallel.h>

#include <map>
#include <string_view>

#include "config/fault.h"
#include "worker/kokoro/checkpoint.h"
#include "worker/weights/onnx_initializers.h"

namespace lectern::kokoro {

namespace {

using weights::ElementType;
using weights::StoredTensor;

enum class Rule {
  copy,              // as stored
  transpose,         // [in, out] -> [out, in]
  per_tensor,        // (q - zero) * scale, one scale
  per_column,        // [in, out], a scale and a zero for each column; then transposed
  lstm_weight,       // [2, in, 4H], a scale and a zero for each direction; then transposed and gates put in order
  lstm_input_bias,   // [2, 8H]: the first 4H of the direction's row, gates put in order
  lstm_hidden_bias,  // the last 4H
};

struct Row {
  Rule rule;
  std::string_view name, stored, zero;
};

constexpr Row kRows[] = {
#include "worker/kokoro/onnx_names.inc"
};

// (q - zero[c]) * scale[c] where c goes round the `columns` of a row; 1 column: the same for all.
template <typename Quantised>
void dequantise(const Quantised* q, const float* scale, const Quantised* zero, int64_t rows, int64_t columns,
                float* out) {
  at::parallel_for(0, rows, std::max<int64_t>(1, 65536 / columns), [=](int64_t begin, int64_t end) {
    if (columns == 1) {
      const float s = *scale, z = *zero;
      for (int64_t i = begin; i < end; ++i) out[i] = (static_cast<float>(q[i]) - z) * s;
      return;
    }
    for (int64_t row = begin; row < end; ++row) {
      const Quantised* from = q + row * columns;
      float* to = out + row * columns;
      for (int64_t c = 0; c < columns; ++c)
        to[c] = (static_cast<float>(from[c]) - static_cast<float>(zero[c])) * scale[c];
    }
  });
}

// ONNX orders the gates input, output, forget, cell; libtorch input, forget, cell, output.
at::Tensor ordered_gates(const at::Tensor& x) {
  const auto gates = x.chunk(4, 0);
  return at::cat({gates[0], gates[2], gates[3], gates[1]}, 0);
}

class OnnxCheckpoint : public weights::TensorSource {
 public:
  explicit OnnxCheckpoint(const std::filesystem::path& file) : file_(file) {
    for (const Row& row : kRows) rows_.emplace(row.name, &row);
  }

  const std::filesystem::path& path() const override { return file_.path(); }
  // The file also holds the constants of its graph: nothing in it can be called unexpected.
  std::vector<std::string> names() const override { return {}; }

  at::Tensor read(const std::string& name) const override {
    constexpr std::string_view kReverse = "_reverse";
    const bool reverse = name.ends_with(kReverse);
    const auto found = rows_.find(reverse ? name.substr(0, name.size() - kReverse.size()) : name);
    const Row row = found == rows_.end() ? Row{Rule::copy, name, {}, {}} : *found->second;
    const std::string own = (name.starts_with("decoder.") ? "decoder." : "encoder.") + name;
    const std::string stored = row.stored.empty() ? own : std::string(row.stored);
    const std::string zero = (row.zero.empty() ? stored : std::string(row.zero)) + "_zero_point";
    switch (row.rule) {
      case Rule::copy:
        return plain(stored);
      case Rule::transpose:
        return transposed(plain(stored));
      case Rule::per_tensor:
        return quantised(stored, zero, Scales::one, 0);
      case Rule::per_column:
        return transposed(quantised(stored, zero, Scales::column, 0));
      case Rule::lstm_weight: {
        const at::Tensor weight = transposed(quantised(stored, zero, Scales::slab, reverse));
        return weight.defined() ? ordered_gates(weight) : weight;
      }
      case Rule::lstm_input_bias:
      case Rule::lstm_hidden_bias: {
        const at::Tensor biases = plain(stored);
        if (!biases.defined() || biases.dim() != 2 || biases.size(0) != 2) return {};
        return ordered_gates(biases[reverse].chunk(2, 0)[row.rule == Rule::lstm_hidden_bias]);
      }
    }
    return {};
  }

 private:
  enum class Scales { one, column, slab };  // how many: one, one a column, one a direction

  at::Tensor plain(const std::string& name) const {
    const StoredTensor* stored = file_.find(name);
    return stored ? weights::view_of(*stored, name, file_.mapping()).clone() : at::Tensor();
  }

  static at::Tensor transposed(const at::Tensor& x) { return x.defined() && x.dim() == 2 ? x.t() : x; }

  // `slab`: which direction of an LSTM's tensor.
  at::Tensor quantised(const std::string& name, const std::string& zero_name, Scales scales, int64_t slab) const {
    const StoredTensor* q = file_.find(name + "_quantized");
    const StoredTensor* scale = file_.find(name + "_scale");
    const StoredTensor* zero = file_.find(zero_name);
    if (!q || !scale || !zero) return {};
    const int64_t columns = scales == Scales::column && !q->shape.empty() ? q->shape.back() : 1;
    const std::size_t expected = scales == Scales::slab ? 2 : columns;
    const bool slabs_fit = scales != Scales::slab || (q->shape.size() == 3 && q->shape[0] == 2);
    const bool types_fit = (q->type == ElementType::uint8 || q->type == ElementType::int8) && zero->type == q->type &&
                           scale->type == ElementType::float32;
    if (!types_fit || !slabs_fit || scale->bytes.size() != 4 * expected || zero->bytes.size() != expected) {
      throw Fault(Exit::bad_input, path().string() + ": tensor '" + name + "' is not quantised as expected",
                  "fetch the model again");
    }
    weights::Shape shape = q->shape;
    if (scales == Scales::slab) shape.erase(shape.begin());
    at::Tensor out = at::empty(shape, at::kFloat);
    const int64_t offset = slab * out.numel(), rows = columns == 0 ? 0 : out.numel() / columns;
    std::vector<float> factors(expected);  // the file does not align it
    std::memcpy(factors.data(), scale->bytes.data(), scale->bytes.size());
    const auto run = [&]<typename Quantised>(Quantised) {
      dequantise(reinterpret_cast<const Quantised*>(q->bytes.data()) + offset, factors.data() + slab,
                 reinterpret_cast<const Quantised*>(zero->bytes.data()) + slab, rows, columns, out.data_ptr<float>());
    };
    q->type == ElementType::uint8 ? run(std::uint8_t{}) : run(std::int8_t{});
    return out;
  }

  weights::OnnxInitializers file_;
  std::map<std::string, const Row*, std::less<>> rows_;
};

}  // namespace

std::unique_ptr<weights::TensorSource> open_onnx_checkpoint(const std::filesystem::path& file) {
  return std::make_unique<OnnxCheckpoint>(file);
}

std::unique_ptr<weights::TensorSource> open_checkpoint(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "model.safetensors"))
    return open_safetensors_checkpoint(folder / "model.safetensors");
  if (std::filesystem::exists(folder / "kokoro-quantized.onnx"))
    return open_onnx_checkpoint(folder / "kokoro-quantized.onnx");
  throw Fault(Exit::not_found, folder.string() + ": no kokoro-quantized.onnx and no model.safetensors there",
              "fetch the model again: lectern model pull kokoro-82m");
}

}  // namespace lectern::kokoro
