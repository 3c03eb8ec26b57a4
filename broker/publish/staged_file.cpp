#include "broker/publish/staged_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "broker/publish/fault_point.h"

namespace lectern::publish {

namespace fs = std::filesystem;

#ifdef LECTERN_FAULT_POINTS
FaultHooks fault_hooks;
#endif

Fault write_fault(const fs::path& file, int error_number) {
  const std::string what = "cannot write " + file.string();
  if (error_number == EFBIG)
    return {Exit::no_space, what + ": the file would grow too large for its file system or the user's limit",
            "choose a format that compresses, or another folder"};
  return system_fault(what, error_number);
}

bool stands(const std::string& file) {
  struct stat status;
  return ::lstat(file.c_str(), &status) == 0;
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw system_fault("cannot open the folder " + folder.string(), errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error && error != EINVAL && error != ENOTSUP)  // some file systems have no sync of folders
    throw system_fault("cannot sync the folder " + folder.string(), error);
}

int link_new(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return 0;
  }
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK) return errno;
  if (stands(to)) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int rename_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return errno;
  return link_new(from, to);
}

bool put_in_place(const fs::path& from, const fs::path& to, bool replace) {
  int error = 0;
  if (!replace)
    error = rename_new(from, to);
  else if (::rename(from.c_str(), to.c_str()) != 0)
    error = errno;
  if (error == EEXIST && !replace) return false;
  if (error) throw write_fault(to, error);
  return true;
}

StagedFile::StagedFile(fs::path path, fs::path destination)
    : path_(std::move(path)), destination_(std::move(destination)) {
  open();
}

StagedFile::~StagedFile() {
  if (!placed_) ::unlink(path_.c_str());
  ::close(fd_);
}

void StagedFile::open() {
  for (;;) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd_ < 0) throw write_fault(destination_, errno);
    while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
    struct stat mine, named;
    if (::fstat(fd_, &mine) == 0 && ::lstat(path_.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
        mine.st_dev == named.st_dev)
      break;
    ::close(fd_);  // the one before us has placed it: begin a file of our own
  }
  empty();
}

void StagedFile::empty() {
  start_ = position_ = 0;
  error_ = 0;
  if (::ftruncate(fd_, 0) != 0) error_ = errno;
}

std::int64_t StagedFile::read(void* to, std::int64_t bytes) {
  ssize_t got;
  do got = ::pread(fd_, to, static_cast<std::size_t>(bytes), start_ + position_);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (!error_) error_ = errno;
    return 0;
  }
  position_ += got;
  return got;
}

std::int64_t StagedFile::write(const void* from, std::int64_t bytes) {
  if (!error_) error_ = injected_write_error(static_cast<std::size_t>(bytes));
  std::int64_t done = 0;
  while (!error_ && done < bytes) {  // after a short write the next one says why
    const auto put = ::pwrite(fd_, static_cast<const char*>(from) + done, static_cast<std::size_t>(bytes - done),
                              start_ + position_ + done);
    if (put > 0)
      done += put;
    else if (put == 0)
      error_ = ENOSPC;
    else if (errno != EINTR)
      error_ = errno;
  }
  position_ += bytes;
  return bytes;
}

std::int64_t StagedFile::seek(std::int64_t offset, int whence) {
  const std::int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position_ : stream_length();
  position_ = from + offset;
  return position_;
}

void StagedFile::begin_stream() {
  start_ += position_;
  position_ = 0;
}

std::int64_t StagedFile::stream_length() { return static_cast<std::int64_t>(bytes()) - start_; }

std::uint64_t StagedFile::bytes() {
  struct stat status;
  if (::fstat(fd_, &status) == 0) return static_cast<std::uint64_t>(status.st_size);
  if (!error_) error_ = errno;
  return 0;
}

void StagedFile::check() const {
  if (error_) throw write_fault(destination_, error_);
}

void StagedFile::write_all(std::string_view text) {
  write(text.data(), static_cast<std::int64_t>(text.size()));
  check();
}

void StagedFile::sync() {
  check();
  if (!sync_removed() && ::fsync(fd_) != 0) error_ = errno;
  check();
}

bool StagedFile::place(const fs::path& to, bool replace) {
  placed_ = put_in_place(path_, to, replace);
  return placed_;
}

OutputFolder::OutputFolder(fs::path folder) : folder_(folder.empty() ? fs::path(".") : std::move(folder)) {
  struct stat status;
  if (::mkdir(folder_.c_str(), 0777) == 0) {
    created_ = true;
    try {
      sync_folder(folder_.has_parent_path() ? folder_.parent_path() : fs::path("."));
    } catch (...) {
      ::rmdir(folder_.c_str());
      throw;
    }
    return;
  }
  const int error = errno;
  const bool there = ::stat(folder_.c_str(), &status) == 0;
  if (there && !S_ISDIR(status.st_mode))
    throw Fault(Exit::bad_input, "the output folder " + folder_.string() + " is not a folder", "choose another folder");
  if (!there && error == ENOENT)
    throw Fault(Exit::bad_input,
                "the output folder " + folder_.string() + " does not exist, nor does its parent folder",
                "create the folder, or choose another");
  if (!there) throw system_fault("cannot create the output folder " + folder_.string(), error);
  if (::faccessat(AT_FDCWD, folder_.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    throw system_fault("cannot write in the output folder " + folder_.string(), errno);
}

OutputFolder::~OutputFolder() {
  if (created_) ::rmdir(folder_.c_str());
}

}  // namespace lectern::publish
