#include "tests/broker/protocol/reference.h"

#include "broker/protocol/messages.h"

namespace lectern::protocol {
namespace {

template <class T>
std::string type_name() {
  if constexpr (std::is_same_v<T, std::string>) return "string";
  else if constexpr (std::is_same_v<T, bool>) return "boolean";
  else if constexpr (std::is_same_v<T, double>) return "number";
  else if constexpr (std::is_integral_v<T>) return std::is_unsigned_v<T> ? "whole number >= 0" : "whole number";
  else if constexpr (std::is_same_v<T, Json>) return "object";
  else if constexpr (std::is_same_v<T, Lease>) return "lease";
  else if constexpr (std::is_same_v<T, Selection>) return "selection";
  else if constexpr (std::is_same_v<T, JobView>) return "job";
  else if constexpr (std::is_same_v<T, SegmentView>) return "segment";
  else if constexpr (std::is_same_v<T, FlaggedSegment>) return "flagged segment";
  else if constexpr (std::is_same_v<T, Check>) return "check";
  else if constexpr (std::is_same_v<T, WorkerView>) return "worker";
  else if constexpr (std::is_same_v<T, FailedSegment>) return "failure";
  else if constexpr (std::is_same_v<T, Refusal>) return "refusal";
  else if constexpr (std::is_same_v<T, Event>) return "event";
  else if constexpr (std::is_same_v<T, OpenWindow>) return "open window";
  else if constexpr (std::is_same_v<T, ModelSpeed>) return "model's speed";
  else if constexpr (std::is_same_v<T, PlannedJob>) return "planned job";
  else if constexpr (std::is_same_v<T, ScheduleSetting>) return "schedule's setting";
  else if constexpr (std::is_same_v<T, ScheduleView>) return "schedule's view";
  else if constexpr (std::is_same_v<T, Measure>) return "measure";
  else if constexpr (std::is_same_v<T, OutputFiles>) return "output";
  else if constexpr (std::is_same_v<T, FolderView>)
    return "watched folder";
  else return "list of " + type_name<typename T::value_type>();
}

template <class T>
std::string table() {
  std::string rows;
  T::fields([&]<class M>(const char* name, M T::*, const char* doc) {
    rows += "| `" + std::string(name) + "` | " + type_name<M>() + " | " + doc + " |\n";
  });
  return rows.empty() ? "No fields.\n" : "| field | type | meaning |\n| --- | --- | --- |\n" + rows;
}

}  // namespace

std::string reference() {
  std::string text;
  for_each_message([&]<class T>() {
    text += "### `" + std::string(T::kType) + "`\n\n" + T::kDoc + "\n\n" + table<T>() + "\n";
  });
  text += "### Parts\n\n";
  auto part = [&]<class T>(std::type_identity<T>) { text += "**" + type_name<T>() + "**\n\n" + table<T>() + "\n"; };
  part(std::type_identity<Lease>{});
  part(std::type_identity<Selection>{});
  part(std::type_identity<SegmentView>{});
  part(std::type_identity<FlaggedSegment>{});
  part(std::type_identity<Check>{});
  part(std::type_identity<JobView>{});
  part(std::type_identity<FailedSegment>{});
  part(std::type_identity<WorkerView>{});
  part(std::type_identity<Refusal>{});
  part(std::type_identity<Event>{});
  part(std::type_identity<OpenWindow>{});
  part(std::type_identity<ModelSpeed>{});
  part(std::type_identity<PlannedJob>{});
  part(std::type_identity<ScheduleSetting>{});
  part(std::type_identity<ScheduleView>{});
  part(std::type_identity<Measure>{});
  part(std::type_identity<OutputFiles>{});
  part(std::type_identity<FolderView>{});
  return text;
}

}  // namespace lectern::protocol
