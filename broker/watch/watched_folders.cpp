#include "broker/watch/watched_folders.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "broker/publish/publisher.h"
#include "config/script_name.h"

namespace lectern::watch {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kEndingsAtOnce = 64;
constexpr std::size_t kProblemsShown = 20;

std::string random_batch_id() {
  static std::uint64_t serial = 0;
  return "drops-" + std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "-" +
         std::to_string(++serial);
}

nlohmann::json settings_view(const FolderSettings& folder) {
  const ScriptSettings& s = folder.narration.script;
  nlohmann::json view = nlohmann::json::object();
  if (!s.model.empty()) view["model"] = s.model;
  if (!s.voice.empty()) view["voice"] = s.voice;
  if (!s.format.empty()) view["format"] = s.format;
  if (!s.window.empty()) view["window"] = s.window;
  if (s.speed) view["speed"] = *s.speed;
  if (s.priority) view["priority"] = *s.priority;
  if (!s.cast.empty()) view["cast"] = s.cast;
  if (!folder.narration.output.empty()) view["output"] = folder.narration.output.string();
  return view;
}

}  // namespace

WatchedFolders::WatchedFolders(Store& store, Intake& intake, const Settings& settings, const Clock& clock,
                               Notices notices)
    : store_(store),
      settings_(settings),
      clock_(clock),
      notices_(std::move(notices)),
      admission_(store, intake, settings) {
  for (const FolderSettings& folder : settings.folders) add(folder, Place::Source::config);
  for (const auto& [path, json] : store.folders())
    if (!find(path)) add(parse_folder(path, nlohmann::json::parse(json)), Place::Source::added);
  for (const Drop& drop : store.drops_of_ended_jobs()) queue_ending(drop);
}

Place* WatchedFolders::find(const std::string& path) {
  const auto place = places_.find(path);
  return place == places_.end() ? nullptr : &place->second;
}

void WatchedFolders::add(const FolderSettings& folder, Place::Source source) {
  if (find(folder.path)) remove(folder.path);
  const std::int64_t now = clock_.monotonic_ms();
  places_.emplace(folder.path, Place(folder, source, now));
  for (const auto& [name, profile] : folder.profiles) {
    FolderSettings inner = profile_folder(folder, name);
    const std::string path = inner.path;
    if (!find(path)) places_.emplace(path, Place(std::move(inner), Place::Source::profile, now));
  }
}

void WatchedFolders::remove(const fs::path& path) {
  std::vector<std::string> gone;
  for (const auto& [place_path, place] : places_)
    if (place_path == path || (place.source() == Place::Source::profile && fs::path(place_path).parent_path() == path))
      gone.push_back(place_path);
  for (const std::string& place_path : gone) {
    if (const auto& watch = places_.at(place_path).watch) {
      inotify_.remove(*watch);
      watches_.erase(*watch);
    }
    places_.erase(place_path);
  }
}

void WatchedFolders::read_events() {
  const std::int64_t now = clock_.monotonic_ms();
  for (const FolderEvent& event : inotify_.events()) {
    const auto known = watches_.find(event.folder);
    if (event.kind == FolderEvent::Kind::overflow || known == watches_.end()) {
      // Events were lost, or came before the scan that began to watch has told so.
      if (event.kind == FolderEvent::Kind::overflow) spdlog::info("folder events were lost; looking at all folders");
      for (auto& [path, place] : places_)
        if (event.kind == FolderEvent::Kind::overflow || busy_.count(path)) place.lost_events(now);
      continue;
    }
    Place& place = places_.at(known->second);
    switch (event.kind) {
      case FolderEvent::Kind::gone:
        watches_.erase(known);
        inotify_.remove(event.folder);
        place.went_away("the folder is not there", now);
        break;
      case FolderEvent::Kind::subfolder:
        if (Place* profile = find(place.settings().path / event.name)) profile->lost_events(now);
        break;
      default:
        came(place, event, now);
    }
  }
}

