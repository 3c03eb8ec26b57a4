// What a load is compared with: reading the bytes of the tensors that a network uses from the page cache into a buffer,
// by one thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "worker/weights/safetensors.h"

namespace lectern {

struct StoredBytes {
  std::size_t count = 0;
  double seconds = 1e9;  // the best of three
};

inline StoredBytes read_stored_bytes(const std::filesystem::path& file,
                                     const std::function<bool(const std::string&)>& is_used) {
  const weights::SafetensorsFile stored(file);
  std::vector<char> buffer(std::size_t{1} << 20);
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  StoredBytes result;
  for (int i = 0; i < 3; ++i) {
    result.count = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const auto& [name, tensor] : stored.tensors()) {
      if (!is_used(name)) continue;
      const auto place = tensor.bytes.data() - stored.mapping()->bytes().data();
      for (std::size_t at = 0; at < tensor.bytes.size(); at += buffer.size()) {
        const std::size_t wanted = std::min(buffer.size(), tensor.bytes.size() - at);
        const auto got = ::pread(descriptor, buffer.data(), wanted, place + static_cast<off_t>(at));
        result.count += got > 0 ? static_cast<std::size_t>(got) : 0;
      }
    }
    result.seconds =
        std::min(result.seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  ::close(descriptor);
  return result;
}

}  // namespace lectern
