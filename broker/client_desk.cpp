#include "broker/client_desk.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "broker/publish/publisher.h"
#include "broker/text/segmenter.h"
#include "config/fault_point.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kFollowMs = 15000, kNewsEveryMs = 250;

void check(bool fine, const std::string& field, const std::string& wrong, const std::string& mend) {
  if (!fine) throw Fault(Exit::bad_input, "field '" + field + "': " + wrong, mend);
}

bool is_id(const std::string& id) {
  return id.size() >= 8 && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
}

// The folder of the finished file must be there and writable, or its parent must be, so that it can be made.
void check_output_folder(const fs::path& output) {
  fs::path folder = output.parent_path();
  std::error_code error;
  if (!fs::exists(folder, error)) folder = folder.parent_path();
  if (!fs::is_directory(folder, error))
    throw Fault(Exit::not_found, "output folder not found: " + output.parent_path().string(),
                "create it, or give another with --output");
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw Fault(Exit::bad_input, "output folder is not writable: " + folder.string(),
                "change its permissions, or give another with --output");
}

}  // namespace

ClientDesk::ClientDesk(const Parts& parts, std::function<void()> stop)
    : p_(parts), stop_(std::move(stop)), started_ms_(parts.clock.wall_ms()) {}

void ClientDesk::handle(const std::string& peer, const protocol::Message& message) {
  const std::string& type = message.type;
  if (type == protocol::Hello::kType || type == protocol::Stop::kType) {
    protocol::Welcome welcome;
    welcome.version = LECTERN_VERSION;
    welcome.data_folder = p_.paths.database().parent_path().string();
    welcome.pid = getpid();
    welcome.started_ms = started_ms_;
    p_.post.to_client(peer, welcome, message.request);
    if (type == protocol::Stop::kType) stop_();
  } else if (type == protocol::Submit::kType) {
    submit(peer, message);
  } else if (type == protocol::Status::kType) {
    status(peer, message.request, p_.store.select(protocol::parse<protocol::Status>(message).selection, false));
  } else if (type == protocol::Follow::kType) {
    const auto follow = protocol::parse<protocol::Follow>(message);
    const auto jobs = p_.store.select(follow.selection, false);
    Follower& follower = followers_[peer];
    follower.jobs.insert(jobs.begin(), jobs.end());
    follower.all = follow.selection.all;
    follower.until_ms = p_.clock.monotonic_ms() + kFollowMs;
    status(peer, message.request, jobs);
  } else if (type == protocol::Change::kType) {
    change(peer, message);
  } else if (type == protocol::History::kType) {
    history(peer, message);
  } else if (type == protocol::Prune::kType) {
    p_.post.to_client(peer, p_.upkeep.prune(protocol::parse<protocol::Prune>(message)), message.request);
  } else if (type == protocol::Backup::kType) {
    p_.upkeep.backup(peer, message.request, protocol::parse<protocol::Backup>(message).file);
  } else {
    throw Fault(Exit::bad_input, "unknown message '" + type.substr(0, 40) + "'", "use programs of one version");
  }
}