void WatchedFolders::came(Place& place, const FolderEvent& event, std::int64_t now_ms) {
  if (!takes_name(place.settings(), event.name)) return;
  const fs::path file = place.settings().path / event.name;
  const auto seen = look(file);
  std::error_code error;
  if (!seen && fs::is_symlink(fs::symlink_status(file, error))) return place.saw_link(event.name);
  place.saw(event.name, seen, event.kind == FolderEvent::Kind::moved_in, now_ms);
}

std::int64_t WatchedFolders::tick() {
  std::int64_t next = kNever;
  if (stopping_) return next;
  const std::int64_t now = clock_.monotonic_ms();
  std::erase_if(delayed_, [&](auto& entry) {
    if (entry.first > now) return next = std::min(next, entry.first), false;
    endings_[entry.second.ending.folder].push_back(std::move(entry.second));
    return true;
  });
  std::set<std::string> idle;
  for (const auto& [path, endings] : endings_)
    if (!busy_.count(path)) idle.insert(path);
  for (const auto& [path, place] : places_)
    if (!busy_.count(path)) idle.insert(path);
  for (const std::string& path : idle) {
    Place* place = find(path);
    begin(path, place);
    if (place && !busy_.count(path)) next = std::min(next, place->next_ms());
  }
  return next;
}

void WatchedFolders::run(const std::string& path, WorkPool::Task work) {
  busy_.insert(path);
  pool_.add([this, path, work = std::move(work)]() -> WorkPool::Result {
    return [this, path, result = work(), counted = std::make_shared<bool>(false)] {
      if (!std::exchange(*counted, true)) busy_.erase(path);
      result();
    };
  });
}

void WatchedFolders::begin(const std::string& path, Place* place) {
  if (endings_.count(path)) return begin_endings(path);
  if (!place) return;
  const std::int64_t now = clock_.monotonic_ms();
  if (place->scan_due(now)) return begin_scan(path, *place);
  if (auto wanted = place->due(now); !wanted.empty()) begin_taking(path, *place, std::move(wanted));
}

void WatchedFolders::begin_scan(const std::string& path, Place& place) {
  place.scan_begun();
  for (Scanning& scanning : scanning_)
    if (scanning.wanted.erase(path)) scanning.begun.insert(path);
  run(path, [this, path, settings = place.settings()]() -> WorkPool::Result {
    std::optional<int> watch;
    if (!settings.poll && !on_network(settings.path)) watch = inotify_.add(settings.path);
    return [this, path, watch, listing = list_folder(settings)] { finish_scan(path, listing, watch); };
  });
}

void WatchedFolders::finish_scan(const std::string& path, const Listing& listing, std::optional<int> watch) {
  if (Place* place = find(path)) {
    if (place->watch && place->watch != watch) watches_.erase(*place->watch);
    place->watch = listing.there ? watch : std::nullopt;
    if (place->watch) watches_[*watch] = path;
    place->saw(listing, clock_.monotonic_ms());
    std::set<std::string> ours;
    for (const auto& queued : endings_.count(path) ? endings_.at(path) : std::deque<Queued>())
      ours.insert(queued.ending.claim);
    for (const auto& [at, queued] : delayed_) ours.insert(queued.ending.claim);
    std::vector<std::string> unknown;
    for (const std::string& claim : listing.claims)
      if (!ours.count(claim) && !store_.drop(claim)) unknown.push_back(claim);
    if (!unknown.empty()) take_up_claims(path, unknown);
  }
  for (Scanning& scanning : scanning_) scanning.begun.erase(path);
  std::vector<std::function<void()>> seen;
  std::erase_if(scanning_, [&](Scanning& scanning) {
    if (!scanning.wanted.empty() || !scanning.begun.empty()) return false;
    seen.push_back(std::move(scanning.seen));
    return true;
  });
  for (const auto& tell : seen) tell();
}

