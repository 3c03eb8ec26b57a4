#include "broker/surroundings.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <fstream>

namespace lectern {
namespace {

namespace fs = std::filesystem;

std::string word_in(const fs::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

}  // namespace

bool on_battery(const fs::path& supplies) {
  bool discharging = false;
  std::error_code error;
  for (const auto& supply : fs::directory_iterator(supplies, error)) {
    const std::string type = word_in(supply.path() / "type");
    if (word_in(supply.path() / "scope") == "Device") continue;  // a mouse
    if (type != "Battery" && word_in(supply.path() / "online") == "1") return false;
    if (type == "Battery" && word_in(supply.path() / "status") == "Discharging") discharging = true;
  }
  return discharging;
}

DeviceMemory* Surroundings::memory(const std::string& device) {
  const auto found = memories_.find(device);
  if (found != memories_.end()) return found->second.get();
  std::string why;
  auto opened = open_device_memory(device, why);
  if (!opened && !why.empty()) spdlog::info("who computes on {} is not known: {}", device, why);
  return memories_.emplace(device, std::move(opened)).first->second.get();
}

std::string Surroundings::other_holders() {
  for (const protocol::WorkerView& worker : workers_()) {
    DeviceMemory* const asked = memory(worker.device);
    if (!asked) continue;
    auto state = asked->look();
    if (!state) continue;
    // In another PID namespace the driver's numbers are not ours: then nobody can be told from our engine.
    const bool engine_runs = worker.engine_pid != 0 && worker.state != "loading";
    if (engine_runs && !state->held_by(worker.engine_pid)) continue;
    std::erase_if(state->holders,
                  [&](const DeviceHolder& h) { return h.pid == worker.engine_pid || h.pid == worker.pid; });
    if (!state->holders.empty()) return worker.device + " is used by " + describe_holders(*state);
  }
  return {};
}

std::string Surroundings::against(const WindowSetting& window) {
  if (window.only_on_mains && on_battery(supplies_)) return "the machine runs on battery";
  return window.only_when_device_free ? other_holders() : "";
}

double Surroundings::energy_used() {
  double used = 0;
  std::vector<std::string> seen;
  for (const protocol::WorkerView& worker : workers_()) {
    if (std::find(seen.begin(), seen.end(), worker.device) != seen.end()) continue;
    seen.push_back(worker.device);
    DeviceMemory* const asked = memory(worker.device);
    const auto state = asked ? asked->look() : std::nullopt;
    if (!state || !state->energy_j) continue;
    const auto [last, first] = energy_j_.emplace(worker.device, *state->energy_j);
    if (!first && *state->energy_j > last->second) used += *state->energy_j - last->second;
    last->second = *state->energy_j;
  }
  return used;
}

}  // namespace lectern
