#include "worker/chatterbox/thread_team.h"

#include <algorithm>

namespace lectern::chatterbox {

namespace {

// Looks for some microseconds, then sleeps: the others are usually about to come, unless the machine is busy.
void wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t seen, int looks) {
  for (int i = 0; i < looks; ++i) {
    if (value.load(std::memory_order_acquire) != seen) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  value.wait(seen, std::memory_order_acquire);
}

constexpr int kLooksInside = 2000, kLooksBetween = 200;

}  // namespace

ThreadTeam::ThreadTeam(int size) : size_(std::max(1, size)) {
  for (int member = 1; member < size_; ++member) threads_.emplace_back([this, member] { work(member); });
}

ThreadTeam::~ThreadTeam() {
  ending_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
}

void ThreadTeam::run(const std::function<void(int)>& task) {
  const std::lock_guard lock(turn_);
  task_ = &task;
  if (size_ > 1) {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }
  task(0);
  meet();
}

void ThreadTeam::meet() {
  if (size_ == 1) return;
  const std::uint32_t seen = meeting_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    meeting_.fetch_add(1, std::memory_order_release);
    meeting_.notify_all();
  } else {
    wait_for_change(meeting_, seen, kLooksInside);
  }
}

void ThreadTeam::work(int member) {
  std::uint32_t seen = 0;
  while (true) {
    wait_for_change(round_, seen, kLooksBetween);
    seen = round_.load(std::memory_order_acquire);
    if (ending_) return;
    (*task_)(member);
    meet();
  }
}

}  // namespace lectern::chatterbox
