#include "worker/memory_view.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "worker/engine_environment.h"

namespace lectern {
namespace {

constexpr std::uint64_t kWorthNaming = 200'000'000;

// Processes of this machine as holders of its memory: what they do not share.
DeviceMemoryState machine_holders() {
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  DeviceMemoryState state;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none)) {
    const std::int64_t pid = std::strtoll(entry.path().filename().c_str(), nullptr, 10);
    if (pid <= 0) continue;
    std::ifstream statm(entry.path() / "statm");
    std::uint64_t size = 0, resident = 0, shared = 0;
    if (!(statm >> size >> resident >> shared) || shared > resident) continue;
    const std::uint64_t bytes = (resident - shared) * page;
    if (bytes >= kWorthNaming) state.holders.push_back({pid, bytes});
  }
  return state;
}

}  // namespace

MemoryView::MemoryView(const std::string& device) {
  std::string why;
  driver_ = open_device_memory(device, why);
  if (!driver_ && device != "cpu") spdlog::warn("the memory of {} cannot be watched: {}", device, why);
}

MemoryRoom MemoryView::room(const std::string& device) {
  if (device == "cpu") return {true, total_memory_bytes(), available_memory_bytes()};
  const auto state = driver_ ? driver_->look() : std::nullopt;
  return state ? MemoryRoom{true, state->total_bytes, state->free_bytes} : MemoryRoom{};
}

std::string MemoryView::holders(const std::string& device) {
  if (device == "cpu") return describe_holders(machine_holders());
  const auto state = driver_ ? driver_->look() : std::nullopt;
  return state ? describe_holders(*state) : std::string();
}

std::uint64_t MemoryView::on_device(std::int64_t pid) {
  const auto state = driver_ ? driver_->look() : std::nullopt;
  return state ? state->held_by(pid).value_or(0) : 0;
}

bool MemoryView::is_back(std::int64_t pid) {
  if (kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH) return false;
  const auto state = driver_ ? driver_->look() : std::nullopt;
  return !state || !state->held_by(pid);
}

}  // namespace lectern
