#include "cli/download_session.h"

#include <curl/curl.h>
#include <strings.h>

#include <charconv>
#include <cstdlib>
#include <exception>
#include <memory>

#include "config/fault.h"
#include "config/shared_library.h"

namespace lectern::cli {
namespace {

// libcurl's functions, typed by its own header.
struct Curl {
  SharedLibrary library{"libcurl.so.4", "install it: apt-get install libcurl4"};
  decltype(curl_global_init)* global_init = library.get<decltype(curl_global_init)>("curl_global_init");
  decltype(curl_easy_init)* init = library.get<decltype(curl_easy_init)>("curl_easy_init");
  decltype(curl_easy_cleanup)* cleanup = library.get<decltype(curl_easy_cleanup)>("curl_easy_cleanup");
  decltype(curl_easy_reset)* reset = library.get<decltype(curl_easy_reset)>("curl_easy_reset");
  decltype(curl_easy_setopt)* set = library.get<decltype(curl_easy_setopt)>("curl_easy_setopt");
  decltype(curl_easy_getinfo)* info = library.get<decltype(curl_easy_getinfo)>("curl_easy_getinfo");
  decltype(curl_easy_perform)* perform = library.get<decltype(curl_easy_perform)>("curl_easy_perform");
  decltype(curl_easy_strerror)* explain = library.get<decltype(curl_easy_strerror)>("curl_easy_strerror");
  decltype(curl_slist_append)* append = library.get<decltype(curl_slist_append)>("curl_slist_append");
  decltype(curl_slist_free_all)* free_all = library.get<decltype(curl_slist_free_all)>("curl_slist_free_all");
};

const Curl& curl() {
  static const Curl loaded;
  static const CURLcode started = loaded.global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK)
    throw Fault(Exit::internal, std::string("libcurl does not start: ") + loaded.explain(started));
  return loaded;
}

std::optional<std::uint64_t> number_at(std::string_view text) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// One answer on its way from libcurl's callbacks into the sink. Nothing may be thrown through libcurl: what the sink
// throws is kept until the transfer has ended.
struct Answer {
  BodySink& sink;
  CURL* handle;
  bool begun = false;
  std::optional<std::uint64_t> length, range_start, range_total;  // of the newest header block
  FileFacts facts;                                                // the digest is the hub's, whoever it redirects to
  std::exception_ptr thrown;

  void header(std::string_view line);
  void begin();
};

void Answer::header(std::string_view line) {
  auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
    if (line.size() <= name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) return std::nullopt;
    std::string_view value = line.substr(name.size());
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return value;
  };
  if (line.substr(0, 5) == "HTTP/") {
    length = range_start = range_total = std::nullopt;
    facts.etag.clear();
  }
  auto without_end = [](std::string_view value) {
    const std::size_t last = value.find_last_not_of(" \t\r\n");
    return std::string(value.substr(0, last == value.npos ? 0 : last + 1));
  };
  if (const auto value = value_of("ETag:"); value && value->substr(0, 2) != "W/") facts.etag = without_end(*value);
  if (const auto value = value_of("X-Linked-ETag:")) {
    const std::string digest = without_end(*value);
    const bool quoted = digest.size() == 66 && digest.front() == '"' && digest.back() == '"';
    facts.digest = quoted ? digest.substr(1, 64) : digest;
    if (facts.digest.size() != 64 || facts.digest.find_first_not_of("0123456789abcdef") != std::string::npos)
      facts.digest.clear();
  }
  if (const auto value = value_of("Content-Length:")) length = number_at(*value);
  if (const auto value = value_of("Content-Range: bytes")) {
    const std::size_t digits = value->find_first_of("0123456789"), slash = value->find('/');
    if (digits != value->npos) range_start = number_at(value->substr(digits));
    if (slash != value->npos) range_total = number_at(value->substr(slash + 1));
  }
}

void Answer::begin() {
  if (begun) return;
  begun = true;
  long status = 0;
  curl().info(handle, CURLINFO_RESPONSE_CODE, &status);
  const bool partial = status == 206;
  sink.begin(partial ? range_start.value_or(0) : 0, partial ? range_total : length, facts);
}

