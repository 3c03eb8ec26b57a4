// A tensor as it lies in a file: its element type, shape and bytes. Knows nothing of libtorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lectern::weights {

enum class ElementType { float32, float64, float16, bfloat16, int8, uint8, int16, int32, int64, boolean, other };

// Bytes of one element; 0 for `other`.
std::size_t element_size(ElementType type);
const char* element_name(ElementType type);

using Shape = std::vector<std::int64_t>;

// "[2, 3]"
std::string shape_text(std::span<const std::int64_t> shape);
// The number of elements; false when a dimension is negative or the product overflows.
bool count_elements(std::span<const std::int64_t> shape, std::uint64_t& count);

struct StoredTensor {
  ElementType type = ElementType::other;
  Shape shape;
  std::span<const std::byte> bytes;  // little-endian, dense, row after row; as long as the file object lives
};

}  // namespace lectern::weights
