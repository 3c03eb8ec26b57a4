// Small safetensors and ONNX files, made by hand so that they can be wrong in one place.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/fault.h"

namespace lectern::weights {

class WeightFiles : public ::testing::Test {
 protected:
  WeightFiles() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / (std::string("lectern-") + test->test_suite_name() + "-" +
                                                        test->name() + "-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~WeightFiles() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  std::filesystem::path folder_;
};

template <typename Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

inline std::string safetensors(const std::string& header, const std::string& data) {
  return bytes_of<std::uint64_t>({header.size()}) + header + data;
}

// The protobuf wire format.
inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string number_field(int number, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3) + varint(value);
}
inline std::string bytes_field(int number, const std::string& bytes) {
  return varint((static_cast<std::uint64_t>(number) << 3) | 2) + varint(bytes.size()) + bytes;
}

enum OnnxType { onnx_float = 1, onnx_uint8 = 2, onnx_int8 = 3, onnx_int32 = 6 };

inline std::string onnx_head(const std::string& name, OnnxType type, const std::vector<std::uint64_t>& shape) {
  std::string bytes;
  for (const auto dimension : shape) bytes += number_field(1, dimension);
  return bytes + number_field(2, type) + bytes_field(8, name);
}
template <typename Number>
std::string onnx_raw(const std::string& name, OnnxType type, const std::vector<std::uint64_t>& shape,
                     const std::vector<Number>& numbers) {
  return onnx_head(name, type, shape) + bytes_field(9, bytes_of(numbers));
}
// As int32_data, sign-extended to 64 bits as protobuf does.
inline std::string onnx_packed(const std::string& name, OnnxType type, const std::vector<std::uint64_t>& shape,
                               const std::vector<std::int64_t>& numbers) {
  std::string packed;
  for (const auto number : numbers) packed += varint(static_cast<std::uint64_t>(number));
  return onnx_head(name, type, shape) + bytes_field(5, packed);
}
inline std::string onnx_file(const std::vector<std::string>& tensors) {
  std::string graph = bytes_field(2, "a graph");
  for (const auto& tensor : tensors) graph += bytes_field(5, tensor);
  return number_field(1, 9) + bytes_field(7, graph);
}

// The text of the Fault that `act` throws; fails the test when it throws none.
template <typename Act>
std::string fault_of(Act act) {
  try {
    act();
  } catch (const Fault& fault) {
    return fault.what();
  }
  ADD_FAILURE() << "no fault was thrown";
  return {};
}

}  // namespace lectern::weights
