// One process of ffmpeg, fed and heard through sockets. One that neither takes, gives nor writes anything for a minute is
// taken to hang, and is killed.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lectern::publish {

class FfmpegRun {
 public:
  // `words`: without the program itself. `files`: bytes that it reads as /dev/fd/3, /dev/fd/4, ... `watched`: a file whose
  // growth shows that it works. `doing` for messages: "encode book.m4b". Throws Fault.
  FfmpegRun(std::vector<std::string> words, const std::vector<std::string>& files, std::filesystem::path watched,
            std::string doing, const std::atomic<bool>& stop);
  ~FfmpegRun();  // kills it if it still runs
  FfmpegRun(const FfmpegRun&) = delete;
  FfmpegRun& operator=(const FfmpegRun&) = delete;

  void send(std::span<const char> bytes);        // to its standard input
  std::size_t receive(std::span<char> into);     // from its standard output; 0: it has said all
  void end_of_input();
  void wait();                                   // until it has ended well; Fault when it does not

 private:
  using Clock = std::chrono::steady_clock;

  void start(std::vector<std::string>& words, const std::vector<int>& descriptors);
  void pause(int descriptor, short events);      // until something happens there, looking after the rest meanwhile
  void look_after();
  void hear_errors();
  bool ended();
  [[noreturn]] void fail();

  const std::filesystem::path watched_;
  const std::string doing_;
  const std::atomic<bool>& stop_;
  pid_t pid_ = -1;
  int status_ = 0;
  int line_ = -1, errors_ = -1;
  std::string said_;  // the beginning of its standard error
  Clock::time_point moved_ = Clock::now();
  std::int64_t seen_bytes_ = -1;
};

}  // namespace lectern::publish
