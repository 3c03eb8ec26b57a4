#include "broker/hooks/hooks.h"

#include <spdlog/spdlog.h>

#include "broker/hooks/hook_command.h"
#include "broker/hooks/webhook.h"

namespace lectern::hooks {
namespace {

using protocol::Json;

Json job_facts(const Job& job, const protocol::JobView& view) {
  Json failures = Json::array();
  for (const auto& failure : view.failures)
    failures.push_back({{"index", failure.index}, {"text", failure.text}, {"reason", failure.reason}});
  return {{"event", "job"},
          {"job", job.number},
          {"state", view.state},
          {"name", job.name},
          {"script", job.script_name},
          {"output", job.output},
          {"reason", job.reason},
          {"model", job.model},
          {"voice", job.voice},
          {"audio_s", job.audio_s},
          {"batch", job.batch_id},
          {"batch_name", job.batch_name},
          {"submitted_ms", job.submitted_ms},
          {"finished_ms", job.finished_ms},
          {"failures", failures}};
}

// LECTERN_JOB=12 and so on, for what is no list.
std::map<std::string, std::string> variables(const Json& facts) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : facts.items()) {
    if (value.is_structured()) continue;
    std::string name = "LECTERN_" + key;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    result[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return result;
}

void log_end(const std::string& event, const CommandEnd& end) {
  if (!end.started)
    spdlog::error("hook for {}: cannot run /bin/sh: {}", event, end.output);
  else if (end.timed_out)
    spdlog::warn("hook for {} took too long and was ended; it had said: {}", event, end.output);
  else if (end.exit != 0)
    spdlog::warn("hook for {} failed ({} {}); it said: {}", event, end.exit < 0 ? "signal" : "exit code",
                 std::abs(end.exit), end.output);
}

}  // namespace

Hooks::Hooks(Store& store, const Settings::Hooks& settings, std::function<bool(const std::string&)> held)
    : store_(store), settings_(settings), held_(std::move(held)) {
  if (!settings.job.empty() || !settings.batch.empty()) commands_.emplace(1);
  if (!settings.webhook.empty()) posts_.emplace(1);
}

Hooks::~Hooks() {
  stop_ = true;
  hurry();
}

void Hooks::hurry() {
  {
    std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  stopping_.notify_all();
}

void Hooks::refused(const std::filesystem::path& script, const std::string& why) {
  refused_.push_back({{"event", "job"},
                      {"job", 0},
                      {"state", "failed"},
                      {"name", script.stem().string()},
                      {"script", script.string()},
                      {"output", ""},
                      {"reason", why}});
}

void Hooks::forget() {
  jobs_.clear();
  refused_.clear();
}

void Hooks::begin() {
  for (std::optional<WorkPool>* pool : {&commands_, &posts_})
    if (*pool) (*pool)->results();  // nothing follows from them
  for (const std::uint64_t number : std::exchange(jobs_, {})) {
    const auto job = store_.job(number);
    if (!job || (!commands_ && !posts_)) continue;
    tell(job_facts(*job, store_.view(*job)), settings_.job);
    batches_[job->batch_id] = job->batch_name;
  }
  for (const Json& facts : std::exchange(refused_, {})) tell(facts, settings_.job);
  std::erase_if(batches_, [this](const auto& entry) {
    const auto& [batch, name] = entry;
    if (held_(batch) || !store_.batch_drained(batch)) return false;
    auto states = store_.states_in_batch(batch);
    const std::uint64_t done = states[JobState::done], failed = states[JobState::failed],
                        cancelled = states[JobState::cancelled];
    tell({{"event", "batch"},
          {"batch", batch},
          {"batch_name", name},
          {"jobs", done + failed + cancelled},
          {"done", done},
          {"failed", failed},
          {"cancelled", cancelled}},
         settings_.batch);
    return true;
  });
}

void Hooks::tell(const Json& facts, const std::string& command) {
  const std::string json = facts.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::string event =
      facts["event"] == "batch" ? "batch " + facts["batch"].get<std::string>() : "job " + facts["job"].dump();
  const std::chrono::milliseconds limit(static_cast<std::int64_t>(settings_.timeout_s * 1000));
  if (commands_ && !command.empty())
    commands_->add([this, command, json, event, limit, facts]() -> WorkPool::Result {
      if (!stop_) log_end(event, run_command(command, variables(facts), json, limit, stop_));
      return [] {};
    });
  if (posts_)
    posts_->add([this, json, event, limit]() -> WorkPool::Result {
      const auto pause = [this](std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        return !stopping_.wait_for(lock, time, [this] { return hurry_.load(); });
      };
      const std::string problem = stop_ ? "" : post_json(settings_.webhook, json, limit, pause, stop_);
      if (!problem.empty()) spdlog::warn("webhook for {} failed: {}", event, problem);
      return [] {};
    });
}

bool Hooks::idle() const {
  for (const std::optional<WorkPool>* pool : {&commands_, &posts_})
    if (*pool && !(*pool)->idle()) return false;
  return true;
}

}  // namespace lectern::hooks
