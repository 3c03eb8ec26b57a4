#include "broker/work_pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "config/fault.h"

namespace lectern {

WorkPool::WorkPool(int threads, std::size_t together)
    : together_(together), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw system_fault("cannot create an event descriptor", errno);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkPool::~WorkPool() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    tasks_.clear();
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  close(event_);
}

void WorkPool::add(Task task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  more_.notify_one();
}

void WorkPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (ending_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    ++running_;
    lock.unlock();
    Result result = task();
    lock.lock();
    --running_;
    results_.push_back(std::move(result));
    if (results_.size() < together_ && (running_ > 0 || !tasks_.empty())) continue;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(event_, &one, sizeof one);
  }
}

std::vector<WorkPool::Result> WorkPool::results() {
  std::lock_guard lock(mutex_);
  if (results_.empty()) return {};
  std::uint64_t count;
  [[maybe_unused]] const auto got = read(event_, &count, sizeof count);
  return std::exchange(results_, {});
}

bool WorkPool::idle() const {
  std::lock_guard lock(mutex_);
  return tasks_.empty() && running_ == 0 && results_.empty();
}

}  // namespace lectern
