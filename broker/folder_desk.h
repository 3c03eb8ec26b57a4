// Answers clients about watched folders: list, add, remove, scan.
#pragma once

#include <string>

#include "broker/model_shelf.h"
#include "broker/post.h"
#include "broker/store/store.h"
#include "broker/watch/watched_folders.h"

namespace lectern {

class FolderDesk {
 public:
  FolderDesk(Store& store, Post& post, ModelShelf& models, watch::WatchedFolders& folders, const Settings& settings)
      : store_(store), post_(post), models_(models), folders_(folders), settings_(settings) {}

  // Throws Fault for what cannot be done; then nothing has changed.
  void handle(const std::string& peer, const protocol::Message& message);

 private:
  void add(const protocol::FolderRequest& request);
  void remove(const std::string& path);
  void check_known(const std::string& path) const;
  void answer(const std::string& peer, std::uint64_t request, const std::string& path);

  Store& store_;
  Post& post_;
  ModelShelf& models_;
  watch::WatchedFolders& folders_;
  const Settings& settings_;
};

}  // namespace lectern