void ClientDesk::submit(const std::string& peer, const protocol::Message& message) {
  auto submit = protocol::parse<protocol::Submit>(message);
  if (guard_removed("no-dedupe")) submit.job_id += std::to_string(p_.clock.monotonic_ms());
  check(message.payload.size() == 1, "payload", "a submit needs the script as its one payload", "");
  check(is_id(submit.job_id), "job_id", "must be 8 to 64 letters, digits or dashes", "");
  check(is_id(submit.batch_id), "batch_id", "must be 8 to 64 letters, digits or dashes", "");
  if (const auto known = p_.store.find_job(submit.job_id); known && !submit.dry_run) {
    const auto job = p_.store.job(*known);
    p_.post.to_client(peer, protocol::Submitted{submit.job_id, job->output, *known, true}, message.request);
    return;
  }
  NewJob job;
  job.job_id = submit.job_id;
  job.batch_id = submit.batch_id;
  job.batch_name = submit.batch_name;
  job.script_name = submit.script_name;
  job.name = submit.name.empty() ? fs::path(submit.script_name).stem().string() : submit.name;
  job.text_format = submit.text_format;
  job.model = submit.model.empty() ? p_.settings.model : submit.model;
  job.format = submit.format.empty() ? p_.settings.format : submit.format;
  job.output = fs::path(submit.output).lexically_normal().string();
  job.speed = submit.speed == 0 ? p_.settings.speed : submit.speed;
  job.priority = submit.priority;
  job.overwrite = submit.overwrite;
  job.script = message.payload[0];
  check(job.text_format == "plain" || job.text_format == "markdown", "text_format", "must be plain or markdown", "");
  check(job.speed >= 0.5 && job.speed <= 2.0, "speed", "must be from 0.5 to 2.0", "1.0 is the voice's own speed");
  check(job.priority >= -100 && job.priority <= 100, "priority", "must be from -100 to 100", "0 is the usual one");
  check(publish::find_format(job.format) != nullptr, "format", "there is no format '" + job.format + "'",
        "use wav, flac, ogg, opus or mp3");
  check(fs::path(job.output).is_absolute() && fs::path(job.output).has_filename(), "output",
        "must be the absolute path of a file", "");
  if (job.script.size() > p_.settings.max_script_bytes)
    throw Fault(Exit::bad_input,
                job.script_name + " is larger than " + std::to_string(p_.settings.max_script_bytes) + " bytes",
                "split it, or raise max_script_bytes in config.yaml");
  const std::string wished = submit.voice.empty() && job.model == p_.settings.model ? p_.settings.voice : submit.voice;
  SoundSettings sound = p_.models.sound(job.model, wished, job.speed);
  job.voice = sound.voice;
  text::decode_script(job.script, job.script_name);
  check_output_folder(job.output);
  job.output = final_output(job);
  if (submit.dry_run) return estimate(peer, message.request, job, sound);
  const auto added = p_.store.add_job(job);
  spdlog::info("job {} submitted: {} -> {}", added.number, job.script_name, job.output);
  p_.post.to_client(peer, protocol::Submitted{job.job_id, job.output, added.number, added.known}, message.request);
}

std::string ClientDesk::final_output(const NewJob& job) {
  auto taken = [&](const fs::path& path) { return p_.store.output_taken(path.string()); };
  if (job.overwrite && !taken(job.output)) return job.output;
  return publish::free_name(job.output, taken).string();
}

void ClientDesk::estimate(const std::string& peer, std::uint64_t request, const NewJob& job,
                          const SoundSettings& sound) {
  const double chars_per_second = p_.models.model(job.model).chars_per_second * job.speed;
  p_.pipeline.run([this, peer, request, job, sound, chars_per_second]() -> WorkPool::Result {
    try {
      auto cut = std::make_shared<CutScript>(cut_script(job.script, job.script_name, job.text_format, sound));
      return [this, peer, request, job, sound, chars_per_second, cut] {
        protocol::Estimate estimate;
        estimate.job_id = job.job_id;
        estimate.output = job.output;
        estimate.model = sound.model;
        estimate.voice = sound.voice;
        estimate.segments = cut->segments.size();
        for (const NewSegment& segment : cut->segments) estimate.segments_spoken += p_.store.has_take(segment.take);
        estimate.characters = cut->characters;
        estimate.audio_s = static_cast<double>(cut->characters) / chars_per_second;
        p_.post.to_client(peer, estimate, request);
      };
    } catch (const Fault& fault) {
      return [this, peer, request, error = protocol::to_error(fault)] { p_.post.to_client(peer, error, request); };
    }
  });
}

protocol::JobView ClientDesk::view(const Job& job) {
  protocol::JobView view = p_.store.view(job);
  double chars_per_second = 15;
  try {
    chars_per_second = p_.models.model(job.model).chars_per_second * job.speed;
  } catch (const Fault&) {  // a model that the catalogue knew once
  }
  if (job.characters_done > 500 && job.state != JobState::done)
    chars_per_second = static_cast<double>(job.characters_done) / std::max(job.audio_s, 1.0);
  view.expected_audio_s =
      job.state == JobState::done ? job.audio_s : static_cast<double>(job.characters) / chars_per_second;
  const std::int64_t end = finished(job.state) ? job.finished_ms : p_.clock.wall_ms();
  if (job.started_ms > 0 && end > job.started_ms)
    view.speed = job.audio_s * 1000 / static_cast<double>(end - job.started_ms);
  if (job.state == JobState::running) {
    view.speed = p_.dispatcher.speed();
    if (view.speed > 0) view.remaining_s = std::max(0.0, view.expected_audio_s - job.audio_s) / view.speed;
  }
  return view;
}

