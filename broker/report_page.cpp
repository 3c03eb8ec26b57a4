#include "broker/report_page.h"

#include <fmt/format.h>

#include <set>

#include "broker/publish/publisher.h"
#include "config/quantity.h"
#include "config/script_name.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --page: #fbfaf8; --text: #22201c; --quiet: #6b665d; --line: #e2ded6; --card: #ffffff;
  --good: #2c6e49; --bad: #a4262c; --wait: #8a6100; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #17181a; --text: #e8e6e1; --quiet: #a09b92; --line: #33353a;
  --card: #1f2124; --good: #7cc79b; --bad: #f0868b; --wait: #e0b354; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 56rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.5rem; margin: 0 0 .25rem; }}
h2 {{ font-size: 1.1rem; margin: 2.25rem 0 .75rem; }}
p, dl, ul {{ margin: 0; }}
.quiet {{ color: var(--quiet); font-size: .875rem; }}
.facts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1px; margin-top: 1.25rem;
  border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; background: var(--card); }}
.facts div {{ box-shadow: 0 0 0 1px var(--line); padding: .75rem 1rem; }}
.facts dt {{ color: var(--quiet); font-size: .8rem; }}
.facts dd {{ margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }}
.job {{ background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .875rem 1rem;
  margin-bottom: .625rem; overflow-wrap: anywhere; }}
.job header {{ display: flex; gap: .75rem; align-items: baseline; justify-content: space-between; flex-wrap: wrap; }}
.job b {{ font-weight: 600; }}
.job audio {{ width: 100%; margin-top: .5rem; display: block; }}
.job a {{ color: inherit; }}
.chapters {{ padding: 0; list-style: none; }}
.chapters li {{ display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 22rem); gap: .75rem; align-items: center; }}
.chapters audio {{ height: 2rem; }}
summary {{ cursor: pointer; margin-top: .5rem; font-size: .9rem; }}
.bad {{ color: var(--bad); }} .wait {{ color: var(--wait); }} .good {{ color: var(--good); }}
blockquote {{ margin: .5rem 0 0; padding-left: .75rem; border-left: 3px solid var(--bad); font-size: .9rem; }}
</style>
</head>
<body>
)html";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
    }
  }
  return out;
}

// Every byte but those that mean themselves in a path.
std::string address(const fs::path& path) {
  std::string out;
  for (const char c : path.string()) {
    if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-_.~/").find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string link(const fs::path& output, const fs::path& folder) {
  const fs::path relative = output.lexically_relative(folder);
  const bool below = !relative.empty() && *relative.begin() != "..";
  return below ? "./" + address(relative) : "file://" + address(output);
}

std::string fact(const char* name, const std::string& value) {
  return value.empty() ? "" : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(value));
}

std::string heading(const protocol::JobView& job, const std::string& right) {
  return fmt::format(
      "<article class=\"job\"><header><span><b>{}</b> <span class=\"quiet\">#{}{}</span></span>"
      "<span class=\"quiet\">{}</span></header>\n",
      escaped(job.name), job.number, job.voice.empty() ? "" : " · " + escaped(job.voice), right);
}

std::string remarks(const protocol::JobView& job) {
  std::string text;
  if (!job.reason.empty()) text += fmt::format("<p class=\"bad\">{}</p>\n", escaped(job.reason));
  if (job.segments_flagged > 0)
    text += fmt::format("<p class=\"wait\">{}: lectern segments {} --flagged</p>\n",
                        count(job.segments_flagged, "flagged segment"),
                        job.number);
  return text;
}

bool is_audio(const fs::path& file) {
  const std::string extension = lower_extension(file);
  return !extension.empty() && publish::find_format(extension.substr(1));
}

// A player for each file of a work by chapters, folded up; nothing when the folder cannot be read.
std::string chapters(const fs::path& work, const fs::path& folder) {
  std::set<fs::path> files;  // their numbers have the same length
  std::error_code error;
  for (fs::directory_iterator entry(work, error), end; !error && entry != end; entry.increment(error))
    if (is_audio(entry->path())) files.insert(entry->path());
  if (files.empty()) return {};
  std::string text =
      fmt::format("<details><summary>{}</summary>\n<ul class=\"chapters\">\n", count(files.size(), "chapter"));
  for (const fs::path& file : files)
    text += fmt::format("<li><a href=\"{0}\">{1}</a><audio controls preload=\"none\" src=\"{0}\"></audio></li>\n",
                        link(file, folder), escaped(file.stem().string()));
  return text + "</ul></details>\n";
}

