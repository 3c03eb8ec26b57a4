#include "worker/weights/safetensors_writer.h"

#include <ATen/ATen.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/fault.h"
#include "worker/weights/state.h"

namespace lectern::weights {

namespace {

const char* type_code(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return "F32";
    case ElementType::float16:
      return "F16";
    case ElementType::bfloat16:
      return "BF16";
    case ElementType::int64:
      return "I64";
    default:
      throw Fault(Exit::internal, std::string("safetensors are not written as ") + element_name(type));
  }
}

// The header, padded with blanks so that the data begin at a multiple of eight.
std::string header_text(const std::vector<SafetensorsEntry>& entries,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t begin = 0;
  for (const SafetensorsEntry& entry : entries) {
    std::uint64_t count = 0;
    if (!count_elements(entry.shape, count)) throw Fault(Exit::internal, "tensor '" + entry.name + "' is too large");
    const std::uint64_t end = begin + count * element_size(entry.type);
    header[entry.name] = {{"dtype", type_code(entry.type)}, {"shape", entry.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::vector<SafetensorsEntry>& entries,
                       const std::function<at::Tensor(const SafetensorsEntry&)>& read,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(entries, metadata);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"), &std::fclose);
  const auto put = [&](const void* bytes, std::size_t size) {
    if (size != 0 && std::fwrite(bytes, 1, size, file.get()) != size) {
      throw system_fault("cannot write " + path.string(), errno);
    }
  };
  if (!file) throw system_fault("cannot write " + path.string(), errno);
  const std::uint64_t size = header.size();
  put(&size, sizeof size);
  put(header.data(), header.size());
  for (const SafetensorsEntry& entry : entries) {
    const at::Tensor tensor = read(entry).to(at::kCPU, scalar_type(entry.type)).contiguous();
    if (tensor.sizes() != at::IntArrayRef(entry.shape)) {
      throw Fault(Exit::internal, "tensor '" + entry.name + "' has the shape " + shape_text(tensor.sizes()) +
                                      " instead of " + shape_text(entry.shape));
    }
    put(tensor.data_ptr(), tensor.nbytes());
  }
  if (std::fclose(file.release()) != 0) throw system_fault("cannot write " + path.string(), errno);
}

}  // namespace lectern::weights