void ClientDesk::status(const std::string& peer, std::uint64_t request, const std::vector<std::uint64_t>& jobs) {
  protocol::Jobs answer;
  for (std::uint64_t number : jobs)
    if (const auto job = p_.store.job(number)) answer.jobs.push_back(view(*job));
  answer.workers = p_.dispatcher.views();
  answer.unfinished = p_.store.unfinished_jobs();
  answer.segments_waiting = p_.store.waiting_segments();
  answer.notice = notice_;
  if (answer.notice.empty() && answer.workers.empty() && answer.segments_waiting > 0 && p_.clock.wall_ms() - started_ms_ > 3000)
    answer.notice = "no worker is there; the log says why";
  p_.post.to_client(peer, answer, request);
}

void ClientDesk::history(const std::string& peer, const protocol::Message& message) {
  const auto wanted = protocol::parse<protocol::History>(message);
  const std::uint64_t number = p_.store.select({{wanted.job}, "", false}, false).front();
  protocol::Events answer;
  answer.job = view(*p_.store.job(number));
  answer.events = p_.store.history(number);
  p_.post.to_client(peer, answer, message.request);
}

void ClientDesk::change(const std::string& peer, const protocol::Message& message) {
  const auto change = protocol::parse<protocol::Change>(message);
  constexpr const char* kActions[] = {"cancel", "pause", "resume", "retry", "priority"};
  check(std::find(std::begin(kActions), std::end(kActions), change.action) != std::end(kActions), "action",
        "there is no action '" + change.action + "'", "use cancel, pause, resume, retry or priority");
  check(change.priority >= -100 && change.priority <= 100, "priority", "must be from -100 to 100", "");
  protocol::Changed answer;
  const bool named = !change.selection.jobs.empty();
  for (std::uint64_t number : p_.store.select(change.selection, change.action != "retry")) {
    const auto job = p_.store.job(number);
    const std::string refusal = change_one(change, *job);
    if (refusal.empty()) answer.numbers.push_back(number);
    else if (named) answer.refused.push_back({number, refusal});
  }
  p_.post.to_client(peer, answer, message.request);
}

std::string ClientDesk::change_one(const protocol::Change& change, const Job& job) {
  if (change.action == "priority") {
    if (finished(job.state)) return std::string("it is ") + name(job.state);
    p_.store.set_priority(job.number, change.priority);
    return {};
  }
  const JobEvent event = change.action == "cancel"  ? JobEvent::cancel
                         : change.action == "pause"  ? JobEvent::pause
                         : change.action == "resume" ? JobEvent::resume
                                                     : JobEvent::retry;
  const std::string reason = event == JobEvent::pause ? "paused" : "";
  if (!after(job.state, event)) return std::string("it is ") + name(job.state);
  if (event == JobEvent::cancel) p_.dispatcher.recall(job.number);  // a pause lets what is being spoken finish
  p_.store.change(job.number, event, reason);
  return {};
}

void ClientDesk::changed(const std::set<std::uint64_t>& jobs) {
  if (followers_.empty()) return;
  news_.insert(jobs.begin(), jobs.end());
}

std::int64_t ClientDesk::tick() {
  const std::int64_t now = p_.clock.monotonic_ms();
  std::erase_if(followers_, [&](const auto& entry) { return entry.second.until_ms <= now; });
  if (followers_.empty()) news_.clear();
  if (news_.empty()) return std::numeric_limits<std::int64_t>::max();
  if (now < next_news_ms_) return next_news_ms_;
  for (std::uint64_t number : news_) {
    const auto job = p_.store.job(number);
    if (!job) continue;
    std::optional<protocol::Progress> progress;
    for (const auto& [peer, follower] : followers_) {
      if (!follower.all && !follower.jobs.count(number)) continue;
      if (!progress) progress = protocol::Progress{view(*job)};
      p_.post.to_client(peer, *progress);
    }
  }
  news_.clear();
  next_news_ms_ = now + kNewsEveryMs;
  return std::numeric_limits<std::int64_t>::max();
}

}  // namespace lectern
