// The proof that a job speaks all of its script, made when its file is published and by `lectern verify`.
#pragma once

#include <string>
#include <vector>

#include "broker/model_shelf.h"
#include "broker/publish/publisher.h"
#include "broker/store/store.h"

namespace lectern {

// What of the script is not accounted for by these segments and reasons, for people; empty: nothing is missing. A check
// that cannot be made is a problem of its own. Safe on any thread.
std::vector<std::string> coverage_problems(ModelShelf& models, const Job& job, const std::string& script,
                                           const std::vector<publish::PublishedSegment>& segments,
                                           const std::vector<text::Unspoken>& unspoken);

}  // namespace lectern
