#include "worker/stay.h"

#include <algorithm>

namespace lectern {
namespace {

using namespace std::chrono_literals;

constexpr double kShortest_s = 30;
constexpr double kLoads = 2;         // of loading, for a model that took long
constexpr auto kAnswerTime = 200ms;  // for the broker to answer the last take with more work, whatever keep_alive is
constexpr auto kLate = 5s;           // expected work may come so late
constexpr auto kAhead = 60s;         // and so much earlier than it was thought a model may be there

Stay::Time::duration in_clock(std::chrono::duration<double> seconds) {
  return std::chrono::duration_cast<Stay::Time::duration>(seconds);
}

}  // namespace

void Stay::begin(const KeepAlive& wish, double loading_s, bool ahead, std::int64_t wall_ms) {
  loading_s_ = loading_s;
  ahead_ = ahead;
  keep(wish, wall_ms);
}

void Stay::keep(const KeepAlive& wish, std::int64_t wall_ms) {
  keep_ = wish;
  if (keep_.kind == KeepAlive::Kind::until) until_wall_ms_ = next_local_minute(keep_.minute, wall_ms);
}

std::chrono::duration<double> Stay::span() const {
  if (keep_.kind == KeepAlive::Kind::duration) return std::chrono::duration<double>(keep_.seconds);
  return std::chrono::duration<double>(std::max(kShortest_s, kLoads * loading_s_));
}

std::string Stay::describe() const {
  if (keep_.kind != KeepAlive::Kind::automatic) return "keep_alive " + lectern::describe(keep_);
  KeepAlive resolved{KeepAlive::Kind::duration, span().count()};
  return "keep_alive auto, " + lectern::describe(resolved);
}

std::optional<Stay::Time> Stay::until(Time idle_since, const std::string& model,
                                      const std::optional<Expected>& expected, Time now, std::int64_t wall_ms) const {
  if (keep_.kind == KeepAlive::Kind::forever) return std::nullopt;
  Time end = idle_since + std::max<Time::duration>(in_clock(span()), kAnswerTime);
  if (keep_.kind == KeepAlive::Kind::until)
    end = std::max<Time>(idle_since + kAnswerTime, now + std::chrono::milliseconds(until_wall_ms_ - wall_ms));
  if (!expected || expected->model != model) return end;
  const bool loaded_for_it = ahead_ && expected->at <= now + kAhead;
  const bool soon = span().count() > 0 && expected->at <= end + in_clock(span());
  return loaded_for_it || soon ? std::max<Time>(end, expected->at + kLate) : end;
}

}  // namespace lectern
