// One POST of JSON to the user's address.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

namespace lectern::hooks {

// Tries until the other side answers with 2xx, gives up at an answer that another try would not change (4xx but 408 and
// 429), when the tries are used up, or when `stop` turns true. `pause` waits between tries and returns false when it
// was cut short. Returns why it failed; empty: it arrived. Any thread.
std::string post_json(const std::string& url, const std::string& json, std::chrono::milliseconds limit,
                      const std::function<bool(std::chrono::milliseconds)>& pause, const std::atomic<bool>& stop);

}  // namespace lectern::hooks
