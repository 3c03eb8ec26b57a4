// A few threads that work through one task in step: for loops whose parts take microseconds, where waking threads for
// each part would cost more than the part.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lectern::chatterbox {

class ThreadTeam {
 public:
  // `size` threads in all: the one that calls run() is the first of them.
  explicit ThreadTeam(int size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;

  int size() const { return size_; }
  // Runs task(member) on every member, 0 being the caller, and returns when all are done. Several callers take turns.
  // A task must not throw.
  void run(const std::function<void(int member)>& task);
  // Inside a task: waits until every member has come here.
  void meet();
  // The part [first, last) of `count` things that is a member's.
  struct Part {
    std::int64_t first, last;
  };
  Part part(int member, std::int64_t count) const { return {count * member / size_, count * (member + 1) / size_}; }

 private:
  void work(int member);

  const int size_;
  std::mutex turn_;
  const std::function<void(int)>* task_ = nullptr;
  std::atomic<std::uint32_t> round_ = 0;    // raised to start a task, and to end the threads
  std::atomic<std::uint32_t> meeting_ = 0;  // raised when all have met
  std::atomic<int> arrived_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lectern::chatterbox
