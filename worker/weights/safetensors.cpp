#include "worker/weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "config/fault.h"

namespace lectern::weights {

namespace {

using nlohmann::json;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw Fault(Exit::bad_input, path.string() + ": " + what, "fetch or export the file again");
}

ElementType element_type(const std::string& name) {
  static const std::map<std::string, ElementType> types = {
      {"F32", ElementType::float32},   {"F64", ElementType::float64}, {"F16", ElementType::float16},
      {"BF16", ElementType::bfloat16}, {"I8", ElementType::int8},     {"U8", ElementType::uint8},
      {"I16", ElementType::int16},     {"I32", ElementType::int32},   {"I64", ElementType::int64},
      {"BOOL", ElementType::boolean}};
  const auto found = types.find(name);
  return found == types.end() ? ElementType::other : found->second;
}

// Finds the key that stands twice in an object, which a parse would silently drop. (A parse with a callback would tell as
// well, in a time that grows with the square of the tensors.)
struct DoubledKey : nlohmann::json_sax<json> {
  std::vector<std::set<std::string>> open;
  std::optional<std::string> found;

  bool key(string_t& name) override {
    if (!open.back().insert(name).second) found = name;
    return !found;
  }
  bool start_object(std::size_t) override { return open.emplace_back(), true; }
  bool end_object() override { return open.pop_back(), true; }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }
};

json parse_header(const std::filesystem::path& path, const char* start, std::size_t length) {
  DoubledKey doubled;
  json::sax_parse(start, start + length, &doubled);
  if (doubled.found) refuse(path, "the header names '" + *doubled.found + "' twice");
  try {
    return json::parse(start, start + length);
  } catch (const json::exception& error) {
    refuse(path, std::string("the header is not valid JSON: ") + error.what());
  }
}

struct Entry {
  std::string name;
  StoredTensor tensor;
  std::uint64_t begin = 0, end = 0;  // in the data behind the header
};

std::uint64_t unsigned_of(const json& value) {
  if (!value.is_number_unsigned()) throw std::invalid_argument("a number that is not a whole one");
  return value.get<std::uint64_t>();
}

Entry read_entry(const std::filesystem::path& path, const std::string& name, const json& value) {
  Entry entry{.name = name, .tensor = {}};
  try {
    const auto& offsets = value.at("data_offsets");
    const auto& shape = value.at("shape");
    if (value.size() != 3 || !shape.is_array() || !offsets.is_array() || offsets.size() != 2) {
      throw std::invalid_argument("an entry that is not of the form dtype, shape [...], data_offsets [begin, end]");
    }
    entry.begin = unsigned_of(offsets.at(0));
    entry.end = unsigned_of(offsets.at(1));
    for (const auto& dimension : shape) {
      entry.tensor.shape.push_back(static_cast<std::int64_t>(unsigned_of(dimension)));
    }
    const auto type = value.at("dtype").get<std::string>();
    entry.tensor.type = element_type(type);
    if (entry.tensor.type == ElementType::other) throw std::invalid_argument("the unknown element type " + type);
  } catch (const json::exception&) {
    refuse(path, "tensor '" + name + "': the header entry must have dtype, shape and data_offsets");
  } catch (const std::invalid_argument& error) {
    refuse(path, "tensor '" + name + "' has " + error.what());
  }
  return entry;
}

void check_entry(const std::filesystem::path& path, const Entry& entry, std::uint64_t data_size) {
  const std::string tensor = "tensor '" + entry.name + "'";
  const std::string range = " [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + ")";
  if (entry.begin > entry.end || entry.end > data_size) {
    refuse(path, tensor + " lies at" + range + ", outside the file's " + std::to_string(data_size) +
                     " bytes of data (is the file whole?)");
  }
  const std::size_t size = element_size(entry.tensor.type);
  std::uint64_t bytes = 0;
  if (!count_elements(entry.tensor.shape, bytes) || __builtin_mul_overflow(bytes, size, &bytes) ||
      bytes != entry.end - entry.begin) {
    refuse(path, tensor + ": shape " + shape_text(entry.tensor.shape) + " of " + element_name(entry.tensor.type) +
                     " does not fill" + range);
  }
}

// The tensors must follow each other without a gap or an overlap and end with the file.
void check_layout(const std::filesystem::path& path, const std::vector<Entry>& entries, std::uint64_t data_size) {
  std::uint64_t next = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != next) {
      refuse(path, "tensor '" + entry.name + "' " +
                       (entry.begin < next ? "overlaps the one before it" : "leaves a gap before it"));
    }
    next = entry.end;
  }
  if (next != data_size) refuse(path, std::to_string(data_size - next) + " bytes at the end belong to no tensor");
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(MappedFile::open(path)) {
  const auto bytes = file_->bytes();
  if (bytes.size() < 8) refuse(path, "too short to be a safetensors file (" + std::to_string(bytes.size()) + " bytes)");
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  if (header_size > kLongestHeader) {
    refuse(path, "the header is said to have " + std::to_string(header_size) + " bytes, the format allows " +
                     std::to_string(kLongestHeader));
  }
  if (header_size > bytes.size() - 8) {
    refuse(path, "the header is said to have " + std::to_string(header_size) + " bytes, the file has " +
                     std::to_string(bytes.size()));
  }
  const json header = parse_header(path, reinterpret_cast<const char*>(bytes.data()) + 8, header_size);
  if (!header.is_object()) refuse(path, "the header is not a JSON object");

  const std::uint64_t data_start = 8 + header_size, data_size = bytes.size() - data_start;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) refuse(path, "__metadata__ is not a JSON object");
      for (const auto& [key, text] : value.items()) {
        if (!text.is_string()) refuse(path, "__metadata__ '" + key + "' is not a string");
        metadata_[key] = text.get<std::string>();
      }
      continue;
    }
    entries.push_back(read_entry(path, name, value));
    check_entry(path, entries.back(), data_size);
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  check_layout(path, entries, data_size);
  for (Entry& entry : entries) {
    entry.tensor.bytes = bytes.subspan(data_start + entry.begin, entry.end - entry.begin);
    tensors_.emplace(std::move(entry.name), std::move(entry.tensor));
  }
}

const StoredTensor& SafetensorsFile::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) refuse(path(), "has no tensor '" + name + "'");
  return found->second;
}

}  // namespace lectern::weights