// Claims that nobody knows: a crash came between their rename and the commit of their job.
void WatchedFolders::take_up_claims(const std::string& path, const std::vector<std::string>& claims) {
  const FolderSettings& settings = find(path)->settings();
  run(path, [this, path, settings, claims, most = settings_.max_script_bytes]() -> WorkPool::Result {
    std::vector<Admission::Read> found;
    for (const std::string& claim : claims)
      if (Claimed claimed; found.size() < kTakenAtOnce && read_claim(settings, claim, most, claimed))
        found.push_back(admission_.read(settings, std::move(claimed)));
    return [this, path, found, more = found.size() == kTakenAtOnce] {
      for (const Admission::Read& read : found) {
        spdlog::info("folder {}: {} had been claimed before; going on", path, read.claimed.name);
        admit(path, read);
      }
      if (Place* place = find(path); place && more) place->lost_events(clock_.monotonic_ms());
    };
  });
}

void WatchedFolders::begin_taking(const std::string& path, Place& place, std::vector<Wanted> wanted) {
  run(path,
      [this, path, settings = place.settings(), wanted = std::move(wanted),
       most = settings_.max_script_bytes]() -> WorkPool::Result {
        auto takings = take(settings, wanted, most);
        std::vector<std::optional<Admission::Read>> read(takings.size());
        for (std::size_t i = 0; i < takings.size(); ++i)
          if (takings[i].result == Taking::Result::claimed)
            read[i] = admission_.read(settings, std::move(takings[i].claimed));
        return [this, path, wanted, takings = std::move(takings), read = std::move(read)] {
          for (std::size_t i = 0; i < takings.size(); ++i) {
            if (read[i]) admit(path, *read[i]);
            if (Place* place = find(path)) place->settle(takings[i], wanted[i].seen, clock_.monotonic_ms());
          }
          if (Place* place = find(path)) close_batch(*place);
        };
      });
}

// A folder that was removed meanwhile is asked no more: its claim is found when it is watched again.
void WatchedFolders::admit(const std::string& path, const Admission::Read& read) {
  Place* place = find(path);
  if (!place) return;
  if (place->batch.empty()) place->batch = store_.open_batch(path);
  if (place->batch.empty()) place->batch = random_batch_id();
  Admission::Outcome outcome = admission_.admit(place->settings(), read, place->batch);
  if (outcome.refused) {
    Ending ending{path, read.claimed.claim, read.claimed.name, std::move(outcome.refused), {}};
    notices_.refused(place->settings().path / read.claimed.name, ending.failure->what);
    endings_[path].push_back({std::move(ending), 0});
  } else if (const auto job = store_.job(outcome.job); finished(job->state)) {
    queue_ending(*store_.drop(read.claimed.claim));
  }
}

bool WatchedFolders::ended(std::uint64_t job) {
  const auto drops = store_.drops_of_job(job);
  for (const Drop& drop : drops) queue_ending(drop);
  return !drops.empty();
}

void WatchedFolders::queue_ending(const Drop& drop) {
  const auto job = store_.job(drop.job);
  Ending ending{drop.folder, drop.claim, drop.name, std::nullopt, {}};
  if (job->state == JobState::done) {
    const fs::path output = job->output;  // a folder, when it is in chapters: its name has no extension
    const bool audio = publish::find_format(job->format)->extension == lower_extension(output);
    ending.title = (audio ? output.stem() : output.filename()).string();
  } else {
    ending.failure.emplace();
    ending.failure->job = drop.job;
    ending.failure->segments = store_.view(*job).failures;
    ending.failure->what = job->state == JobState::cancelled ? "it was cancelled" : job->reason;
  }
  endings_[drop.folder].push_back({std::move(ending), drop.job});
}