std::size_t take_header(char* data, std::size_t, std::size_t bytes, void* answer) {
  static_cast<Answer*>(answer)->header({data, bytes});
  return bytes;
}

std::size_t take_body(char* data, std::size_t, std::size_t bytes, void* user) {
  Answer& answer = *static_cast<Answer*>(user);
  try {
    answer.begin();
    answer.sink.write({data, bytes});
    return bytes;
  } catch (...) {
    answer.thrown = std::current_exception();
    return bytes + 1;  // any other number than given ends the transfer
  }
}

TransferResult::Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return TransferResult::Kind::complete;
    case CURLE_HTTP_RETURNED_ERROR:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return TransferResult::Kind::refused;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return TransferResult::Kind::unreachable;
    default:
      return TransferResult::Kind::broken;
  }
}

}  // namespace

bool TransferResult::retryable() const {
  if (kind == Kind::unreachable || kind == Kind::broken) return true;
  return kind == Kind::refused && (status == 408 || status == 429 || (status >= 500 && status != 501));
}

TransferSession::TransferSession(const DownloadLimits& limits) : limits_(limits), handle_(curl().init()) {
  if (!handle_) throw Fault(Exit::internal, "libcurl gives no handle");
}
TransferSession::~TransferSession() { curl().cleanup(handle_); }

TransferResult TransferSession::get(const std::string& url, const std::vector<std::string>& headers,
                                    std::uint64_t offset, BodySink& sink) {
  const Curl& c = curl();
  std::unique_ptr<curl_slist, decltype(c.free_all)> list(nullptr, c.free_all);
  for (const std::string& header : headers) {
    curl_slist* longer = c.append(list.get(), header.c_str());
    if (!longer) throw std::bad_alloc();
    list.release();
    list.reset(longer);
  }
  Answer answer{sink, handle_, false, {}, {}, {}, {}, {}};
  char error[CURL_ERROR_SIZE] = "";
  const std::string range = std::to_string(offset) + "-";
  c.reset(handle_);  // connections stay
  c.set(handle_, CURLOPT_URL, url.c_str());
  c.set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  c.set(handle_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  c.set(handle_, CURLOPT_FOLLOWLOCATION, 1L);
  c.set(handle_, CURLOPT_MAXREDIRS, 10L);
  c.set(handle_, CURLOPT_FAILONERROR, 1L);
  c.set(handle_, CURLOPT_NOSIGNAL, 1L);
  c.set(handle_, CURLOPT_USERAGENT, "lectern/" LECTERN_VERSION);
  c.set(handle_, CURLOPT_CONNECTTIMEOUT, limits_.connect_s);
  c.set(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  c.set(handle_, CURLOPT_LOW_SPEED_TIME, limits_.stall_s);
  c.set(handle_, CURLOPT_HTTPHEADER, list.get());
  if (const char* bundle = std::getenv("CURL_CA_BUNDLE"); bundle && *bundle) c.set(handle_, CURLOPT_CAINFO, bundle);
  if (offset > 0) c.set(handle_, CURLOPT_RANGE, range.c_str());
  c.set(handle_, CURLOPT_HEADERFUNCTION, &take_header);
  c.set(handle_, CURLOPT_HEADERDATA, &answer);
  c.set(handle_, CURLOPT_WRITEFUNCTION, &take_body);
  c.set(handle_, CURLOPT_WRITEDATA, &answer);
  c.set(handle_, CURLOPT_ERRORBUFFER, error);
  const CURLcode code = c.perform(handle_);
  c.set(handle_, CURLOPT_ERRORBUFFER, nullptr);
  if (answer.thrown) std::rethrow_exception(answer.thrown);

  TransferResult result;
  c.info(handle_, CURLINFO_RESPONSE_CODE, &result.status);
  result.kind = kind_of(code);
  if (code == CURLE_OK)
    answer.begin();  // an answer without a byte
  else if (code == CURLE_HTTP_RETURNED_ERROR)
    result.reason = "the server answers HTTP " + std::to_string(result.status);
  else
    result.reason = *error ? error : c.explain(code);
  return result;
}

}  // namespace lectern::cli