std::string done_job(const protocol::JobView& job, const fs::path& folder) {
  if (job.reason == kAudioGone)
    return heading(job, clock_time(job.audio_s)) +
           fmt::format("<p class=\"wait\">{}: {}</p></article>\n", kAudioGone, escaped(job.output));
  const std::string source = link(job.output, folder);
  if (!is_audio(job.output))  // a folder
    return heading(job, clock_time(job.audio_s)) +
           fmt::format("<p class=\"quiet\">a file for each chapter: <a href=\"{}/\">{}</a></p>\n", source,
                       escaped(job.output)) +
           chapters(job.output, folder) + remarks(job) + "</article>\n";
  return heading(job, clock_time(job.audio_s)) +
         fmt::format(
             "<p class=\"quiet\"><a href=\"{0}\">{1}</a></p>\n"
             "<audio controls preload=\"none\" src=\"{0}\"></audio>\n{2}</article>\n",
             source, escaped(job.output), remarks(job));
}

std::string ended_job(const protocol::JobView& job) {
  std::string text = heading(job, local_time(job.finished_ms).substr(0, 16));
  text += fmt::format("<p class=\"bad\">{}{}</p>\n", job.state, job.reason.empty() ? "" : ": " + escaped(job.reason));
  for (const protocol::FailedSegment& failure : job.failures)
    text += fmt::format("<blockquote>{}<br><span class=\"quiet\">{}</span></blockquote>\n", escaped(failure.text),
                        escaped(failure.reason));
  if (job.segments_failed > job.failures.size())
    text += fmt::format("<p class=\"quiet\">and {} more</p>\n", job.segments_failed - job.failures.size());
  return text + "</article>\n";
}

std::string open_job(const protocol::JobView& job) {
  const auto percent = job.characters > 0 ? job.characters_done * 100 / job.characters : 0;
  return heading(job, fmt::format("{} %", percent)) + fmt::format("<p class=\"wait\">{}{}</p></article>\n", job.state,
                                                                  job.reason.empty() ? "" : ": " + escaped(job.reason));
}

}  // namespace

std::string report_page(const protocol::Reported& r, const fs::path& folder) {
  std::string text = fmt::format(kHead, fmt::arg("title", "Lectern: " + local_time(r.until_ms).substr(0, 10)));
  text += fmt::format("<h1>Narrated{}</h1>\n<p class=\"quiet\">{} to {}</p>\n",
                      r.window.empty() ? "" : " in window " + escaped(r.window), local_time(r.from_ms).substr(0, 16),
                      local_time(r.until_ms).substr(0, 16));
  text += "<dl class=\"facts\">\n" + fact("done", count(r.done)) + fact("failed", count(r.failed)) +
          fact("carried over", count(r.carried_over)) + fact("audio", clock_time(r.audio_s)) +
          fact("times real time", r.speed > 0 ? times(r.speed) : "") +
          fact("energy", r.energy_j > 0 ? fmt::format("{:.2f} kWh", r.energy_j / 3.6e6) : "") + "</dl>\n";
  auto section = [&](const char* title, auto&& shown, auto&& draw) {
    std::string part;
    for (const protocol::JobView& job : r.jobs)
      if (shown(job)) part += draw(job);
    if (!part.empty()) text += fmt::format("<h2>{}</h2>\n", title) + part;
  };
  auto ended = [](const protocol::JobView& job) { return job.state == "failed" || job.state == "cancelled"; };
  section("Not done", ended, [](const auto& job) { return ended_job(job); });
  section(
      "Done", [](const auto& job) { return job.state == "done"; },
      [&](const auto& job) { return done_job(job, folder); });
  section(
      "Carried over", [&](const auto& job) { return job.state != "done" && !ended(job); },
      [](const auto& job) { return open_job(job); });
  if (r.jobs.empty()) text += "<p>Nothing ended in this time, and nothing waits.</p>\n";
  if (r.more > 0) text += fmt::format("<p class=\"quiet\">and {} more jobs</p>\n", count(r.more));
  return text + "</body>\n</html>\n";
}

}  // namespace lectern
