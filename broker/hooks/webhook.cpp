#include "broker/hooks/webhook.h"

#include <curl/curl.h>

#include "config/fault.h"
#include "config/shared_library.h"

namespace lectern::hooks {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPauses[] = {milliseconds(1000), milliseconds(5000), milliseconds(25000)};  // between tries

// Loaded when the first event is posted: the broker's memory stays small for those who have no webhook.
struct Curl {
  SharedLibrary library{"libcurl.so.4", "install it: apt-get install libcurl4"};
  decltype(curl_global_init)* global_init = library.get<decltype(curl_global_init)>("curl_global_init");
  decltype(curl_easy_init)* init = library.get<decltype(curl_easy_init)>("curl_easy_init");
  decltype(curl_easy_cleanup)* cleanup = library.get<decltype(curl_easy_cleanup)>("curl_easy_cleanup");
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
  if (started != CURLE_OK) throw Fault(Exit::internal, "libcurl does not start");
  return loaded;
}

std::size_t drop_body(char*, std::size_t size, std::size_t count, void*) { return size * count; }

int look_at_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

struct Answer {
  std::string problem;  // empty: it arrived
  bool final = false;   // another try would not help
};

Answer try_once(const std::string& url, const std::string& json, milliseconds limit, const std::atomic<bool>& stop) {
  const Curl& c = curl();
  CURL* handle = c.init();
  curl_slist* headers = c.append(nullptr, "Content-Type: application/json");
  c.set(handle, CURLOPT_URL, url.c_str());
  c.set(handle, CURLOPT_HTTPHEADER, headers);
  c.set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  c.set(handle, CURLOPT_POSTFIELDS, json.data());
  c.set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  c.set(handle, CURLOPT_NOSIGNAL, 1L);
  c.set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  c.set(handle, CURLOPT_USERAGENT, "lectern/" LECTERN_VERSION);
  c.set(handle, CURLOPT_WRITEFUNCTION, drop_body);
  c.set(handle, CURLOPT_NOPROGRESS, 0L);
  c.set(handle, CURLOPT_XFERINFOFUNCTION, look_at_stop);
  c.set(handle, CURLOPT_XFERINFODATA, &stop);
  const CURLcode code = c.perform(handle);
  long status = 0;
  c.info(handle, CURLINFO_RESPONSE_CODE, &status);
  c.free_all(headers);
  c.cleanup(handle);
  if (code != CURLE_OK) return {c.explain(code), false};
  if (status >= 200 && status < 300) return {};
  return {"the answer was " + std::to_string(status), status >= 400 && status < 500 && status != 408 && status != 429};
}

}  // namespace

std::string post_json(const std::string& url, const std::string& json, milliseconds limit,
                      const std::function<bool(milliseconds)>& pause, const std::atomic<bool>& stop) {
  try {
    for (std::size_t attempt = 0;; ++attempt) {
      const Answer answer = try_once(url, json, limit, stop);
      if (answer.problem.empty() || answer.final || stop || attempt == std::size(kPauses)) return answer.problem;
      if (!pause(kPauses[attempt])) return answer.problem;
    }
  } catch (const Fault& fault) {
    return fault.what();
  }
}

}  // namespace lectern::hooks
