// What a window may ask of the machine: that it does not run on battery, that nobody else computes on the device; and
// the energy that devices used, where their driver tells. One thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"
#include "config/device_memory.h"
#include "config/window_setting.h"

namespace lectern {

// True when a battery is being discharged and no mains supply is online, by a folder such as /sys/class/power_supply.
bool on_battery(const std::filesystem::path& supplies);

class Surroundings {
 public:
  using Workers = std::function<std::vector<protocol::WorkerView>()>;
  // `workers`: the workers as they are when a question is asked.
  explicit Surroundings(Workers workers, std::filesystem::path supplies = "/sys/class/power_supply")
      : workers_(std::move(workers)), supplies_(std::move(supplies)) {}

  // Why the window's conditions do not hold, for people; empty: they do, or nobody can tell.
  std::string against(const WindowSetting& window);
  // Joules that the workers' devices used since the last call; 0: the driver does not tell.
  double energy_used();

 private:
  std::string other_holders();
  DeviceMemory* memory(const std::string& device);

  Workers workers_;
  std::filesystem::path supplies_;
  std::map<std::string, std::unique_ptr<DeviceMemory>> memories_;  // by device; null: cannot be asked
  std::map<std::string, double> energy_j_;                         // at the last call
};

}  // namespace lectern
