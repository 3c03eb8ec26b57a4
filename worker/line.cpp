#include "worker/line.h"

#include <algorithm>

namespace lectern {

std::size_t Line::handed() const {
  return static_cast<std::size_t>(
      std::count_if(held_.begin(), held_.end(), [](const Held& held) { return held.handed.has_value(); }));
}

Line::Leases Line::leases() const {
  Leases leases;
  for (const Held& held : held_) leases.push_back(held.work.lease);
  return leases;
}

Line::Leases Line::handed_leases() const {
  Leases leases;
  for (const Held& held : held_)
    if (held.handed) leases.push_back(held.work.lease);
  return leases;
}

std::optional<Line::Time> Line::oldest_handed() const {
  std::optional<Time> oldest;
  for (const Held& held : held_)
    if (held.handed && (!oldest || *held.handed < *oldest)) oldest = held.handed;
  return oldest;
}

const Line::Held* Line::find(std::uint64_t segment) const {
  const auto held =
      std::find_if(held_.begin(), held_.end(), [&](const Held& h) { return h.work.lease.segment == segment; });
  return held == held_.end() ? nullptr : &*held;
}

void Line::hand_out(const std::string& model, Time now, const std::function<bool(std::size_t)>& may,
                    const std::function<void(const protocol::Work&)>& hand) {
  std::size_t in_engine = handed();
  for (Held& held : held_) {
    if (held.work.model != model || !may(in_engine)) break;
    if (held.handed) continue;
    ++in_engine;
    held.handed = now;
    hand(held.work);
  }
}

std::optional<Line::Held> Line::remove(const protocol::Lease& lease) {
  const auto held = std::find_if(held_.begin(), held_.end(), [&](const Held& h) { return h.work.lease == lease; });
  if (held == held_.end()) return std::nullopt;
  Held removed = std::move(*held);
  held_.erase(held);
  return removed;
}

Line::Leases Line::remove_handed() {
  return remove_if([](const Held& held) { return held.handed.has_value(); });
}

Line::Leases Line::remove_waiting() {
  return remove_if([](const Held& held) { return !held.handed; });
}

Line::Leases Line::remove_model(const std::string& model) {
  return remove_if([&](const Held& held) { return held.work.model == model; });
}

void Line::take_back() {
  for (Held& held : held_) held.handed.reset();
}

Line::Leases Line::remove_all() {
  return remove_if([](const Held&) { return true; });
}

Line::Leases Line::remove_if(const std::function<bool(const Held&)>& wanted) {
  Leases removed;
  for (const Held& held : held_)
    if (wanted(held)) removed.push_back(held.work.lease);
  std::erase_if(held_, wanted);
  return removed;
}

}  // namespace lectern
