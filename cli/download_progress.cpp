#include "cli/download_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lectern::cli {
namespace {

constexpr auto kTerminalPause = std::chrono::milliseconds(200);
constexpr auto kLinePause = std::chrono::seconds(10);

std::string time_text(double seconds) {
  const long long whole = std::llround(std::min(seconds, 1e9));
  if (whole < 90) return fmt::format("{} s", whole);
  if (whole < 90 * 60) return fmt::format("{} min", (whole + 30) / 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

std::string progress_text(const std::string& label, std::uint64_t have, std::uint64_t total, std::uint64_t gained,
                          double seconds) {
  std::string text = label;
  if (total > 0)
    text += fmt::format("  {} %  {} of {}", std::min<std::uint64_t>(100, have * 100 / total), size_text(have),
                        size_text(total));
  else
    text += "  " + size_text(have);
  const double rate = seconds > 0 ? static_cast<double>(gained) / seconds : 0;
  if (rate > 0 && gained > 0) {
    text += "  " + size_text(static_cast<std::uint64_t>(rate)) + "/s";
    if (total > have) text += "  " + time_text(static_cast<double>(total - have) / rate) + " left";
  }
  return text;
}

DownloadProgress::DownloadProgress(std::string label, std::uint64_t have, std::uint64_t total, std::FILE* out,
                                   bool terminal)
    : label_(std::move(label)),
      first_have_(have),
      have_(have),
      total_(total),
      out_(out),
      terminal_(terminal),
      last_(start_) {}

DownloadProgress::~DownloadProgress() {
  if (!shown_) return;
  if (terminal_) std::fputc('\n', out_);
  std::fflush(out_);
}

void DownloadProgress::at(std::uint64_t have, std::uint64_t total) {
  have_ = have;
  if (total > 0) total_ = total;
  const auto now = Clock::now();
  const bool complete = total_ > 0 && have_ >= total_;
  if (now - last_ < (terminal_ ? Clock::duration(kTerminalPause) : Clock::duration(kLinePause)) && !complete) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  first_have_ = std::min(first_have_, have_);  // a download that started again
  const std::string text = progress_text(label_, have_, total_, have_ - first_have_, seconds);
  std::fprintf(out_, terminal_ ? "\r%s\x1b[K" : "%s\n", text.c_str());
  std::fflush(out_);
  shown_ = true;
}

void DownloadProgress::clear() {
  if (terminal_ && shown_) std::fputs("\r\x1b[K", out_);
}

}  // namespace lectern::cli
