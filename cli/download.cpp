// How it works: a broken transfer leaves its bytes in the file, and the next attempt, of this process or a later one,
// asks for the rest only. Whether the server gave what was asked is seen from its answer: 206 from the right offset
// goes on, 200 starts again, 206 from another offset is not believed. The hash of the whole file has the last word; a
// file that was put together from several transfers and fails it is fetched once more from its beginning.
#include "cli/download.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "cli/download_session.h"
#include "config/fault.h"
#include "config/sha256.h"

namespace lectern::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kMostAttempts = 1000;  // even when each gains something

// The server gave the bytes from another place than asked for.
struct WrongRange {};

class FileSink : public BodySink {
 public:
  FileSink(const Download& download, const Downloader::Progress& progress) : download_(download), progress_(progress) {
    file_ = open(download.file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) throw system_fault("cannot write " + download.file.string(), errno);
    if (download.sha256.empty()) truncate_to(0);
    have_ = static_cast<std::uint64_t>(lseek(file_, 0, SEEK_END));
    if (download.bytes > 0 && have_ > download.bytes) truncate_to(0);
  }
  ~FileSink() override { close(file_); }

  std::uint64_t have() const { return have_; }
  std::optional<std::uint64_t> total() const { return total_; }

  void begin(std::uint64_t start, std::optional<std::uint64_t> total) override;
  void write(std::string_view bytes) override;
  void truncate_to(std::uint64_t bytes) {
    if (ftruncate(file_, static_cast<off_t>(bytes)) != 0 || lseek(file_, static_cast<off_t>(bytes), SEEK_SET) < 0)
      throw system_fault("cannot write " + download_.file.string(), errno);
    have_ = bytes;
  }

 private:
  void refuse(const std::string& what) const {
    throw Fault(Exit::bad_input, download_.url + ": " + what, "another file is offered there now; use another source");
  }
  void need_room() const;

  const Download& download_;
  const Downloader::Progress& progress_;
  int file_ = -1;
  std::uint64_t have_ = 0;
  std::optional<std::uint64_t> total_;
};

void FileSink::begin(std::uint64_t start, std::optional<std::uint64_t> total) {
  total_ = total;
  if (total && download_.bytes > 0 && *total != download_.bytes)
    refuse("the server offers " + std::to_string(*total) + " bytes, expected are " + std::to_string(download_.bytes));
  if (start != 0 && start != have_) throw WrongRange();
  truncate_to(start);
  need_room();
}

void FileSink::need_room() const {
  struct statvfs disk {};
  const std::uint64_t whole = total_.value_or(download_.bytes);
  if (whole <= have_ || fstatvfs(file_, &disk) != 0) return;
  const std::uint64_t room = std::uint64_t(disk.f_bavail) * disk.f_frsize;
  if (room < whole - have_)
    throw Fault(Exit::no_space,
                "not enough disk space for " + download_.file.string() + ": " + std::to_string(whole - have_) +
                    " bytes are needed, " + std::to_string(room) + " are free",
                "free some space there, or choose another folder with --home or LECTERN_HOME");
}

void FileSink::write(std::string_view bytes) {
  if (download_.bytes > 0 && have_ + bytes.size() > download_.bytes)
    refuse("the server sends more than the expected " + std::to_string(download_.bytes) + " bytes");
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw system_fault("cannot write " + download_.file.string(), errno);
    have_ += static_cast<std::uint64_t>(put);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  if (progress_) progress_(have_, total_.value_or(download_.bytes));
}

class TextSink : public BodySink {
 public:
  explicit TextSink(std::string url) : url_(std::move(url)) {}
  void begin(std::uint64_t, std::optional<std::uint64_t>) override { text.clear(); }
  void write(std::string_view bytes) override {
    if (text.size() + bytes.size() > (16u << 20))
      throw Fault(Exit::bad_input, url_ + ": the answer is larger than 16 MB");
    text += bytes;
  }
  std::string text;

 private:
  std::string url_;
};

// Counts failures; says whether to try again, and waits before that.
class Patience {
 public:
  Patience(const DownloadLimits& limits, const Downloader::Say& say) : limits_(limits), say_(say) {}
  void bear(const std::string& url, const TransferResult& result, bool gained) {
    failures_ = gained ? 1 : failures_ + 1;
    const bool unreachable = result.kind == TransferResult::Kind::unreachable;
    const int most = unreachable ? limits_.unreachable_attempts : limits_.attempts;
    if (!result.retryable() || failures_ >= most || ++attempts_ >= kMostAttempts)
      throw Fault(Exit::not_found, url + ": " + result.reason,
                  unreachable ? "check the network and the proxy settings" : "try again later, or use another source");
    const auto pause = limits_.first_pause * (1 << std::min(failures_ - 1, 5));
    if (say_) say_(url + ": " + result.reason + "; trying again");
    std::this_thread::sleep_for(pause);
  }

 private:
  const DownloadLimits& limits_;
  const Downloader::Say& say_;
  int failures_ = 0, attempts_ = 0;
};

}  // namespace

struct Downloader::Session {
  DownloadLimits limits;
  Say say;
  TransferSession transfers{limits};

  // One attempt; true: all bytes are there. A server that cannot go on where asked is asked for the whole next time.
  bool attempt(const Download& download, const Progress& progress, Patience& patience, bool& resumed) {
    FileSink sink(download, progress);
    const std::uint64_t before = sink.have();
    resumed = resumed || before > 0;
    if (download.bytes > 0 && before == download.bytes) return true;
    TransferResult result;
    try {
      result = transfers.get(download.url, download.headers, before, sink);
    } catch (const WrongRange&) {
      result = {TransferResult::Kind::broken, 206, "the server sends another part of the file than asked for"};
      sink.truncate_to(0);
    }
    if (result.status == 416 && before > 0) {
      // Nothing lies behind what is here: complete, if the hash agrees.
      return true;
    }
    const std::uint64_t whole = download.bytes > 0 ? download.bytes : sink.total().value_or(sink.have());
    if (result.kind == TransferResult::Kind::complete && sink.have() < whole)
      result = {TransferResult::Kind::broken, result.status, "the connection ended early"};
    if (result.kind == TransferResult::Kind::complete) return true;
    patience.bear(download.url, result, sink.have() > before);
    return false;
  }
};

Downloader::Downloader(const DownloadLimits& limits, Say say) : session_(new Session{limits, std::move(say)}) {}
Downloader::~Downloader() = default;

void Downloader::fetch(const Download& download, const Progress& progress) {
  Patience patience(session_->limits, session_->say);
  bool resumed = false;
  for (;;) {
    if (!session_->attempt(download, progress, patience, resumed)) continue;
    const std::string actual = download.sha256.empty() ? "" : sha256_file(download.file);
    if (actual == download.sha256) return;
    fs::remove(download.file);
    if (!resumed)
      throw Fault(Exit::bad_input,
                  download.url + ": other bytes than expected: SHA-256 " + actual + ", expected " + download.sha256,
                  "another file is offered there now; use another source");
    if (session_->say) session_->say(download.url + ": the parts do not fit together; fetching it once more");
    resumed = false;
  }
}

std::string Downloader::fetch_text(const std::string& url, const std::vector<std::string>& headers) {
  Patience patience(session_->limits, session_->say);
  for (;;) {
    TextSink sink(url);
    const TransferResult result = session_->transfers.get(url, headers, 0, sink);
    if (result.kind == TransferResult::Kind::complete) return sink.text;
    patience.bear(url, result, false);
  }
}

}  // namespace lectern::cli
