#include "broker/protocol/wire.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace lectern::protocol {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian");

namespace detail {

std::string Place::words() const {
  const std::string before = outer ? outer->words() : std::string();
  if (!name) return outer ? before + "[" + std::to_string(index) + "]" : before;
  return before.empty() ? name : before + "." + name;
}

void missing_field(const Place& place) {
  throw Fault(Exit::bad_input, "field '" + place.words() + "' is missing", "use programs of one version");
}

void wrong_field(const Place& place, const char* wanted) {
  throw Fault(Exit::bad_input, "field '" + place.words() + "' must be " + wanted, "use programs of one version");
}

// Whether brackets stand in more than `most` brackets; in strings they do not count. Json's functions call themselves
// for every level.
bool deeper_than(std::string_view json, int most) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') quoted = !quoted;
    else if (quoted) i += c == '\\';
    else if (c == '[' || c == '{') {
      if (++depth > most) return true;
    } else if (c == ']' || c == '}') --depth;
  }
  return false;
}

void write_value(std::string& out, const Json& value) {
  out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_value(std::string& out, const std::string& value) {
  const auto plain = [](unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; };
  if (std::all_of(value.begin(), value.end(), plain))
    ((out += '"') += value) += '"';
  else
    write_value(out, Json(value));
}

template <class Number>
void write_number(std::string& out, Number value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void write_value(std::string& out, std::int64_t value) { write_number(out, value); }
void write_value(std::string& out, std::uint64_t value) { write_number(out, value); }

void write_value(std::string& out, bool value) { out += value ? "true" : "false"; }

void write_value(std::string& out, double value) {
  if (std::isfinite(value))
    write_number(out, value);
  else
    out += "null";
}

}  // namespace detail

Message decode(std::vector<std::string> frames) {
  const char* mend = "use programs of one version";
  if (frames.size() < 3) throw Fault(Exit::bad_input, "a message needs at least three frames", mend);
  if (frames.size() > kMaxFrames) throw Fault(Exit::bad_input, "a message has too many frames", mend);
  std::size_t total = 0;
  for (const std::string& frame : frames) total += frame.size();
  if (total > kMaxMessageBytes) throw Fault(Exit::bad_input, "a message is larger than 256 MiB", mend);
  if (frames[0] != kVersion)
    throw Fault(Exit::no_broker, "the other side speaks '" + frames[0].substr(0, 40) + "', this program " + kVersion,
                "stop the broker with its own version (lectern stop) and start again");
  if (frames[2].size() > kMaxHeaderBytes) throw Fault(Exit::bad_input, "a message's header is larger than 64 MiB", mend);
  if (detail::deeper_than(frames[2], kMaxDepth)) throw Fault(Exit::bad_input, "a message's header is nested too deep", mend);
  Message message;
  message.type = std::move(frames[1]);
  message.header = Json::parse(frames[2], nullptr, false);
  if (!message.header.is_object())
    throw Fault(Exit::bad_input, "message '" + message.type.substr(0, 40) + "': the header is not a JSON object", mend);
  if (auto request = message.header.find("request"); request != message.header.end()) {
    if (!request->is_number_unsigned()) detail::wrong_field({nullptr, "request"}, "a whole number, not negative");
    message.request = request->get<std::uint64_t>();
  }
  message.payload.assign(std::make_move_iterator(frames.begin() + 3), std::make_move_iterator(frames.end()));
  return message;
}

Fault to_fault(const Error& error) {
  return {static_cast<Exit>(error.exit), error.message, error.hint};
}

Error to_error(const Fault& fault) {
  Error error;
  error.exit = static_cast<int>(fault.exit());
  error.message = fault.what();
  error.hint = fault.hint();
  return error;
}

std::string to_payload(std::span<const float> samples) {
  return {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()};
}

std::vector<float> from_payload(std::string_view payload, std::uint64_t frames) {
  if (payload.size() % sizeof(float) != 0 || payload.size() / sizeof(float) != frames)
    throw Fault(Exit::bad_input, "a payload of " + std::to_string(payload.size()) + " bytes does not hold " +
                                     std::to_string(frames) + " samples");
  std::vector<float> samples(frames);
  std::memcpy(samples.data(), payload.data(), payload.size());
  return samples;
}

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
