#include "cli/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "cli/download_progress.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/sha256.h"
#include "tests/cli/fault_server.h"

namespace lectern::cli {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// Bytes that differ everywhere, so that a part in the wrong place is seen.
std::string content(std::size_t bytes, unsigned seed = 1) {
  std::string text(bytes, '\0');
  std::uint32_t state = seed;
  for (char& c : text) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  return text;
}

class Downloads : public testing::Test {
 protected:
  Downloads() {
    fs::create_directories(folder_);
    limits_.first_pause = std::chrono::milliseconds(1);
    limits_.stall_s = 1;
  }
  ~Downloads() override { fs::remove_all(folder_); }

  Download download(const std::string& path = "/file") {
    return {server_.address() + path, {}, file_, body_.size(), sha256(body_)};
  }
  void fetch(const Download& d) {
    Downloader downloader(limits_, [this](const std::string& line) { said_ += line + "\n"; });
    downloader.fetch(d);
  }
  // The fault of a fetch that must not succeed.
  Fault refusal(const Download& d) {
    try {
      fetch(d);
    } catch (const Fault& fault) {
      return fault;
    }
    return {Exit::internal, "nothing was refused"};
  }
  std::vector<std::optional<std::uint64_t>> ranges() const {
    std::vector<std::optional<std::uint64_t>> starts;
    for (const FaultRequest& r : server_.requests()) starts.push_back(r.range_start);
    return starts;
  }
  // Answers the first requests one by one, then always as the last.
  void answers(std::vector<FaultAnswer> list) {
    auto next = std::make_shared<std::size_t>(0);
    server_.answer_with([=](const FaultRequest&) { return list[std::min((*next)++, list.size() - 1)]; });
  }
  FaultAnswer whole() const { return {.body = body_}; }

  std::string body_ = content(300'000);
  fs::path folder_ = testing::TempDir() + "downloads-" + std::to_string(getpid());
  fs::path file_ = folder_ / "file.part";
  DownloadLimits limits_;
  std::string said_;
  FaultServer server_{[this](const FaultRequest&) { return FaultAnswer{.body = body_}; }};
};

using Starts = std::vector<std::optional<std::uint64_t>>;

TEST_F(Downloads, AFileArrivesWhole) {
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), Starts{std::nullopt});
}

TEST_F(Downloads, AConnectionDroppedInTheMiddleIsGoneOnWithWhereItBroke) {
  answers({{.body = body_, .stop_after = 100'000}, {.body = body_, .stop_after = 50'000}, whole()});
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), (Starts{std::nullopt, 100'000, 150'000}));
  EXPECT_THAT(said_, HasSubstr("trying again"));
}

