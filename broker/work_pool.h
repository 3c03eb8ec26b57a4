// Long work off the loop: a few threads run tasks, and what each task returns is run by the loop, inside its
// transaction. The loop waits on `descriptor()`, which is readable while results are there.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lectern {

class WorkPool {
 public:
  using Result = std::function<void()>;  // runs on the loop's thread; may run again when its transaction was undone
  using Task = std::function<Result()>;  // runs on a thread of the pool; must not throw

  // The loop is woken when no task is left, and in between when `together` results are there.
  explicit WorkPool(int threads, std::size_t together = 1);
  ~WorkPool();  // drops tasks that were not begun, waits for the running ones, drops their results
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  void add(Task task);
  int descriptor() const { return event_; }
  std::vector<Result> results();  // those that are ready
  bool idle() const;              // no task waits or runs and no result is left

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Task> tasks_;
  std::vector<Result> results_;
  std::vector<std::thread> threads_;
  const std::size_t together_;
  int running_ = 0, event_ = -1;
  bool ending_ = false;
};

}  // namespace lectern
