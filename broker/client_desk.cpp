#include "broker/client_desk.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "broker/publish/output_name.h"
#include "broker/report_page.h"
#include "config/fault_point.h"

namespace lectern {
namespace {

constexpr std::int64_t kFollowMs = 15000, kNewsEveryMs = 250;

}  // namespace

ClientDesk::ClientDesk(const Parts& parts, std::function<void()> stop)
    : p_(parts), stop_(std::move(stop)), started_ms_(parts.clock.wall_ms()) {}

void ClientDesk::handle(ReadingRoom::Asked&& asked) {
  if (const Fault* refusal = std::get_if<Fault>(&asked.what)) throw Fault(*refusal);
  if (auto* submission = std::get_if<ReadingRoom::Submission>(&asked.what))
    return submit(asked.peer, asked.request, std::move(*submission));
  handle(asked.peer, std::get<protocol::Message>(asked.what));
}

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
  } else if (type == protocol::Status::kType) {
    const auto wanted = protocol::parse<protocol::Status>(message);
    status(peer, message.request,
           wanted.workers_only ? std::vector<std::uint64_t>() : p_.store.select(wanted.selection, false, wanted.most));
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
  } else if (type == protocol::Segments::kType) {
    const auto wish = protocol::parse<protocol::Segments>(message);
    const Job job = named(wish.job);
    p_.post.to_client(peer, p_.repairs.segments(wish, view(job), job), message.request);
  } else if (type == protocol::Redo::kType) {
    const auto wish = protocol::parse<protocol::Redo>(message);
    p_.post.to_client(peer, p_.repairs.redo(wish, named(wish.job)), message.request);
  } else if (type == protocol::Verify::kType) {
    p_.repairs.verify(peer, message.request, protocol::parse<protocol::Verify>(message));
  } else if (type == protocol::Plan::kType) {
    p_.post.to_client(peer, p_.estimates.plan(), message.request);
  } else if (type == protocol::Report::kType) {
    report(peer, message.request, protocol::parse<protocol::Report>(message));
  } else if (type == protocol::Schedule::kType) {
    p_.schedules.handle(peer, message.request, protocol::parse<protocol::Schedule>(message));
  } else if (type == protocol::Prune::kType) {
    p_.post.to_client(peer, p_.upkeep.prune(protocol::parse<protocol::Prune>(message)), message.request);
  } else if (type == protocol::Outputs::kType) {
    outputs(peer, message);
  } else if (type == protocol::ModelChange::kType) {
    model_change(peer, message);
  } else if (type == protocol::Backup::kType) {
    p_.upkeep.backup(peer, message.request, protocol::parse<protocol::Backup>(message).file);
  } else if (type == protocol::FolderRequest::kType) {
    p_.folders.handle(peer, message);
  } else {
    throw Fault(Exit::bad_input, "unknown message '" + type.substr(0, 40) + "'", "use programs of one version");
  }
}

void ClientDesk::submit(const std::string& peer, std::uint64_t request, ReadingRoom::Submission&& submission) {
  const protocol::Submit& submit = submission.submit;
  try {
    if (const Fault* refusal = std::get_if<Fault>(&submission.read)) throw Fault(*refusal);
    take_in(peer, request, submit, std::get<Intake::Checked>(submission.read));
  } catch (const DatabaseFault&) {
    throw;
  } catch (const Fault&) {  // what comes again is known, whatever has become of what it names
    const auto known = submit.dry_run ? std::nullopt : p_.store.find_job(submit.job_id);
    if (!known) throw;
    answer_known(peer, request, *known);
  }
}

void ClientDesk::answer_known(const std::string& peer, std::uint64_t request, std::uint64_t number) {
  protocol::Submitted answer;
  answer.known = true;
  answer_submit(peer, request, *p_.store.job(number), std::move(answer));
}

