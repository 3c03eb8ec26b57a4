#include "cli/segment_table.h"

#include <fmt/format.h>

#include <fstream>

#include "cli/job_table.h"
#include "cli/terminal.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

protocol::SegmentList all_segments(Connection& connection, const std::string& job, bool flagged) {
  protocol::Segments wish;
  wish.job = job;
  wish.flagged = flagged;
  auto all = connection.ask<protocol::SegmentList>(wish);
  while (all.more) {
    wish.from += wish.most;
    auto next = connection.ask<protocol::SegmentList>(wish);
    all.more = next.more;
    for (protocol::SegmentView& segment : next.segments) all.segments.push_back(std::move(segment));
  }
  return all;
}

std::map<std::uint64_t, double> times_in_file(const protocol::SegmentList& list) {
  std::map<std::uint64_t, double> times;
  if (list.job.state != "done") return times;
  std::error_code error;
  const fs::path output = list.job.output;
  const bool in_files = fs::is_directory(output, error);
  std::ifstream in(in_files ? output / "sidecar.json" : fs::path(output).replace_extension(".json"), std::ios::binary);
  const auto sidecar = nlohmann::json::parse(in, nullptr, false);
  if (!sidecar.is_object() || sidecar.value("job_id", nlohmann::json()) != list.job.job_id) return times;
  std::map<std::uint64_t, std::pair<std::string, double>> heard;
  try {
    for (const auto& segment : sidecar.at("segments"))
      heard[segment.at("index")] = {segment.at("take"), segment.at("start_s")};
  } catch (const nlohmann::json::exception&) {
    return times;
  }
  for (const protocol::SegmentView& segment : list.segments)
    if (const auto found = heard.find(segment.index); found != heard.end() && found->second.first == segment.take)
      times[segment.index] = found->second.second;
  return times;
}

std::string segment_table(const protocol::SegmentList& list, int width) {
  const auto times = times_in_file(list);
  std::vector<std::vector<std::string>> rows{{"SEGMENT", "TIME", "STATE", "VOICE", "FLAGS", "TEXT"}};
  for (const protocol::SegmentView& segment : list.segments) {
    const auto time = times.find(segment.index);
    rows.push_back({std::to_string(segment.index), time == times.end() ? "-" : clock_time(time->second),
                    segment.state + (segment.edited ? ", edited" : ""), printable(segment.voice),
                    printable(joined(segment.flags)),
                    printable(segment.text) + (segment.reason.empty() ? "" : " (" + printable(segment.reason) + ")")});
  }
  return fitted_lines(aligned(rows, {true, true}), width);
}

}  // namespace lectern::cli
