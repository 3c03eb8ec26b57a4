// How it works: ModelProto.graph is field 7, GraphProto.initializer is field 5 (repeated); of a TensorProto: dims = 1,
// data_type = 2, float_data = 4, int32_data = 5, int64_data = 7, name = 8, raw_data = 9, data_location = 14.
#include "worker/weights/onnx_initializers.h"

#include <cstring>
#include <optional>

#include "config/fault.h"

namespace lectern::weights {

namespace {

using Bytes = std::span<const std::byte>;

struct Broken {  // caught at the file's boundary, where its name is known
  std::string what;
};

enum Wire { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

struct Field {
  std::uint32_t number = 0;
  Wire wire = varint;
  std::uint64_t value = 0;  // varint
  Bytes bytes;              // delimited, fixed32, fixed64
};

class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }

  std::uint64_t varint_value() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw Broken{"a number that does not end"};
  }

  Field field() {
    const std::uint64_t tag = varint_value();
    Field field{static_cast<std::uint32_t>(tag >> 3), static_cast<Wire>(tag & 7), 0, {}};
    switch (field.wire) {
      case varint:
        field.value = varint_value();
        break;
      case fixed64:
        field.bytes = take(8);
        break;
      case delimited:
        field.bytes = take(varint_value());
        break;
      case fixed32:
        field.bytes = take(4);
        break;
      default:
        throw Broken{"an unknown wire type"};
    }
    if (field.number == 0) throw Broken{"a field without a number"};
    return field;
  }

 private:
  Bytes take(std::uint64_t count) {
    if (count > rest_.size()) throw Broken{"the data end too early"};
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  Bytes rest_;
};

ElementType element_type(std::uint64_t code) {
  switch (code) {
    case 1:
      return ElementType::float32;
    case 2:
      return ElementType::uint8;
    case 3:
      return ElementType::int8;
    case 5:
      return ElementType::int16;
    case 6:
      return ElementType::int32;
    case 7:
      return ElementType::int64;
    case 9:
      return ElementType::boolean;
    case 10:
      return ElementType::float16;
    case 11:
      return ElementType::float64;
    case 16:
      return ElementType::bfloat16;
    default:
      return ElementType::other;
  }
}

struct TensorProto {
  std::string name;
  StoredTensor tensor;
  std::optional<Bytes> raw;
  std::vector<std::byte> floats;        // float_data, as its bytes
  std::vector<std::uint64_t> integers;  // int32_data or int64_data
  bool outside = false;                 // its data lie in another file
};

// Appends the numbers of a repeated field, packed or one by one.
template <typename Number>
void append(std::vector<Number>& numbers, const Field& field) {
  if (field.wire == varint) {
    numbers.push_back(static_cast<Number>(field.value));
  } else if (field.wire == delimited) {
    for (Reader packed(field.bytes); !packed.done();) numbers.push_back(static_cast<Number>(packed.varint_value()));
  } else {
    throw Broken{"numbers in the wrong wire type"};
  }
}

TensorProto read_tensor(Bytes bytes) {
  TensorProto proto;
  for (Reader reader(bytes); !reader.done();) {
    const Field field = reader.field();
    switch (field.number) {
      case 1:
        append(proto.tensor.shape, field);
        break;
      case 2:
        proto.tensor.type = element_type(field.value);
        break;
      case 4:
        proto.floats.insert(proto.floats.end(), field.bytes.begin(), field.bytes.end());
        break;
      case 5:
      case 7:
        append(proto.integers, field);
        break;
      case 8:
        proto.name.assign(reinterpret_cast<const char*>(field.bytes.data()), field.bytes.size());
        break;
      case 9:
        proto.raw = field.bytes;
        break;
      case 14:
        proto.outside = field.value != 0;
        break;
      default:
        break;
    }
  }
  return proto;
}

// int8 values may come sign-extended to 64 bits: the low bytes are the value.
std::vector<std::byte> narrow(const std::vector<std::uint64_t>& values, std::size_t size) {
  std::vector<std::byte> bytes(values.size() * size);
  for (std::size_t i = 0; i < values.size(); ++i) std::memcpy(bytes.data() + i * size, &values[i], size);
  return bytes;
}

void check_size(const TensorProto& proto) {
  const StoredTensor& tensor = proto.tensor;
  std::uint64_t expected = 0;
  if (!count_elements(tensor.shape, expected) ||
      __builtin_mul_overflow(expected, element_size(tensor.type), &expected) || expected != tensor.bytes.size()) {
    throw Broken{"shape " + shape_text(tensor.shape) + " of " + element_name(tensor.type) + " does not fill its " +
                 std::to_string(tensor.bytes.size()) + " bytes"};
  }
}

}  // namespace

OnnxInitializers::OnnxInitializers(const std::filesystem::path& path) : file_(MappedFile::open(path)) {
  const auto add = [this](Bytes bytes) {
    TensorProto proto = read_tensor(bytes);
    try {
      if (proto.outside) throw Broken{"its data lie in another file, which is not supported"};
      if (proto.tensor.type != ElementType::other) {
        if (proto.raw) {
          proto.tensor.bytes = *proto.raw;
        } else {
          decoded_.push_back(proto.floats.empty() ? narrow(proto.integers, element_size(proto.tensor.type))
                                                  : std::move(proto.floats));
          proto.tensor.bytes = decoded_.back();
        }
        check_size(proto);
      }
      if (!tensors_.emplace(proto.name, proto.tensor).second) throw Broken{"it stands in the file twice"};
    } catch (const Broken& broken) {
      throw Broken{"tensor '" + proto.name + "': " + broken.what};
    }
  };
  try {
    for (Reader model(file_->bytes()); !model.done();) {
      const Field field = model.field();
      if (field.number != 7 || field.wire != delimited) continue;
      for (Reader graph(field.bytes); !graph.done();) {
        const Field part = graph.field();
        if (part.number == 5 && part.wire == delimited) add(part.bytes);
      }
    }
    if (tensors_.empty()) throw Broken{"it holds no tensors"};
  } catch (const Broken& broken) {
    throw Fault(Exit::bad_input, path.string() + ": not a whole ONNX file: " + broken.what, "fetch the file again");
  }
}

const StoredTensor* OnnxInitializers::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace lectern::weights