void ClientDesk::take_in(const std::string& peer, std::uint64_t request, const protocol::Submit& submit,
                         Intake::Checked& checked) {
  p_.intake.settle(checked);
  if (submit.dry_run) return estimate(peer, request, checked);
  protocol::Submitted answer;
  answer.warning = std::move(checked.warning);
  answer.left_out = std::move(checked.left_out);
  answer.skippable = std::move(checked.skippable);
  const auto added = p_.intake.add(checked.job);
  if (added.known) return answer_known(peer, request, added.number);
  Job job;
  static_cast<JobTerms&>(job) = std::move(checked.job);
  job.number = added.number;
  job.state = added.state;
  answer_submit(peer, request, job, std::move(answer));
}

void ClientDesk::answer_submit(const std::string& peer, std::uint64_t request, const Job& job,
                               protocol::Submitted answer) {
  answer.job_id = job.job_id;
  answer.output = job.output;
  answer.number = job.number;
  answer.name = job.name;
  answer.waits = p_.timetable.waits_for(job);
  if (const std::string late = p_.estimates.too_late(job); !late.empty())
    answer.warning = late + (answer.warning.empty() ? "" : "; ") + answer.warning;
  p_.post.to_client(peer, answer, request);
}

void ClientDesk::estimate(const std::string& peer, std::uint64_t request, const Intake::Checked& checked) {
  const NewJob& job = checked.job;
  const double chars_per_second = p_.models.model(job.model).chars_per_second * job.speed;
  p_.pipeline.run([this, peer, request, job, sound = checked.sound, warning = checked.warning,
                   chars_per_second]() -> WorkPool::Result {
    try {
      auto cut = std::make_shared<CutScript>(p_.intake.cut(job, sound));
      return [this, peer, request, job, sound, warning, chars_per_second, cut] {
        protocol::Estimate estimate;
        estimate.job_id = job.job_id;
        estimate.warning = warning;
        estimate.name = job.name;
        estimate.output = job.output;
        estimate.model = sound.model;
        estimate.voice = sound.voice;
        estimate.segments = cut->segments.size();
        for (const NewSegment& segment : cut->segments) estimate.segments_spoken += p_.store.has_take(segment.take);
        estimate.characters = cut->characters;
        estimate.left_out = cut->left_out;
        estimate.skippable = cut->skippable;
        estimate.audio_s = static_cast<double>(cut->characters) / chars_per_second;
        p_.post.to_client(peer, estimate, request);
      };
    } catch (const Fault& fault) {
      return [this, peer, request, error = protocol::to_error(fault)] { p_.post.to_client(peer, error, request); };
    }
  });
}

void ClientDesk::report(const std::string& peer, std::uint64_t request, const protocol::Report& wish) {
  const auto report = p_.reports.report(wish.since_ms, [this](const Job& job) { return view(job); });
  std::vector<std::string> page;
  if (!wish.page_folder.empty()) page.push_back(report_page(report, wish.page_folder));
  p_.post.to_client(peer, report, request, std::move(page));
}

protocol::JobView ClientDesk::view(const Job& job) {
  protocol::JobView view = p_.store.view(job);
  if (const std::string waits = p_.timetable.waits_for(job); !waits.empty() && job.state != JobState::held)
    view.reason = waits;
  else if (job.waiting > 0 && (job.state == JobState::queued || job.state == JobState::running))
    if (const std::string held = p_.dispatcher.held_up(job.model); !held.empty()) view.reason = held;
  view.expected_audio_s = p_.estimates.audio_s(job);
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
  if (answer.notice.empty() && p_.store.new_held_since() > 0) answer.notice = kAllPaused;
  if (answer.notice.empty() && answer.workers.empty() && answer.segments_waiting > 0 &&
      p_.clock.wall_ms() - started_ms_ > 3000)
    answer.notice = "no worker is there; the log says why";
  p_.post.to_client(peer, answer, request);
}

Job ClientDesk::named(const std::string& job) {
  return *p_.store.job(p_.store.select({{job}, "", false}, false).front());
}

void ClientDesk::history(const std::string& peer, const protocol::Message& message) {
  const auto wanted = protocol::parse<protocol::History>(message);
  const Job job = named(wanted.job);
  protocol::Events answer;
  answer.job = view(job);
  answer.events = p_.store.history(job.number);
  p_.post.to_client(peer, answer, message.request);
}

