#include "worker/weights/large_pages.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace lectern::weights {

namespace {
constexpr std::size_t kLargePage = std::size_t{2} << 20, kBlock = 32 * kLargePage, kLine = 64;
}

std::shared_ptr<void> large_pages(std::size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, bytes >= kLargePage ? kLargePage : kLine, bytes) != 0) throw std::bad_alloc();
  if (bytes >= kLargePage) ::madvise(memory, bytes, MADV_HUGEPAGE);
  return {memory, std::free};
}

void bring_out(std::span<std::byte> part) {
#ifdef MADV_POPULATE_WRITE
  const auto start = (reinterpret_cast<std::uintptr_t>(part.data()) + kLargePage - 1) / kLargePage * kLargePage;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / kLargePage * kLargePage;
  if (start < end) ::madvise(reinterpret_cast<void*>(start), end - start, MADV_POPULATE_WRITE);
#else
  static_cast<void>(part);
#endif
}

at::Tensor Room::empty(at::IntArrayRef shape, const at::TensorOptions& options) {
  if (!options.device().is_cpu()) return at::empty(shape, options);
  const std::size_t bytes = static_cast<std::size_t>(c10::multiply_integers(shape)) * options.dtype().itemsize();
  const std::size_t taken = (bytes + kLine - 1) / kLine * kLine;
  if (taken > size_ - used_) {
    size_ = std::max(kBlock, taken);
    block_ = large_pages(size_);
    used_ = 0;
  }
  void* const place = static_cast<std::byte*>(block_.get()) + used_;
  used_ += taken;
  return at::from_blob(place, shape, [block = block_](void*) {}, options);
}

}  // namespace lectern::weights
