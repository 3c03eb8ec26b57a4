#include "worker/admission.h"

#include <fmt/format.h>

namespace lectern {
namespace {

double gb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e9; }

}  // namespace

Admission admit(const std::string& model, const std::string& device, std::uint64_t need_bytes,
                std::uint64_t reserve_bytes, const MemoryRoom& room) {
  if (!room.known || (need_bytes <= room.free_bytes && reserve_bytes <= room.free_bytes - need_bytes)) return {};
  Admission refused;
  refused.fits = false;
  refused.ever = need_bytes <= room.total_bytes && reserve_bytes <= room.total_bytes - need_bytes;
  refused.reason = fmt::format("model '{}' needs {:.2f} GB of memory on {} and {:.2f} GB stay in reserve; {:.2f} of {:.2f} GB are free",
                               model, gb(need_bytes), device, gb(reserve_bytes), gb(room.free_bytes), gb(room.total_bytes));
  if (!room.holders.empty()) refused.reason += "; held by " + room.holders;
  return refused;
}

}  // namespace lectern
