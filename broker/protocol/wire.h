// The wire form of a message: frames [version][type][JSON header][payload...]. The header holds the message's fields and
// "request", a number that the asker chooses and every answer repeats (0: nobody asked). Pure: no sockets here.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/protocol/messages.h"
#include "config/fault.h"

namespace lectern::protocol {

// What a peer may send; more is refused before it is read.
inline constexpr std::size_t kMaxFrames = 8;
inline constexpr std::size_t kMaxHeaderBytes = 64u << 20;  // `jobs` takes 600 bytes for each job
inline constexpr int kMaxDepth = 32;  // of lists and objects in the header
inline constexpr std::size_t kMaxMessageBytes = 256u << 20;

using Frames = std::vector<std::string>;

// A message whose envelope is right; its fields have not been looked at.
struct Message {
  std::string type;
  std::uint64_t request = 0;
  std::string header;  // JSON text of an object
  std::vector<std::string> payload;
};

// Throws Fault(bad_input): too few or too many frames, another version, a header that is not a JSON object, too large.
Message decode(std::vector<std::string> frames);

namespace detail {
// Where a field stands, put into words only when something is wrong with it.
struct Place {
  const Place* outer = nullptr;
  const char* name = nullptr;  // nullptr: an element of the list `outer`
  std::size_t index = 0;
  std::string words() const;
};
[[noreturn]] void missing_field(const Place& place);
[[noreturn]] void wrong_field(const Place& place, const char* wanted);

template <class T>
concept Structured = requires { T::fields([](auto&&...) {}); };
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

// A header's text, read. Throws Fault(bad_input) when it is not a JSON object, or nested too deep. One at a time in a
// thread.
class Header {
 public:
  Header(const std::string& json, const std::string& type);
  simdjson::dom::element root() const { return root_; }

 private:
  std::optional<simdjson::dom::parser> own_;  // for a text too long for the one that the thread keeps
  simdjson::dom::element root_;
};

// The fields of an object, found at once when they are asked for in the order in which they stand there.
class Fields {
 public:
  explicit Fields(simdjson::dom::object object) : object_(object), next_(object.begin()) {}
  std::optional<simdjson::dom::element> find(std::string_view name);

 private:
  simdjson::dom::object object_;
  simdjson::dom::object::iterator next_;
};

Json to_json(simdjson::dom::element element);

void write_value(std::string& out, const Json& value);
void write_value(std::string& out, const std::string& value);
void write_value(std::string& out, bool value);
void write_value(std::string& out, double value);
void write_value(std::string& out, std::int64_t value);
void write_value(std::string& out, std::uint64_t value);

// JSON text; invalid UTF-8 is replaced.
template <class T>
void write_json(std::string& out, const T& value) {
  if constexpr (Structured<T>) {
    out += '{';
    T::fields([&](const char* name, auto member, const char*) {
      if (out.back() != '{') out += ',';
      ((out += '"') += name) += "\":";
      write_json(out, value.*member);
    });
    out += '}';
  } else if constexpr (is_vector<T>) {
    out += '[';
    for (const auto& element : value) {
      if (out.back() != '[') out += ',';
      write_json(out, element);
    }
    out += ']';
  } else {
    write_value(out, value);
  }
}

template <class T>
Json to_json(const T& value) {
  std::string text;
  write_json(text, value);
  return Json::parse(text);
}

template <class T>
void from_json(simdjson::dom::element json, const Place& place, T& value) {
  const auto get = [&](auto& into, const char* wanted) {
    if (json.get(into) != simdjson::SUCCESS) wrong_field(place, wanted);
  };
  if constexpr (Structured<T>) {
    simdjson::dom::object object;
    get(object, "an object");
    Fields found(object);
    T::fields([&](const char* name, auto member, const char*) {
      const Place inner{&place, name};
      const auto field = found.find(name);
      if (!field) missing_field(inner);
      from_json(*field, inner, value.*member);
    });
  } else if constexpr (is_vector<T>) {
    simdjson::dom::array array;
    get(array, "an array");
    value.clear();
    std::size_t index = 0;
    for (const simdjson::dom::element element : array)
      from_json(element, Place{&place, nullptr, index++}, value.emplace_back());
  } else if constexpr (std::is_same_v<T, Json>) {
    value = to_json(json);
  } else if constexpr (std::is_same_v<T, std::string>) {
    std::string_view text;
    get(text, "a string");
    value = text;
  } else if constexpr (std::is_same_v<T, bool>) {
    get(value, "true or false");
  } else if constexpr (std::is_same_v<T, double>) {
    get(value, "a number");
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    get(value, "a whole number, not negative");
  } else {
    static_assert(std::is_same_v<T, std::int64_t>);
    get(value, "a whole number");
  }
}
}  // namespace detail

template <class T>
Frames encode(const T& message, std::uint64_t request = 0, std::vector<std::string> payload = {}) {
  Frames frames{kVersion, T::kType, std::string()};
  std::string& header = frames.back();
  header.reserve(256);
  detail::write_json(header, message);
  header.back() = header.size() > 2 ? ',' : ' ';  // in place of the closing brace
  header += "\"request\":";
  detail::write_json(header, request);
  header += '}';
  for (std::string& part : payload) frames.push_back(std::move(part));
  return frames;
}

// The fields of a message of type T. Throws Fault(bad_input) naming the field that is missing or wrong.
template <class T>
T parse(const Message& message) {
  if (message.type != T::kType)
    throw Fault(Exit::bad_input, "message '" + message.type + "' where '" + T::kType + "' was expected");
  T value;
  const detail::Header header(message.header, message.type);
  try {
    detail::from_json(header.root(), {}, value);
  } catch (const Fault& fault) {
    throw Fault(fault.exit(), "message '" + message.type + "': " + fault.what(), fault.hint());
  }
  return value;
}

// The fault that an `error` message carries, and the other way round.
Fault to_fault(const Error& error);
Error to_error(const Fault& fault);

// Samples as payload: 32-bit float, little-endian. from_payload throws Fault when the size does not fit `frames`.
std::string to_payload(std::span<const float> samples);
std::vector<float> from_payload(std::string_view payload, std::uint64_t frames);

}  // namespace lectern::protocol
