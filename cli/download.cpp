// How it works: a broken transfer leaves its bytes in the file, and the next attempt, of this process or a later one,
// asks for the rest only. Whether the server gave what was asked is seen from its answer: 206 from the right offset
// goes on, 200 starts again, 206 from another offset is not believed. The hash of the whole file has the last word; a
// file that was put together from several transfers and fails it is fetched once more from its beginning. Of a file
// whose hash the catalogue does not have, FILE.known notes what the server said of it: the ETag, by which a later
// attempt asks for the rest of the same file only (If-Range), its size, and its hash when a hub tells it.
#include "cli/download.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "cli/download_session.h"
#include "config/fault.h"
#include "config/sha256.h"

namespace lectern::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kMostAttempts = 1000;  // even when each gains something

// What the server said of a file when its first byte came.
struct Known {
  FileFacts facts;
  std::uint64_t total = 0;
};

fs::path known_file(const fs::path& file) { return file.string() + ".known"; }

Known read_known(const fs::path& file) {
  Known known;
  std::ifstream in(known_file(file));
  std::getline(in, known.facts.etag);
  std::getline(in, known.facts.digest);
  if (!(in >> known.total)) return {};
  return known;
}

void write_known(const fs::path& file, const Known& known) {
  std::ofstream(known_file(file)) << known.facts.etag << '\n' << known.facts.digest << '\n' << known.total << '\n';
}

// The server gave the bytes from another place than asked for.
struct WrongRange {};

class FileSink : public BodySink {
 public:
  FileSink(const Download& download, const Downloader::Progress& progress) : download_(download), progress_(progress) {
    file_ = open(download.file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) throw system_fault("cannot write " + download.file.string(), errno);
    if (!pinned()) known_ = read_known(download.file);
    if (!pinned() && known_.facts.etag.empty()) truncate_to(0);
    have_ = static_cast<std::uint64_t>(lseek(file_, 0, SEEK_END));
    if (expected() > 0 && have_ > expected()) truncate_to(0);
  }
  ~FileSink() override { close(file_); }

  std::uint64_t have() const { return have_; }
  // Bytes of the whole file; 0: not known.
  std::uint64_t expected() const { return download_.bytes > 0 ? download_.bytes : known_.total; }
  // What goes with a request for the rest of the file.
  std::vector<std::string> headers() const {
    std::vector<std::string> headers = download_.headers;
    if (have_ > 0 && !pinned()) headers.push_back("If-Range: " + known_.facts.etag);
    return headers;
  }
  std::optional<std::uint64_t> total() const { return total_; }

  void begin(std::uint64_t start, std::optional<std::uint64_t> total, const FileFacts& facts) override;
  void write(std::string_view bytes) override;
  void truncate_to(std::uint64_t bytes) {
    if (ftruncate(file_, static_cast<off_t>(bytes)) != 0 || lseek(file_, static_cast<off_t>(bytes), SEEK_SET) < 0)
      throw system_fault("cannot write " + download_.file.string(), errno);
    have_ = bytes;
  }

 private:
  bool pinned() const { return !download_.sha256.empty(); }
  void refuse(const std::string& what) const {
    throw Fault(Exit::bad_input, download_.url + ": " + what, "another file is offered there now; use another source");
  }
  void need_room() const;

  const Download& download_;
  const Downloader::Progress& progress_;
  int file_ = -1;
  std::uint64_t have_ = 0;
  std::optional<std::uint64_t> total_;
  Known known_;
};

void FileSink::begin(std::uint64_t start, std::optional<std::uint64_t> total, const FileFacts& facts) {
  total_ = total;
  if (total && download_.bytes > 0 && *total != download_.bytes)
    refuse("the server offers " + std::to_string(*total) + " bytes, expected are " + std::to_string(download_.bytes));
  if (start != 0 && start != have_) throw WrongRange();
  if (start != 0 && !pinned() && facts.etag != known_.facts.etag) throw WrongRange();
  truncate_to(start);
  if (start == 0 && !pinned()) {
    known_ = {facts, total.value_or(0)};
    write_known(download_.file, known_);
  }
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
  void begin(std::uint64_t, std::optional<std::uint64_t>, const FileFacts&) override { text.clear(); }
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
      throw Fault(Exit::not_found, url + ": " + result.reason, mend_of(result));
    const auto pause = limits_.first_pause * (1 << std::min(failures_ - 1, 5));
    if (say_) say_(url + ": " + result.reason + "; trying again");
    std::this_thread::sleep_for(pause);
  }

 private:
  static const char* mend_of(const TransferResult& result) {
    if (result.kind == TransferResult::Kind::unreachable) return "check the network and the proxy settings";
    if (result.status == 401 || result.status == 403) return "set HF_TOKEN to a token that may read it";
    return "try again later, or use another source";
  }

  const DownloadLimits& limits_;
  const Downloader::Say& say_;
  int failures_ = 0, attempts_ = 0;
};

}  // namespace

struct Downloader::Session {
  DownloadLimits limits;
  Say say;
  TransferSession transfers{limits};

  enum class Outcome { again, complete, lacking };

  // One attempt. A server that cannot go on where asked is asked for the whole next time.
  Outcome attempt(const Download& download, const Progress& progress, Patience& patience, bool& resumed) {
    FileSink sink(download, progress);
    const std::uint64_t before = sink.have();
    resumed = resumed || before > 0;
    if (sink.expected() > 0 && before == sink.expected()) return Outcome::complete;
    TransferResult result;
    try {
      result = transfers.get(download.url, sink.headers(), before, sink);
    } catch (const WrongRange&) {
      result = {TransferResult::Kind::broken, 206, "the server sends another part of the file than asked for"};
      sink.truncate_to(0);
    }
    if (result.status == 416 && before > 0) {
      // Nothing lies behind what is here: complete, if the hash agrees.
      if (!download.sha256.empty()) return Outcome::complete;
      sink.truncate_to(0);
      return Outcome::again;
    }
    if (result.status == 404 && download.may_lack) return Outcome::lacking;
    const std::uint64_t whole = download.bytes > 0 ? download.bytes : sink.total().value_or(sink.have());
    if (result.kind == TransferResult::Kind::complete && sink.have() < whole)
      result = {TransferResult::Kind::broken, result.status, "the connection ended early"};
    if (result.kind == TransferResult::Kind::complete) return Outcome::complete;
    patience.bear(download.url, result, sink.have() > before);
    return Outcome::again;
  }
};

Downloader::Downloader(const DownloadLimits& limits, Say say) : session_(new Session{limits, std::move(say)}) {}
Downloader::~Downloader() = default;

bool Downloader::fetch(const Download& download, const Progress& progress) {
  Patience patience(session_->limits, session_->say);
  bool resumed = false;
  for (;;) {
    const Session::Outcome outcome = session_->attempt(download, progress, patience, resumed);
    if (outcome == Session::Outcome::again) continue;
    if (outcome == Session::Outcome::lacking) {
      fs::remove(download.file);
      return false;
    }
    const std::string expected = download.sha256.empty() ? read_known(download.file).facts.digest : download.sha256;
    const std::string actual = expected.empty() ? "" : sha256_file(download.file);
    if (actual == expected) return true;
    fs::remove(download.file);
    fs::remove(known_file(download.file));
    if (!resumed)
      throw Fault(Exit::bad_input,
                  download.url + ": other bytes than expected: SHA-256 " + actual + ", expected " + expected,
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
