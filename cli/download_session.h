// One HTTP transfer after the other over one libcurl handle (connections are kept). Used by download.cpp alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/download.h"

namespace lectern::cli {

// What an answer says of the file. Empty: nothing.
struct FileFacts {
  std::string etag;    // as it was sent, if it promises the same bytes
  std::string digest;  // SHA-256, which a hub tells for its large files
};

// Gets the bytes of one answer.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Before the first byte. `start`: the offset of the first byte (0, or of a 206 answer). `total`: bytes of the whole
  // file, when the server tells.
  virtual void begin(std::uint64_t start, std::optional<std::uint64_t> total, const FileFacts& facts) = 0;
  virtual void write(std::string_view bytes) = 0;
};

struct TransferResult {
  enum class Kind { complete, refused, unreachable, broken } kind = Kind::complete;
  long status = 0;     // of HTTP
  std::string reason;  // one line, when not complete
  bool retryable() const;
};

class TransferSession {
 public:
  explicit TransferSession(const DownloadLimits& limits);
  ~TransferSession();
  TransferSession(const TransferSession&) = delete;
  TransferSession& operator=(const TransferSession&) = delete;

  // GET, from `offset` on if it is not 0. What the sink throws comes out here.
  TransferResult get(const std::string& url, const std::vector<std::string>& headers, std::uint64_t offset,
                     BodySink& sink);

 private:
  DownloadLimits limits_;
  void* handle_;
};

}  // namespace lectern::cli
