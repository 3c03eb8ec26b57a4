#include "broker/sleep_lock.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstring>
#include <limits>

namespace lectern {
namespace {

constexpr std::int64_t kHoldMs = 60'000, kRetryMs = 600'000;
constexpr std::uint64_t kPatienceUs = 2'000'000;  // the loop stands still meanwhile

struct Bus {
  sd_bus* handle = nullptr;
  ~Bus() { sd_bus_flush_close_unref(handle); }
};

// A descriptor, or a negative error and `why`.
int inhibit(std::string& why) {
  Bus bus;
  int code = sd_bus_open_system(&bus.handle);
  if (code < 0) return why = std::string("no system bus: ") + std::strerror(-code), code;
  sd_bus_set_method_call_timeout(bus.handle, kPatienceUs);
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  code = sd_bus_call_method(bus.handle, "org.freedesktop.login1", "/org/freedesktop/login1",
                            "org.freedesktop.login1.Manager", "Inhibit", &error, &reply, "ssss", "sleep:idle",
                            "Lectern", "Narrating scripts", "block");
  int descriptor = -1;
  if (code >= 0) code = sd_bus_message_read(reply, "h", &descriptor);
  if (code >= 0) descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);  // the message owns the other one
  if (code < 0)
    why = error.message ? error.message : std::strerror(-code);
  else if (descriptor < 0)
    why = std::strerror(errno);
  sd_bus_message_unref(reply);
  sd_bus_error_free(&error);
  return code < 0 ? code : descriptor;
}

}  // namespace

std::int64_t SleepLock::set_working(bool working) {
  const std::int64_t now = clock_.monotonic_ms();
  if (!wanted_) return std::numeric_limits<std::int64_t>::max();
  if (working) {
    last_work_ms_ = now;
    if (!held() && now >= not_before_ms_) take();
  } else if (held()) {
    if (now >= last_work_ms_ + kHoldMs)
      release();
    else
      return last_work_ms_ + kHoldMs;
  }
  return std::numeric_limits<std::int64_t>::max();
}

void SleepLock::take() {
  std::string why;
  descriptor_ = inhibit(why);
  if (held()) {
    spdlog::info("the machine is kept awake while work runs");
    return;
  }
  not_before_ms_ = clock_.monotonic_ms() + kRetryMs;
  if (!told_) spdlog::info("the machine may go to sleep while work runs: {}", why);
  told_ = true;
}

void SleepLock::release() {
  if (!held()) return;
  close(descriptor_);
  descriptor_ = -1;
  spdlog::info("the machine may go to sleep again");
}

}  // namespace lectern
