#include "broker/protocol/wire.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace lectern::protocol {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian");

namespace {

constexpr const char* kMend = "use programs of one version";

}  // namespace

namespace detail {

std::string Place::words() const {
  const std::string before = outer ? outer->words() : std::string();
  if (!name) return outer ? before + "[" + std::to_string(index) + "]" : before;
  return before.empty() ? name : before + "." + name;
}

void missing_field(const Place& place) {
  throw Fault(Exit::bad_input, "field '" + place.words() + "' is missing", kMend);
}

void wrong_field(const Place& place, const char* wanted) {
  throw Fault(Exit::bad_input, "field '" + place.words() + "' must be " + wanted, kMend);
}

namespace {

constexpr std::size_t kUsualBytes = 16u << 10;

// Each thread keeps one for what is usual: it takes 13 bytes for each byte that the longest text may have.
simdjson::dom::parser& usual_parser() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

}  // namespace

Header::Header(const std::string& json, const std::string& type) {
  if (json.size() > kUsualBytes) own_.emplace();
  simdjson::dom::parser& parser = own_ ? *own_ : usual_parser();
  const std::size_t room = std::max(json.size(), kUsualBytes);
  auto error = parser.capacity() < room ? parser.allocate(room, kMaxDepth + 1) : simdjson::SUCCESS;
  if (!error) error = parser.parse(json).get(root_);
  if (error == simdjson::DEPTH_ERROR)
    throw Fault(Exit::bad_input, "a message's header is nested too deep", kMend);
  if (error || !root_.is_object())
    throw Fault(Exit::bad_input, "message '" + type.substr(0, 40) + "': the header is not a JSON object", kMend);
}

std::optional<simdjson::dom::element> Fields::find(std::string_view name) {
  if (next_ != object_.end() && next_.key() == name) {
    const simdjson::dom::element found = next_.value();
    ++next_;
    return found;
  }
  simdjson::dom::element found;
  if (object_.at_key(name).get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

Json to_json(simdjson::dom::element element) {
  switch (element.type()) {
    case simdjson::dom::element_type::OBJECT: {
      Json object = Json::object();
      for (const auto field : simdjson::dom::object(element)) object[std::string(field.key)] = to_json(field.value);
      return object;
    }
    case simdjson::dom::element_type::ARRAY: {
      Json array = Json::array();
      for (const auto member : simdjson::dom::array(element)) array.push_back(to_json(member));
      return array;
    }
    case simdjson::dom::element_type::STRING: return std::string(std::string_view(element));
    case simdjson::dom::element_type::BOOL: return bool(element);
    case simdjson::dom::element_type::DOUBLE: return double(element);
    case simdjson::dom::element_type::UINT64: return std::uint64_t(element);
    case simdjson::dom::element_type::INT64: {
      const std::int64_t number = element;
      return number < 0 ? Json(number) : Json(static_cast<std::uint64_t>(number));  // as Json itself reads it
    }
    case simdjson::dom::element_type::NULL_VALUE: break;
  }
  return nullptr;
}

void write_value(std::string& out, const Json& value) {
  if (value.is_object() && value.empty())
    out += "{}";
  else
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
  if (frames.size() < 3) throw Fault(Exit::bad_input, "a message needs at least three frames", kMend);
  if (frames.size() > kMaxFrames) throw Fault(Exit::bad_input, "a message has too many frames", kMend);
  std::size_t total = 0;
  for (const std::string& frame : frames) total += frame.size();
  if (total > kMaxMessageBytes) throw Fault(Exit::bad_input, "a message is larger than 256 MiB", kMend);
  if (frames[0] != kVersion)
    throw Fault(Exit::no_broker, "the other side speaks '" + frames[0].substr(0, 40) + "', this program " + kVersion,
                "stop the broker with its own version (lectern stop) and start again");
  if (frames[2].size() > kMaxHeaderBytes) throw Fault(Exit::bad_input, "a message's header is larger than 64 MiB", kMend);
  Message message;
  message.type = std::move(frames[1]);
  message.header = std::move(frames[2]);
  message.header.reserve(message.header.size() + simdjson::SIMDJSON_PADDING);  // else it is copied when it is read
  const detail::Header header(message.header, message.type);
  simdjson::dom::element request;
  if (header.root()["request"].get(request) == simdjson::SUCCESS)
    detail::from_json(request, {nullptr, "request"}, message.request);
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

}  // namespace lectern::protocol