void WatchedFolders::begin_endings(const std::string& path) {
  auto& waiting = endings_.at(path);
  std::vector<Queued> now;
  while (!waiting.empty() && now.size() < kEndingsAtOnce) {
    now.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  if (waiting.empty()) endings_.erase(path);
  run(path, [this, path, now = std::move(now)]() -> WorkPool::Result {
    auto ended = std::make_shared<std::vector<Ended>>();
    for (const Queued& queued : now) ended->push_back({queued, end_drop(queued.ending)});
    return [this, path, ended, counted = std::make_shared<bool>(false)] {
      for (const Ended& one : *ended) {
        settle_ending(one);
        Place* place = find(path);
        if (place && !*counted && one.how.result == watch::Ended::Result::moved)
          ++(one.queued.ending.failure ? place->failed : place->done);
      }
      *counted = true;
      if (Place* place = find(path)) close_batch(*place);
    };
  });
}

void WatchedFolders::settle_ending(const Ended& ended) {
  Queued queued = ended.queued;
  const std::int64_t now = clock_.monotonic_ms();
  switch (ended.how.result) {
    case watch::Ended::Result::moved:
      if (queued.job == 0) return;
      store_.forget_drop(queued.ending.claim);
      if (store_.drops_of_job(queued.job).empty()) notices_.settled(queued.job);
      return;
    case watch::Ended::Result::back:
      if (store_.change(queued.job, JobEvent::retry, "the folder is back")) return;
      queued.ending.was_away = false;
      delayed_.emplace_back(now, std::move(queued));
      return;
    case watch::Ended::Result::away:
      queued.ending.was_away = true;
      delayed_.emplace_back(now + kMissingMs, std::move(queued));
      return;
    case watch::Ended::Result::stuck:
      spdlog::error("folder {}: {}; it is tried again", queued.ending.folder.string(), ended.how.problem);
      delayed_.emplace_back(now + kStuckMs, std::move(queued));
      return;
  }
}

bool WatchedFolders::works_at(const std::string& path, const Place& place) const {
  return place.waiting() > 0 || busy_.count(path) || endings_.count(path);
}

bool WatchedFolders::holds(const std::string& batch_id) const {
  return std::any_of(places_.begin(), places_.end(), [&](const auto& entry) {
    return entry.second.batch == batch_id && works_at(entry.first, entry.second);
  });
}

void WatchedFolders::close_batch(Place& place) {
  if (!place.batch.empty() && !works_at(place.settings().path, place) && store_.batch_drained(place.batch))
    place.batch.clear();
}

void WatchedFolders::scan(const std::vector<std::string>& paths, std::function<void()> seen) {
  Scanning scanning{{}, {}, std::move(seen)};
  for (auto& [path, place] : places_) {
    const bool inner = place.source() == Place::Source::profile &&
                       std::count(paths.begin(), paths.end(), place.settings().path.parent_path().string()) > 0;
    if (!paths.empty() && !inner && std::count(paths.begin(), paths.end(), path) == 0) continue;
    place.lost_events(clock_.monotonic_ms());
    scanning.wanted.insert(path);
  }
  if (scanning.wanted.empty()) return scanning.seen();
  scanning_.push_back(std::move(scanning));
}

std::vector<protocol::FolderView> WatchedFolders::views() const {
  std::vector<protocol::FolderView> views;
  constexpr const char* kSources[] = {"config", "added", "profile"};
  for (const auto& [path, place] : places_) {
    protocol::FolderView view;
    view.path = path;
    view.source = kSources[static_cast<int>(place.source())];
    view.state = place.away() ? "missing" : !place.scanned ? "starting" : place.watch ? "watching" : "polling";
    view.notice = place.notice();
    view.settings = settings_view(place.settings());
    view.waiting = place.waiting();
    const auto endings = endings_.find(path);
    view.unfinished = store_.drops_in(path);
    if (endings != endings_.end())
      for (const Queued& queued : endings->second) view.unfinished += queued.job == 0;
    view.done = place.done;
    view.failed = place.failed;
    for (const auto& [name, why] : place.problems())
      if (view.problems.size() < kProblemsShown) view.problems.push_back(name + ": " + why);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace lectern::watch