TEST_F(Downloads, WhatAnEarlierProcessLeftIsGoneOnWith) {
  write_file(file_, body_.substr(0, 12'345));
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), Starts{12'345});
}

TEST_F(Downloads, ACompleteFileIsNotAskedForAgain) {
  write_file(file_, body_);
  fetch(download());
  EXPECT_TRUE(server_.requests().empty());
  Download size_unknown = download();
  size_unknown.bytes = 0;
  fetch(size_unknown);  // the server answers 416
  EXPECT_EQ(read_file(file_), body_);
}

class Unpinned : public Downloads {
 protected:
  Unpinned() { answer_with_etag("\"one\"", body_); }
  // As servers that know If-Range do.
  void answer_with_etag(const std::string& etag, const std::string& body, const std::string& digest = "") {
    server_.answer_with([=, this](const FaultRequest& request) {
      FaultAnswer answer{.body = body, .headers = {{"ETag", etag}}, .stop_after = stop_after_};
      stop_after_ = UINT64_MAX;
      if (!digest.empty()) answer.headers["X-Linked-ETag"] = "\"" + digest + "\"";
      const auto asked = request.headers.find("if-range");
      answer.ignore_range = asked == request.headers.end() || asked->second != etag;
      return answer;
    });
  }
  Download unpinned() { return {server_.address() + "/file", {}, file_, 0, ""}; }
  // What a process that was killed in the middle left.
  void leave(const std::string& bytes, const std::string& etag) {
    write_file(file_, bytes);
    write_file(file_.string() + ".known", etag + "\n\n" + std::to_string(body_.size()) + "\n");
  }
  std::uint64_t stop_after_ = UINT64_MAX;
};

TEST_F(Unpinned, AFileIsGoneOnWithWhileItIsTheSame) {
  stop_after_ = 70'000;
  fetch(unpinned());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), (Starts{std::nullopt, 70'000}));
  leave(body_.substr(0, 10'000), "\"one\"");
  fetch(unpinned());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges().back(), 10'000);
}

TEST_F(Unpinned, AFileThatHasChangedIsFetchedFromItsBeginning) {
  leave(content(10'000, 9), "\"another\"");
  fetch(unpinned());
  EXPECT_EQ(read_file(file_), body_);
  write_file(file_, content(10'000, 9));
  fs::remove(file_.string() + ".known");  // nothing is known of it
  fetch(unpinned());
  EXPECT_EQ(read_file(file_), body_);
}

TEST_F(Unpinned, ACompleteFileIsNotAskedForAgain) {
  fetch(unpinned());
  fetch(unpinned());
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(Unpinned, WithoutAnEtagNothingIsGoneOnWith) {
  answers({{.body = body_, .stop_after = 100'000}, whole()});
  fetch(unpinned());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), (Starts{std::nullopt, std::nullopt}));
}

TEST_F(Unpinned, TheHashThatAHubTellsIsChecked) {
  answer_with_etag("\"one\"", body_, sha256(body_));
  fetch(unpinned());
  fs::remove(file_);
  fs::remove(file_.string() + ".known");
  answer_with_etag("\"one\"", content(body_.size(), 5), sha256(body_));
  EXPECT_THAT(refusal(unpinned()).what(), HasSubstr("other bytes than expected"));
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(Unpinned, AFileThatTheServerNeedNotHaveMayBeMissing) {
  answers({{.status = 404}});
  Download optional = unpinned();
  optional.may_lack = true;
  Downloader downloader(limits_);
  EXPECT_FALSE(downloader.fetch(optional));
  EXPECT_FALSE(fs::exists(file_));
  answers({{.status = 403}});
  EXPECT_THAT(refusal(optional).hint(), HasSubstr("HF_TOKEN")) << "a refusal is not an absence";
}

TEST_F(Downloads, AServerThatIgnoresRangesStartsAgain) {
  write_file(file_, body_.substr(0, 1'000));
  answers({{.body = body_, .ignore_range = true}});
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
}

TEST_F(Downloads, APartFromAnotherPlaceIsNotBelieved) {
  write_file(file_, body_.substr(0, 1'000));
  answers({{.body = body_, .shift_range = -10}, whole()});
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), (Starts{1'000, std::nullopt}));
}

TEST_F(Downloads, PartsThatDoNotFitTogetherAreFetchedOnceMore) {
  write_file(file_, content(1'000, 7));  // of another file
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), (Starts{1'000, std::nullopt}));
  write_file(file_, content(body_.size(), 7));  // of the right size
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
}

TEST_F(Downloads, AnotherFileIsRefusedWithBothHashesAndNothingIsLeft) {
  const std::string other = content(body_.size(), 9);
  answers({{.body = other}});
  const Fault fault = refusal(download());
  EXPECT_EQ(fault.exit(), Exit::bad_input);
  EXPECT_THAT(fault.what(), HasSubstr(sha256(other)));
  EXPECT_THAT(fault.what(), HasSubstr(sha256(body_)));
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(Downloads, AFileOfAnotherSizeIsRefusedBeforeItComes) {
  answers({{.body = content(400'000)}});
  EXPECT_THAT(refusal(download()).what(), HasSubstr("the server offers 400000 bytes, expected are 300000"));
  EXPECT_EQ(fs::file_size(file_), 0u);
}

TEST_F(Downloads, AMissingFileIsReportedAtOnce) {
  answers({{.status = 404, .body = "<html>not here</html>"}});
  const Fault fault = refusal(download("/gone"));
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_EQ(std::string(fault.what()), server_.address() + "/gone: the server answers HTTP 404");
  EXPECT_EQ(server_.requests().size(), 1u);
  EXPECT_EQ(fs::file_size(file_), 0u) << "the page of the error was taken for the file";
}

TEST_F(Downloads, AServerInTroubleIsAskedAgain) {
  answers({{.status = 500}, {.status = 503}, whole()});
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(server_.requests().size(), 3u);
}

TEST_F(Downloads, AServerThatStaysInTroubleIsGivenUp) {
  answers({{.status = 500}});
  EXPECT_THAT(refusal(download()).what(), HasSubstr("HTTP 500"));
  EXPECT_EQ(server_.requests().size(), 5u);
}

TEST_F(Downloads, NobodyThereIsReportedAfterTwoAttempts) {
  Download nowhere = download();
  nowhere.url = "http://127.0.0.1:1/file";
  const Fault fault = refusal(nowhere);
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_THAT(fault.what(), HasSubstr("http://127.0.0.1:1/file"));
  EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1);
}

TEST_F(Downloads, AStalledConnectionIsGivenUpAndGoneOnWith) {
  answers({{.body = body_, .stop_after = 200'000, .stall = true}, whole()});
  fetch(download());
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), (Starts{std::nullopt, 200'000}));
}

TEST_F(Downloads, RedirectsAreFollowedAndTokensStayWithTheirHost) {
  server_.answer_with([this](const FaultRequest& request) {
    if (request.path == "/file")
      return FaultAnswer{.status = 302, .headers = {{"Location", server_.address("localhost") + "/cdn"}}};
    return whole();
  });
  Download d = download();
  d.headers = {"Authorization: Bearer secret"};
  fetch(d);
  EXPECT_EQ(read_file(file_), body_);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(requests[1].headers.count("authorization"), 0u);
}

TEST_F(Downloads, WithoutAHashNothingIsResumed) {
  write_file(file_, "old");
  Download d = download();
  d.bytes = 0;
  d.sha256.clear();
  fetch(d);
  EXPECT_EQ(read_file(file_), body_);
  EXPECT_EQ(ranges(), Starts{std::nullopt});
}

TEST_F(Downloads, AFileThatDoesNotFitOnTheDiskIsRefusedBeforeItComes) {
  answers({{.body = body_, .claim_length = 1ull << 60}});
  Download d = download();
  d.bytes = 0;
  EXPECT_EQ(refusal(d).exit(), Exit::no_space);
}

TEST_F(Downloads, ADiskThatFailsInTheMiddleIsNamedAndNotRetried) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit tight = before;
  tight.rlim_cur = 150'000;
  setrlimit(RLIMIT_FSIZE, &tight);
  const Fault fault = refusal(download());
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(fault.what(), HasSubstr("cannot write " + file_.string()));
  EXPECT_EQ(server_.requests().size(), 1u);
  fetch(download());  // and goes on when there is room again
  EXPECT_EQ(read_file(file_), body_);
}

TEST_F(Downloads, OtherProtocolsAreRefused) {
  Download d = download();
  d.url = "file:///etc/passwd";
  EXPECT_EQ(refusal(d).exit(), Exit::not_found);
}

TEST_F(Downloads, TextIsFetchedWithRetries) {
  answers({{.status = 502}, {.body = "{\"a\": 1}"}});
  EXPECT_EQ(Downloader(limits_).fetch_text(server_.address() + "/json"), "{\"a\": 1}");
}

TEST(DownloadProgress, TellsPercentSizeRateAndRest) {
  EXPECT_EQ(progress_text("m", 50'000'000, 100'000'000, 20'000'000, 4),
            "m  50 %  50.0 MB of 100.0 MB  5.0 MB/s  10 s left");
  EXPECT_EQ(progress_text("m", 7'000, 0, 0, 0), "m  7 kB");
  EXPECT_EQ(progress_text("m", 0, 4'000'000'000, 1'000'000, 1), "m  0 %  0 bytes of 4.00 GB  1.0 MB/s  67 min left");
  EXPECT_EQ(progress_text("m", 10, 10, 10, 1), "m  100 %  10 bytes of 10 bytes  10 bytes/s");
}

}  // namespace
}  // namespace lectern::cli
