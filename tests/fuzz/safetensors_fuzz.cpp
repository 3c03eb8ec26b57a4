// Whatever stands in a file, the reader of safetensors either hands out tensors that lie inside of it, without gap or
// overlap, or refuses it with a Fault that names the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "config/fault.h"
#include "worker/weights/safetensors.h"

namespace weights = lectern::weights;

namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// A file without a disk below it.
class Memory {
 public:
  Memory(const std::uint8_t* data, std::size_t size) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
    require(descriptor_ >= 0 && write(descriptor_, data, size) == static_cast<ssize_t>(size), "no memory file");
  }
  ~Memory() { close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void check(const weights::SafetensorsFile& file) {
  const auto whole = file.mapping()->bytes();
  std::size_t bytes = 0;
  unsigned sum = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    std::uint64_t elements = 0;
    require(weights::count_elements(tensor.shape, elements), "a shape that cannot be counted");
    require(elements * weights::element_size(tensor.type) == tensor.bytes.size(),
            "a shape that does not fill its bytes");
    require(tensor.bytes.data() >= whole.data() + 8 &&
                tensor.bytes.data() + tensor.bytes.size() <= whole.data() + whole.size(),
            "bytes outside of the file");
    for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
    bytes += tensor.bytes.size();
    require(&file.tensor(name) == &tensor, "a tensor is not found by its name");
  }
  require(bytes <= whole.size() - 8, "more bytes than the file has");
  [[maybe_unused]] volatile unsigned kept = sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Memory memory(data, size);
  try {
    check(weights::SafetensorsFile(memory.path()));
  } catch (const lectern::Fault& fault) {
    require(std::string(fault.what()).find(memory.path()) == 0, "a refusal that does not name the file");
  }
  return 0;
}
