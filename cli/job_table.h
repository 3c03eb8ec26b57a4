// Jobs, one job, and workers as text.
#pragma once

#include <string>
#include <vector>

#include "broker/protocol/messages.h"

namespace lectern::cli {

// One line a job under a line of headings, in the order given; lines end in newlines and are at most `width` columns
// wide (names give way, then reasons). At most `rows` jobs: those that run first, then those that wait, and a last line
// that counts the others.
std::string job_table(const std::vector<protocol::JobView>& jobs, int width, std::size_t rows = SIZE_MAX);

// Everything about one job, its failed segments included.
std::string job_details(const protocol::JobView& job, int width);

// "2 workers: cuda:0 busy with kokoro-82m, cpu cold" and what holds the work up.
std::string worker_line(const protocol::Jobs& state, int width);

// One line a worker under a line of headings.
std::string worker_table(const std::vector<protocol::WorkerView>& workers, int width);

// What will run until the plan's end.
std::string plan_text(const protocol::Planned& plan, int width);

// What was narrated since a time.
std::string report_text(const protocol::Reported& report, int width);

// Columns of cells, filled to equal widths with two spaces between; the last column is not filled. `right`: columns
// whose cells stand at the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right);

}  // namespace lectern::cli
