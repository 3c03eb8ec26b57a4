#include "worker/weights/stored_tensor.h"

namespace lectern::weights {

namespace {
struct Facts {
  std::size_t size;
  const char* name;
};
constexpr Facts kFacts[] = {{4, "float32"}, {8, "float64"}, {2, "float16"},     {2, "bfloat16"},
                            {1, "int8"},    {1, "uint8"},   {2, "int16"},       {4, "int32"},
                            {8, "int64"},   {1, "boolean"}, {0, "another type"}};
}  // namespace

std::size_t element_size(ElementType type) { return kFacts[static_cast<int>(type)].size; }
const char* element_name(ElementType type) { return kFacts[static_cast<int>(type)].name; }

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

bool count_elements(std::span<const std::int64_t> shape, std::uint64_t& count) {
  count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(dimension), &count)) return false;
  }
  return true;
}

}  // namespace lectern::weights
