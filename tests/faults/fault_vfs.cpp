#include "tests/faults/fault_vfs.h"

#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

namespace lectern {
namespace {

struct File {
  sqlite3_file base;
  std::string* path;
  sqlite3_file* real;  // stands behind this struct
};
File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return self(file)->real; }
const sqlite3_io_methods* methods(sqlite3_file* file) { return real(file)->pMethods; }

std::string content(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  methods(file)->xFileSize(real(file), &size);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (size > 0) methods(file)->xRead(real(file), bytes.data(), static_cast<int>(size), 0);
  return bytes;
}

int close_file(sqlite3_file* file) {
  const int code = methods(file)->xClose(real(file));
  delete self(file)->path;
  return code;
}
int read_file(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  return methods(file)->xRead(real(file), to, amount, offset);
}
int write_file(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  FaultDisk& disk = FaultDisk::get();
  if (const int code = disk.operation(false)) {
    methods(file)->xWrite(real(file), from, amount / 2, offset);  // a full disk takes a part
    return code;
  }
  const int code = methods(file)->xWrite(real(file), from, amount, offset);
  if (auto* remembered = disk.remembered(*self(file)->path))
    remembered->since.push_back({offset, std::string(static_cast<const char*>(from), amount), false});
  disk.happened();
  return code;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  FaultDisk& disk = FaultDisk::get();
  if (disk.operation(false)) return SQLITE_IOERR_TRUNCATE;
  const int code = methods(file)->xTruncate(real(file), size);
  if (auto* remembered = disk.remembered(*self(file)->path)) remembered->since.push_back({size, {}, true});
  disk.happened();
  return code;
}
int sync_file(sqlite3_file* file, int flags) {
  FaultDisk& disk = FaultDisk::get();
  if (const int code = disk.operation(true)) return code;
  const int code = methods(file)->xSync(real(file), flags);
  if (auto* remembered = disk.remembered(*self(file)->path)) *remembered = {content(file), {}};
  disk.happened();
  return code;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return methods(file)->xFileSize(real(file), size); }
int lock(sqlite3_file* file, int level) { return methods(file)->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) { return methods(file)->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) { return methods(file)->xCheckReservedLock(real(file), out); }
int control(sqlite3_file* file, int what, void* argument) {
  return methods(file)->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) { return methods(file)->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return methods(file)->xDeviceCharacteristics(real(file)); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return methods(file)->xShmMap(real(file), page, size, extend, at);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return methods(file)->xShmLock(real(file), offset, n, flags);
}
void shm_barrier(sqlite3_file* file) { methods(file)->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return methods(file)->xShmUnmap(real(file), remove); }

const sqlite3_io_methods kMethods = {2,         close_file, read_file,   write_file, truncate_file,   sync_file,
                                     file_size, lock,       unlock,      check_lock, control,         sector_size,
                                     characteristics,       shm_map,     shm_lock,   shm_barrier,     shm_unmap,
                                     nullptr,   nullptr};

sqlite3_vfs* below = nullptr;

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  File* mine = self(file);
  mine->base.pMethods = nullptr;
  mine->real = reinterpret_cast<sqlite3_file*>(mine + 1);
  const int code = below->xOpen(below, name, mine->real, flags, out);
  if (code != SQLITE_OK) return code;
  mine->path = new std::string(name ? name : "");
  mine->base.pMethods = &kMethods;
  if (auto* remembered = FaultDisk::get().remembered(*mine->path); remembered && remembered->synced.empty())
    remembered->synced = content(file);
  return code;
}
int delete_file(sqlite3_vfs*, const char* name, int sync) {
  FaultDisk::get().forget(name);
  return below->xDelete(below, name, sync);
}

sqlite3_vfs make_vfs() {
  below = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = *below;  // all that takes no file is the one below's own
  vfs.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
  vfs.zName = "lectern-faults";
  vfs.pNext = nullptr;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  return vfs;
}

void apply(std::string& bytes, const FaultDisk::Change& change) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.truncation) return bytes.resize(std::min(bytes.size(), offset));
  if (bytes.size() < offset + change.bytes.size()) bytes.resize(offset + change.bytes.size());
  std::memcpy(bytes.data() + offset, change.bytes.data(), change.bytes.size());
}

const bool steered = [] {
  const char* wish = std::getenv("LECTERN_DB_FAULT");
  if (!wish) return false;
  std::istringstream words(wish);
  std::string kind;
  long first = 0, count = 0;
  words >> kind >> first >> count;
  using Kind = FaultDisk::Kind;
  FaultDisk::get().fail(kind == "full" ? Kind::full : kind == "sync" ? Kind::sync : Kind::io, first, count);
  return true;
}();

}  // namespace

FaultDisk& FaultDisk::get() {
  static FaultDisk disk;
  static sqlite3_vfs vfs = [] {
    sqlite3_initialize();
    return make_vfs();
  }();
  [[maybe_unused]] static const int registered = sqlite3_vfs_register(&vfs, 1);
  return disk;
}

void FaultDisk::fail(Kind kind, long first, long count) {
  kind_ = kind;
  first_ = first;
  count_ = count;
  operations_ = 0;
}

int FaultDisk::operation(bool sync) {
  if (kind_ != Kind::none && (kind_ == Kind::sync) != sync) return 0;
  const long number = ++operations_;
  if (kind_ == Kind::none || number < first_ || number >= first_ + count_) return 0;
  if (kind_ == Kind::full) return SQLITE_FULL;
  return sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
}

void FaultDisk::remember(bool on) {
  remembering_ = on;
  files_.clear();
}

FaultDisk::Image FaultDisk::after_power_cut(const std::function<bool()>& unsynced) const {
  Image image;
  for (const auto& [path, file] : files_) {
    std::string bytes = file.synced;
    for (const Change& change : file.since)
      if (unsynced()) apply(bytes, change);
    image[path] = std::move(bytes);
  }
  return image;
}

}  // namespace lectern
