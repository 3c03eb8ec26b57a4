// Keeps the store in bounds and safe: pruning on request and every hour, copies while work goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/post.h"
#include "broker/store/store.h"
#include "config/paths.h"
#include "config/settings.h"

namespace lectern {

class Upkeep {
 public:
  Upkeep(Store& store, Post& post, const Paths& paths, const Settings& settings, const Clock& clock);

  // Takes lose their files after the commit.
  protocol::Pruned prune(const protocol::Prune& rules);
  // Begins a copy; `peer` gets the answer when it is whole. Throws Fault when one is being made already.
  void backup(const std::string& peer, std::uint64_t request, const std::filesystem::path& file);
  // Goes on with the copy; between transactions.
  void step();
  // Prunes takes by the settings when an hour has passed. Returns the next deadline (monotonic ms).
  std::int64_t tick();

 private:
  struct Running {
    std::string peer;
    std::uint64_t request;
    std::unique_ptr<Store::Copy> copy;
  };
  Store& store_;
  Post& post_;
  const Paths& paths_;
  const Settings& settings_;
  const Clock& clock_;
  std::optional<Running> running_;
  std::int64_t prune_at_ms_;
};

}  // namespace lectern
