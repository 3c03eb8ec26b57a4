// The segments of a job as people read them, with their place in the finished file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"
#include "cli/connection.h"

namespace lectern::cli {

// All segments of a job, in order; `flagged`: only those that are flagged or failed.
protocol::SegmentList all_segments(Connection& connection, const std::string& job, bool flagged);

// Where each segment is heard in the job's published file, seconds by index, as its sidecar says: only of a job that is
// done, and only segments that are still heard with the same take.
std::map<std::uint64_t, double> times_in_file(const protocol::SegmentList& list);

// One line a segment: index, time, state, voice, flags, text; reasons of failures below.
std::string segment_table(const protocol::SegmentList& list, int width);

}  // namespace lectern::cli
