#include "worker/kokoro/block_cache.h"

#include <c10/core/Allocator.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <list>
#include <mutex>
#include <new>
#include <unordered_map>

namespace lectern::kokoro {

namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20, kPage = std::size_t{1} << 21, kAlignment = 64;

struct Block {
  void* start = nullptr;
  std::size_t size = 0;
};

// Large blocks, in use and unused. Small ones are malloc's.
class Blocks {
 public:
  void* take(std::size_t wanted) {
    const std::size_t size = (wanted + kPage - 1) / kPage * kPage;
    const std::scoped_lock hold(lock_);
    auto best = unused_.end();
    for (auto block = unused_.begin(); block != unused_.end(); ++block) {
      const bool fits = block->size >= size && block->size <= size + size / 4 + kPage;
      if (fits && (best == unused_.end() || block->size < best->size)) best = block;
    }
    if (best == unused_.end()) return map(size);
    const Block block = *best;
    unused_bytes_ -= block.size;
    unused_.erase(best);
    used_.emplace(block.start, block.size);
    return block.start;
  }

  // False: not one of ours.
  bool give(void* start) {
    const std::scoped_lock hold(lock_);
    const auto found = used_.find(start);
    if (found == used_.end()) return false;
    unused_.push_back({start, found->second});
    unused_bytes_ += found->second;
    used_.erase(found);
    shrink();
    return true;
  }

  void limit(std::size_t bytes) {
    const std::scoped_lock hold(lock_);
    limit_ = bytes;
    shrink();
  }

  std::size_t unused_bytes() {
    const std::scoped_lock hold(lock_);
    return unused_bytes_;
  }

 private:
  void* map(std::size_t size) {
    // One page more than wanted, so that the block can begin where a huge page does.
    void* raw = ::mmap(nullptr, size + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) throw std::bad_alloc();
    const auto address = reinterpret_cast<std::uintptr_t>(raw);
    const std::uintptr_t start = (address + kPage - 1) / kPage * kPage;
    if (start != address) ::munmap(raw, start - address);
    if (const std::uintptr_t tail = address + kPage - start; tail != 0) {
      ::munmap(reinterpret_cast<void*>(start + size), tail);
    }
    ::madvise(reinterpret_cast<void*>(start), size, MADV_HUGEPAGE);
    used_.emplace(reinterpret_cast<void*>(start), size);
    return reinterpret_cast<void*>(start);
  }

  void shrink() {
    while (unused_bytes_ > limit_ && !unused_.empty()) {
      ::munmap(unused_.front().start, unused_.front().size);
      unused_bytes_ -= unused_.front().size;
      unused_.pop_front();
    }
  }

  std::mutex lock_;
  std::unordered_map<void*, std::size_t> used_;
  std::list<Block> unused_;  // the oldest first
  std::size_t unused_bytes_ = 0, limit_ = 0;
};

Blocks& blocks() {
  static Blocks* const all = new Blocks;  // outlives every tensor, also static ones
  return *all;
}

void free_block(void* start) {
  // What another allocator gave before this one was installed came from malloc too.
  if (start != nullptr && !blocks().give(start)) std::free(start);
}

// libtorch's interface differs between versions: allocate() was const at first, copy_data() came later. So neither is
// marked `override`; the compiler takes what fits.
struct CachingAllocator : c10::Allocator {
  c10::DataPtr allocate(std::size_t size) const { return get(size); }
  c10::DataPtr allocate(std::size_t size) { return get(size); }
  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void* to, const void* from, std::size_t size) const { std::memcpy(to, from, size); }

 private:
  static c10::DataPtr get(std::size_t size) {
    void* start = nullptr;
    if (size >= kLarge) {
      start = blocks().take(size);
    } else if (size > 0 && ::posix_memalign(&start, kAlignment, size) != 0) {
      throw std::bad_alloc();
    }
    return {start, start, &free_block, c10::Device(c10::DeviceType::CPU)};
  }
};

}  // namespace

void keep_blocks(std::size_t limit_bytes) {
  static CachingAllocator* const allocator = [] {
    auto* made = new CachingAllocator;
    c10::SetAllocator(c10::DeviceType::CPU, made, /*priority=*/100);
    return made;
  }();
  (void)allocator;
  blocks().limit(limit_bytes);
}

std::size_t kept_bytes() { return blocks().unused_bytes(); }

}  // namespace lectern::kokoro
