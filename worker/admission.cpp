#include "worker/admission.h"

#include <fmt/format.h>

#include <algorithm>

namespace lectern {
namespace {

double gb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e9; }

bool within(std::uint64_t need, std::uint64_t reserve, std::uint64_t bytes) {
  return need <= bytes && reserve <= bytes - need;
}

std::uint64_t need_of(const protocol::Measure& measure, const std::string& device) {
  return device == "cpu" ? measure.memory_bytes : measure.device_bytes;
}

bool same(const protocol::Measure& a, const protocol::Measure& b) {
  return a.model == b.model && a.device == b.device && a.lanes == b.lanes;
}

}  // namespace

Admission admit(const MemoryWish& wish, const MemoryRoom& room) {
  if (!room.known) return {true, true, wish.most_lanes, {}};
  std::vector<protocol::Measure> known = wish.measures;
  std::erase_if(known, [&](const auto& m) { return need_of(m, wish.device) == 0; });
  std::sort(known.begin(), known.end(), [](const auto& a, const auto& b) { return a.lanes > b.lanes; });
  const auto allowed = [&](std::int64_t lanes) { return wish.most_lanes == 0 || lanes <= wish.most_lanes; };
  for (const protocol::Measure& m : known) {
    if (!allowed(m.lanes) || !within(need_of(m, wish.device), wish.reserve_bytes, room.free_bytes)) continue;
    return {true, true, &m == &known.front() ? wish.most_lanes : m.lanes, {}};
  }
  // With one at a time it needs what was measured for that, else what the catalogue says.
  const bool measured_alone = !known.empty() && known.back().lanes <= 1;
  const std::uint64_t need = measured_alone ? need_of(known.back(), wish.device) : wish.least_bytes;
  if (within(need, wish.reserve_bytes, room.free_bytes)) return {true, true, known.empty() ? wish.most_lanes : 1, {}};
  Admission refused{false, within(need, wish.reserve_bytes, room.total_bytes), 0, {}};
  refused.reason = fmt::format(
      "model {} needs {:.2f} GB of memory on {} and {:.2f} GB stay in reserve; {:.2f} of {:.2f} GB are free",
      wish.model, gb(need), wish.device, gb(wish.reserve_bytes), gb(room.free_bytes), gb(room.total_bytes));
  return refused;
}

void Measures::learn(const protocol::Measure& measure) {
  const auto known = std::find_if(measures_.begin(), measures_.end(), [&](const auto& m) { return same(m, measure); });
  if (known == measures_.end()) return measures_.push_back(measure);
  const protocol::Measure before = *known;
  *known = measure;
  if (measure.memory_bytes == 0) known->memory_bytes = before.memory_bytes;
  if (measure.device_bytes == 0) known->device_bytes = before.device_bytes;
}

std::vector<protocol::Measure> Measures::of(const std::string& model, const std::string& device) const {
  std::vector<protocol::Measure> found;
  std::copy_if(measures_.begin(), measures_.end(), std::back_inserter(found),
               [&](const auto& m) { return m.model == model && m.device == device; });
  return found;
}

double Measures::loading_s(const std::string& model, const std::string& device) const {
  double longest = 0;
  for (const protocol::Measure& m : of(model, device)) longest = std::max(longest, m.loading_s);
  return longest;
}

}  // namespace lectern
