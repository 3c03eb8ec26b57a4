// Downloads over HTTP(S) with libcurl: resumed, retried, checked. Proxies and certificates as curl's environment says.
// One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lectern::cli {

struct Download {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"; not sent on to other hosts after a redirect if Authorization
  std::filesystem::path file;        // gets the bytes; what an earlier, broken download left there is gone on with
  std::uint64_t bytes = 0;           // expected; 0: not known
  // Expected; empty: not known. Then what the hub publishes as the file's hash counts, and a download is gone on with
  // while the server says that the file is still the same (ETag).
  std::string sha256;
  bool may_lack = false;  // the server need not have it
};

struct DownloadLimits {
  int attempts = 5;                             // in a row without a byte gained
  int unreachable_attempts = 2;                 // when no server answers at all
  std::chrono::milliseconds first_pause{1000};  // doubled after each attempt
  long connect_s = 15;
  long stall_s = 30;  // without bytes for so long: given up and tried again
};

class Downloader {
 public:
  using Progress = std::function<void(std::uint64_t have_bytes, std::uint64_t total_bytes)>;  // total 0: not known
  using Say = std::function<void(const std::string& line)>;

  // `say` is told why something is tried again.
  explicit Downloader(const DownloadLimits& limits = {}, Say say = {});
  ~Downloader();

  // Returns when `file` is complete, of the expected size and hash; false: the server has no such file (404), which
  // `may_lack` allows. Throws Fault: not_found when the server refuses or
  // cannot be reached, bad_input when it gives other bytes than expected (nothing is left then), no_space.
  bool fetch(const Download& download, const Progress& progress = {});
  // A short answer as text, at most 16 MB.
  std::string fetch_text(const std::string& url, const std::vector<std::string>& headers = {});

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace lectern::cli
