// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace lectern {

std::string clock_time(double seconds);    // of audio: "0:07", "31:05", "1:02:03", "100:00:00"
std::string about(double seconds);         // of waiting: "45 s", "12 min", "3 h 05 min", "2 d 4 h"
std::string size_of(std::uint64_t bytes);  // "312 B", "4.1 MB", "1.25 GB": powers of 1000, as disks are sold
std::string count(std::uint64_t number);   // "1,234,567"
std::string count(std::uint64_t number, const std::string& noun);  // "1 job", "12 jobs"
std::string times(double factor);                                  // "0.35x", "3.2x", "412x"
std::string local_time(std::int64_t ms);  // "2025-03-01 22:00:05", this machine's zone; "" for 0

}  // namespace lectern
