// The store's repair of segments that keep failing: one becomes two.
#include <algorithm>

#include "broker/store/store.h"
#include "broker/take_key.h"

namespace lectern {
namespace {

constexpr std::size_t kLeastHalf = 12;  // bytes; shorter texts are not worth splitting

bool ends_clause(char c) { return std::string_view(".!?;:,").find(c) != std::string_view::npos; }

// Where to cut: the space nearest to the middle, clause ends preferred; 0: nowhere.
std::size_t middle(const std::string& text) {
  std::size_t best = 0, best_distance = text.size();
  for (std::size_t i = kLeastHalf; i + kLeastHalf < text.size(); ++i) {
    if (text[i] != ' ') continue;
    const std::size_t half = text.size() / 2;
    std::size_t distance = i > half ? i - half : half - i;
    if (ends_clause(text[i - 1])) distance /= 4;
    if (distance < best_distance) best = i, best_distance = distance;
  }
  return best;
}

}  // namespace

// Chapters that begin behind a segment that became two.
void Store::move_chapters(std::uint64_t number, std::uint64_t split) {
  auto told = protocol::Json::parse(structure(number));
  if (told.value("chapters", protocol::Json::array()).empty()) return;
  for (auto& chapter : told["chapters"])
    if (chapter["segment"] > split) chapter["segment"] = chapter["segment"].get<std::uint64_t>() + 1;
  Query(database_, "UPDATE scripts SET structure = ? WHERE job = ?", told.dump(), number).run();
}

// A waiting segment becomes two that share its range of the script in proportion to what they say. They keep its
// failures, so that both have the tries that it had left, and are not split again.
bool Store::split(std::uint64_t segment) {
  struct Whole {
    std::uint64_t job, index, begin, end, seed;
    std::string spoken, take;
  };
  std::optional<Whole> whole;
  {
    Query query(database_,
                "SELECT job, idx, begin_at, end_at, seed, spoken, take FROM segments "
                "WHERE id = ? AND state = 'waiting' AND split = 0",
                segment);
    if (!query.next()) return false;
    whole = Whole{query.count(0), query.count(1), query.count(2), query.count(3),
                  query.count(4), query.text(5),  query.text(6)};
  }
  const std::size_t cut = middle(whole->spoken);
  if (cut == 0) return false;
  const std::string first = whole->spoken.substr(0, cut), second = whole->spoken.substr(cut + 1);
  const std::uint64_t between =
      whole->begin + (whole->end - whole->begin) * first.size() / std::max<std::size_t>(1, whole->spoken.size());
  // The key of a half: nothing else makes this key, and the same failure in another job finds it.
  auto half_key = [&](const std::string& text) { return derived_key(whole->take, text); };

  Query(database_, "UPDATE segments SET idx = -idx - 2 WHERE job = ? AND idx > ?", whole->job, whole->index).run();
  Query(database_, "UPDATE segments SET idx = -idx - 1 WHERE job = ? AND idx < 0", whole->job).run();
  Query(database_,
        "INSERT INTO segments(job, idx, state, begin_at, end_at, pause, spoken, seed, take, failures, suspect, split, "
        "voice, pause_s, speed, edited) "
        "SELECT job, idx + 1, 'waiting', ?, end_at, pause, ?, ?, ?, failures, suspect, 1, voice, pause_s, speed, edited "
        "FROM segments "
        "WHERE id = ?",
        between, second, segment_seed(whole->seed, second), half_key(second), segment)
      .run();
  Query(database_,
        "UPDATE segments SET end_at = ?, pause = 'clause', pause_s = NULL, spoken = ?, seed = ?, take = ?, split = 1 WHERE id = ?",
        between, first, segment_seed(whole->seed, first), half_key(first), segment)
      .run();
  Query(database_,
        "UPDATE jobs SET segments = segments + 1, waiting = waiting + 1, characters = max(0, characters - 1) "
        "WHERE id = ?",
        whole->job)
      .run();
  move_chapters(whole->job, whole->index);
  touch(whole->job);
  return true;
}

}  // namespace lectern
