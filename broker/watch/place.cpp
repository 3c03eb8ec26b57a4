#include "broker/watch/place.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lectern::watch {
namespace {

// Messages and sidecars are JSON, which holds UTF-8 only; a line end in a name would break a log's line.
bool usable_name(const std::string& name) {
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return false;
  try {
    (void)nlohmann::json(name).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::string shown(const std::string& name) {
  return nlohmann::json(name).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Place::Place(FolderSettings settings, Source source, std::int64_t now_ms)
    : settings_(std::move(settings)), source_(source), scan_at_ms_(now_ms) {}

void Place::put(const std::string& name, File& file, std::int64_t take_at_ms) {
  aside_.erase(name);
  queue_.erase({file.take_at_ms, name});
  file.take_at_ms = take_at_ms;
  if (!file.in_hand) queue_.emplace(take_at_ms, name);
}

void Place::put_aside(const std::string& name, const std::string& why) {
  const auto file = files_.find(name);
  if (file == files_.end()) return;
  queue_.erase({file->second.take_at_ms, name});
  if (!aside_.emplace(name, why).second) return;
  spdlog::warn("folder {}: {} is left alone: {}", settings_.path.string(), shown(name), why);
}

void Place::drop(const std::string& name) {
  const auto file = files_.find(name);
  if (file == files_.end()) return;
  queue_.erase({file->second.take_at_ms, name});
  aside_.erase(name);
  files_.erase(file);
}

void Place::saw(const std::string& name, const std::optional<Sighting>& seen, bool moved_in, std::int64_t now_ms) {
  if (!seen) {
    if (const auto file = files_.find(name); file != files_.end() && !file->second.in_hand) drop(name);
    return;
  }
  const auto [entry, fresh] = files_.try_emplace(name);
  File& file = entry->second;
  if (!fresh && file.seen == *seen) return;
  file.seen = *seen;
  put(name, file, moved_in ? now_ms : now_ms + static_cast<std::int64_t>(settings_.stable_s * 1000));
  if (!usable_name(name)) put_aside(name, "its name is not UTF-8 or has control characters in it; rename it");
}

void Place::saw_link(const std::string& name) {
  File& file = files_[name];
  if (file.in_hand) return;
  file.seen = {};
  put_aside(name, "it is a link, and links are not followed; copy the file");
}

void Place::saw(const Listing& listing, std::int64_t now_ms) {
  if (!listing.there) return went_away(listing.problem, now_ms);
  if (away_) spdlog::info("folder {} is back", settings_.path.string());
  away_ = false;
  scanned = true;
  if (now_ms >= stuck_until_ms_) notice_.clear();
  std::set<std::string> there(listing.links.begin(), listing.links.end());
  for (const auto& [name, seen] : listing.files) {
    there.insert(name);
    saw(name, seen, false, now_ms);
  }
  std::vector<std::string> gone;
  for (const auto& [name, file] : files_)
    if (!file.in_hand && !there.count(name)) gone.push_back(name);
  if (!listing.more)
    for (const std::string& name : gone) drop(name);
  for (const std::string& link : listing.links) saw_link(link);
  std::int64_t again = watch ? kRescanMs : static_cast<std::int64_t>(settings_.poll_s * 1000);
  if (listing.more) again = std::min<std::int64_t>(again, 1000);
  scan_at_ms_ = std::min(scan_at_ms_, now_ms + again);
}

void Place::went_away(const std::string& problem, std::int64_t now_ms) {
  if (!away_) spdlog::warn("folder {}: {}; it is looked for", settings_.path.string(), problem);
  away_ = true;
  notice_ = problem;
  watch.reset();
  files_.clear();
  queue_.clear();
  aside_.clear();
  scan_at_ms_ = now_ms + kMissingMs;
}

std::vector<Wanted> Place::due(std::int64_t now_ms) {
  std::vector<Wanted> wanted;
  if (now_ms < stuck_until_ms_) return wanted;
  while (!queue_.empty() && queue_.begin()->first <= now_ms && wanted.size() < kTakenAtOnce) {
    const std::string name = queue_.begin()->second;
    queue_.erase(queue_.begin());
    File& file = files_.at(name);
    if (file.seen.bytes == 0) {
      put_aside(name, "it is empty");
      continue;
    }
    file.in_hand = true;
    wanted.push_back({name, file.seen});
  }
  return wanted;
}

void Place::settle(const Taking& taking, const Sighting& wanted, std::int64_t now_ms) {
  const auto entry = files_.find(taking.name);
  if (entry == files_.end()) return;
  File& file = entry->second;
  file.in_hand = false;
  const std::int64_t still_ms =
      now_ms + std::max<std::int64_t>(100, static_cast<std::int64_t>(settings_.stable_s * 1000));
  if (file.seen != wanted) {  // an event told of another one meanwhile
    put(taking.name, file, file.take_at_ms);
    return;
  }
  switch (taking.result) {
    case Taking::Result::claimed:
    case Taking::Result::gone:
      return drop(taking.name);
    case Taking::Result::changed:
      put(taking.name, file, still_ms);
      return saw(taking.name, taking.now, false, now_ms);
    case Taking::Result::busy:
      return put(taking.name, file, still_ms);
    case Taking::Result::unlooked:
      return put(taking.name, file, now_ms);
    case Taking::Result::unreadable:
      return put_aside(taking.name, taking.problem);
    case Taking::Result::stuck:
      put(taking.name, file, now_ms);
      if (notice_ != taking.problem) spdlog::error("folder {}: {}", settings_.path.string(), taking.problem);
      notice_ = taking.problem;
      stuck_until_ms_ = now_ms + kStuckMs;
      return;
  }
}

std::int64_t Place::next_ms() const {
  const std::int64_t take = queue_.empty() ? kNever : std::max(queue_.begin()->first, stuck_until_ms_);
  return std::min(take, scan_at_ms_);
}

}  // namespace lectern::watch
