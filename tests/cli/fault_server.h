// A small HTTP server of the tests, on 127.0.0.1, that answers as told: wholly, partly, wrongly, or not at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lectern {

struct FaultRequest {
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  std::optional<std::uint64_t> range_start;
};

struct FaultAnswer {
  int status = 200;
  std::string body = {};                            // the whole file; the server cuts out the asked range
  std::map<std::string, std::string> headers = {};  // besides Content-Length and Content-Range
  std::uint64_t stop_after = UINT64_MAX;            // bytes of the body; then the connection is dropped
  bool stall = false;                               // instead of dropping, keeps the connection open and silent
  bool ignore_range = false;                        // answers 200 with the whole file
  std::int64_t shift_range = 0;                     // answers 206 from so many bytes beside the asked place
  std::uint64_t claim_length = UINT64_MAX;          // Content-Length, when it is to be a lie
};

class FaultServer {
 public:
  using Handler = std::function<FaultAnswer(const FaultRequest&)>;
  explicit FaultServer(Handler handler);
  ~FaultServer();

  std::string address(const std::string& host = "127.0.0.1") const;  // "http://127.0.0.1:PORT"
  std::vector<FaultRequest> requests() const;
  std::size_t count(const std::string& path_part) const;
  void answer_with(Handler handler);
  // Returns when a connection has been stalled, so that its bytes have been sent.
  void wait_for_stall() const;

 private:
  void accept_all();
  void serve(int connection);

  mutable std::mutex mutex_;
  Handler handler_;
  std::vector<FaultRequest> requests_;
  std::vector<std::thread> connections_;
  std::atomic<int> stalled_{0};
  int listener_ = -1, stop_[2] = {-1, -1}, port_ = 0;
  std::thread thread_;
};

}  // namespace lectern
