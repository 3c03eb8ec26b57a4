// A file under a hidden name that becomes visible in one rename, and the folder that it stands in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "config/fault.h"

namespace lectern::publish {

// A file being written. Its name is fixed by what it is for, so that what a crash left is written over, not added to; a
// second writer of the same name waits until the first has placed or dropped its file. Not copied; one thread a file.
class StagedFile {
 public:
  // Creates or empties `path`. `destination` is how messages call it: the file that it is going to be. Throws Fault.
  StagedFile(std::filesystem::path path, std::filesystem::path destination);
  ~StagedFile();  // removes the file unless it was placed
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& destination() const { return destination_; }

  // For an encoder: they move a position and keep the errno of the first failure in error(). Writing claims success
  // even then, because libsndfile leaks its Vorbis encoder when it is told otherwise: look at error().
  std::int64_t read(void* to, std::int64_t bytes);
  std::int64_t write(const void* from, std::int64_t bytes);
  std::int64_t seek(std::int64_t offset, int whence);
  std::int64_t position() const { return position_; }
  std::int64_t stream_length();
  int error() const { return error_; }
  void empty();         // back to no bytes
  void begin_stream();  // what is written so far stays in front: positions and stream_length() count from here

  void check() const;  // throws the Fault of error()
  void write_all(std::string_view text);
  std::uint64_t bytes();  // of the whole file
  void sync();            // all bytes on the disk, or Fault

  // put_in_place(); the file stays staged when that is false.
  bool place(const std::filesystem::path& to, bool replace);
  void keep() { placed_ = true; }  // the file is somebody else's to place or remove

 private:
  void open();

  std::filesystem::path path_, destination_;
  int fd_ = -1;
  std::int64_t start_ = 0, position_ = 0;  // of the stream in the file; in the stream
  int error_ = 0;
  bool placed_ = false;
};

// The Fault for a failed write of `file`: like system_fault(), and a limit on a file's size is no_space as well.
Fault write_fault(const std::filesystem::path& file, int error_number);

// Renames `from` to `to`. False when something stands there and `replace` is not set. Throws Fault.
bool put_in_place(const std::filesystem::path& from, const std::filesystem::path& to, bool replace);

// Rename that never replaces; 0 or an errno (EEXIST when `to` is taken). Falls back to link_new() where the file system
// has no such rename.
int rename_new(const std::filesystem::path& from, const std::filesystem::path& to);
// The same by a hard link; without hard links by a look and a plain rename.
int link_new(const std::filesystem::path& from, const std::filesystem::path& to);

void sync_folder(const std::filesystem::path& folder);  // throws Fault
bool stands(const std::string& file);                   // anything of that name, a dangling link too

// The folder of a file to be written: created when only it, not its parent, is missing, and removed again if it is not
// kept. Throws Fault naming the folder when it cannot be written to.
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path folder);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  void keep() { created_ = false; }
  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
  bool created_ = false;
};

}  // namespace lectern::publish