void ClientDesk::outputs(const std::string& peer, const protocol::Message& message) {
  protocol::OutputList answer;
  answer.outputs = p_.store.outputs(protocol::parse<protocol::Outputs>(message).after);
  for (protocol::OutputFiles& files : answer.outputs) files.sidecar = publish::sidecar_of(files.audio).string();
  p_.post.to_client(peer, answer, message.request);
}

void ClientDesk::change(const std::string& peer, const protocol::Message& message) {
  const auto change = protocol::parse<protocol::Change>(message);
  constexpr const char* kActions[] = {"cancel", "pause", "resume", "retry", "priority", "run-now"};
  if (std::find(std::begin(kActions), std::end(kActions), change.action) == std::end(kActions))
    throw Fault(Exit::bad_input, "field 'action': there is no action '" + change.action + "'",
                "use cancel, pause, resume, retry, priority or run-now");
  if (change.priority < -100 || change.priority > 100)
    throw Fault(Exit::bad_input, "field 'priority': must be from -100 to 100");
  protocol::Changed answer;
  const bool named = !change.selection.jobs.empty();
  if (change.selection.all && change.action == "pause") {
    p_.store.hold_new();
    answer.everything = "paused";
  }
  if (change.selection.all && change.action == "resume" && p_.store.resume_new()) answer.everything = "resumed";
  for (std::uint64_t number : p_.store.select(change.selection, change.action != "retry")) {
    const auto job = p_.store.job(number);
    const std::string refusal = change_one(change, *job);
    if (refusal.empty())
      answer.numbers.push_back(number);
    else if (named)
      answer.refused.push_back({number, refusal});
  }
  if (change.action == "retry" && !answer.numbers.empty() && p_.store.new_held_since() > 0) answer.everything = "held";
  p_.post.to_client(peer, answer, message.request);
}

void ClientDesk::model_change(const std::string& peer, const protocol::Message& message) {
  const auto change = protocol::parse<protocol::ModelChange>(message);
  protocol::ModelChanged answer;
  if (change.action == "load") {
    p_.models.sound(change.model, "", 1.0);  // is it there?
    if (!change.keep.empty() && !parse_keep_alive(change.keep))
      throw Fault(Exit::bad_input, "field 'keep' cannot be '" + change.keep + "'",
                  std::string("use ") + kKeepAliveForms);
    answer.workers = p_.dispatcher.load(change.model, change.keep);
  } else if (change.action == "unload") {
    if (!change.model.empty()) p_.models.model(change.model);
    answer.workers = p_.dispatcher.unload(change.model, change.now);
  } else {
    throw Fault(Exit::bad_input, "field 'action': there is no action '" + change.action + "'", "use load or unload");
  }
  p_.post.to_client(peer, answer, message.request);
}

std::string ClientDesk::change_one(const protocol::Change& change, const Job& job) {
  if (change.action == "priority") {
    if (finished(job.state)) return std::string("it is ") + name(job.state);
    p_.store.set_priority(job.number, change.priority);
    return {};
  }
  if (change.action == "run-now") {
    if (finished(job.state)) return std::string("it is ") + name(job.state);
    if (job.when.window.empty() && job.when.not_before_ms == 0 && job.when.after_job == 0)
      return "it waits for no window, time or job";
    p_.store.run_now(job.number);
    p_.dispatcher.let_go(job.model);
    return {};
  }
  const JobEvent event = change.action == "cancel"   ? JobEvent::cancel
                         : change.action == "pause"  ? JobEvent::pause
                         : change.action == "resume" ? JobEvent::resume
                                                     : JobEvent::retry;
  const std::string reason = event == JobEvent::pause ? "paused" : "";
  if (!after(job.state, event)) return std::string("it is ") + name(job.state);
  if (event == JobEvent::cancel) p_.dispatcher.recall(job.number);  // a pause lets what is being spoken finish
  p_.store.change(job.number, event, reason);
  if (event == JobEvent::resume || event == JobEvent::retry) p_.dispatcher.let_go(job.model);
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
