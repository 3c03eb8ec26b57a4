#include "config/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "config/fault.h"

namespace lectern {
namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags, const std::string& doing) {
    number_ = open(file.c_str(), flags | O_CLOEXEC, 0666);
    if (number_ < 0) throw system_fault(doing + " " + file.string(), errno);
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  const Descriptor in(file, O_RDONLY, "cannot read");
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = read(in.number(), buffer, sizeof buffer);
    if (got == 0) return bytes;
    if (got > 0)
      bytes.append(buffer, static_cast<std::size_t>(got));
    else if (errno != EINTR)
      throw system_fault("cannot read " + file.string(), errno);
  }
}

void write_file(const std::filesystem::path& file, std::string_view bytes) {
  const Descriptor out(file, O_WRONLY | O_CREAT | O_TRUNC, "cannot write");
  while (!bytes.empty()) {
    const ssize_t put = write(out.number(), bytes.data(), bytes.size());
    if (put >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(put));
    else if (errno != EINTR)
      throw system_fault("cannot write " + file.string(), errno);
  }
  if (fsync(out.number()) != 0) throw system_fault("cannot write " + file.string(), errno);
}

void sync_to_disk(const std::filesystem::path& file_or_folder) {
  const Descriptor descriptor(file_or_folder, O_RDONLY, "cannot open");
  if (fsync(descriptor.number()) != 0) throw system_fault("cannot write " + file_or_folder.string(), errno);
}

}  // namespace lectern
