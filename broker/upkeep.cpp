#include "broker/upkeep.h"

#include <spdlog/spdlog.h>

#include "broker/publish/take_file.h"

namespace lectern {

namespace {
constexpr std::int64_t kFirstPruneMs = 60'000, kPruneEveryMs = 3'600'000;
}

Upkeep::Upkeep(Store& store, Post& post, const Paths& paths, const Settings& settings, const Clock& clock)
    : store_(store),
      post_(post),
      paths_(paths),
      settings_(settings),
      clock_(clock),
      prune_at_ms_(clock.monotonic_ms() + kFirstPruneMs) {}

protocol::Pruned Upkeep::prune(const protocol::Prune& rules) {
  Store::Pruned pruned = store_.prune(rules);
  if (!rules.dry_run && !pruned.takes.empty())
    post_.afterwards([folder = paths_.takes(), keys = std::move(pruned.takes)] {
      std::error_code ignored;
      for (const std::string& key : keys) std::filesystem::remove(publish::take_path(folder, key), ignored);
    });
  return pruned.counts;
}

void Upkeep::backup(const std::string& peer, std::uint64_t request, const std::filesystem::path& file) {
  if (running_ && running_->peer == peer && running_->copy->file() == file) {  // asked again, the answer comes
    running_->request = request;
    return;
  }
  if (running_)
    throw Fault(Exit::bad_input, "a backup to " + running_->copy->file().string() + " is being made",
                "wait until it is whole");
  if (!file.is_absolute()) throw Fault(Exit::bad_input, "field 'file': must be an absolute path");
  running_ = Running{peer, request, store_.copy(file)};
}

void Upkeep::step() {
  if (!running_) return;
  try {
    if (!running_->copy->step()) return;
    protocol::BackedUp done;
    done.file = running_->copy->file().string();
    done.bytes = std::filesystem::file_size(running_->copy->file());
    spdlog::info("backup written: {} ({} bytes)", done.file, done.bytes);
    post_.to_client(running_->peer, done, running_->request);
  } catch (const Fault& fault) {
    post_.to_client(running_->peer, protocol::to_error(fault), running_->request);
  } catch (const std::filesystem::filesystem_error& e) {
    post_.to_client(running_->peer, protocol::to_error(system_fault("cannot write the backup", e.code().value())),
                    running_->request);
  }
  running_.reset();
}

std::int64_t Upkeep::tick() {
  const std::int64_t now = clock_.monotonic_ms();
  if (now >= prune_at_ms_) {
    prune_at_ms_ = now + kPruneEveryMs;
    protocol::Prune rules;
    rules.takes_older_s = settings_.takes_max_days * 86400;
    rules.takes_max_bytes = static_cast<std::int64_t>(settings_.takes_max_bytes);
    const protocol::Pruned pruned = prune(rules);
    if (pruned.takes > 0) spdlog::info("{} takes removed, {} bytes", pruned.takes, pruned.bytes);
  }
  return running_ ? now : prune_at_ms_;
}

}  // namespace lectern
