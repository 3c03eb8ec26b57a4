// segments FILE [--limit N] [--language L]: what a script is cut into, for people to look at. Not installed.
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "broker/text/segmenter.h"
#include "config/fault.h"
#include "config/script_format.h"

namespace {

using lectern::text::Break;

const char* name_of(Break after) { return lectern::text::kBreakNames[static_cast<int>(after)]; }

int show(int argc, char** argv) {
  CLI::App app("Shows the segments of a script: range, what is heard after it, what is spoken");
  std::string file;
  lectern::text::SegmenterOptions options;
  bool unspoken = false, quiet = false;
  std::string skip = "none";
  app.add_option("file", file, "script, its format known by its extension")->required();
  app.add_option("--limit", options.max_segment_chars, "longest segment, in characters");
  app.add_option("--language", options.language, "language of the voice");
  app.add_option("--skip", skip, "parts that are not read: contents,boilerplate,footnotes");
  app.add_flag("--unspoken", unspoken, "show the ranges that nobody speaks as well");
  app.add_flag("--quiet", quiet, "only the summary");
  CLI11_PARSE(app, argc, argv);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw lectern::Fault(lectern::Exit::not_found, "cannot read " + file, "check the name");
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  options.format = lectern::text::find_format(lectern::script_format_of(file));
  options.reading = lectern::parse_reading(skip, "--skip");
  const auto start = std::chrono::steady_clock::now();
  const auto result = lectern::text::segment_file(bytes, file, options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  auto gap = result.unspoken.begin();
  for (const auto& segment : result.segments) {
    if (quiet) break;
    for (; gap != result.unspoken.end() && gap->begin < segment.begin; ++gap)
      if (unspoken && gap->reason != "white space")
        std::cout << gap->begin << '-' << gap->end << "\t(" << gap->reason << ")\n";
    std::cout << segment.begin << '-' << segment.end << '\t' << name_of(segment.after)
              << (segment.heading ? " heading" : "") << '\t' << segment.spoken << '\n';
  }
  for (const auto& chapter : result.chapters)
    std::cerr << "chapter " << chapter.segment << ": " << chapter.title << "\n";
  for (const auto& [reason, characters] : lectern::text::left_out(result))
    std::cerr << "left out: " << reason << ", " << characters << " characters\n";
  std::cerr << "'" << result.title << "' by '" << result.author << "'\n"
            << result.characters << " characters, " << result.segments.size() << " segments, " << seconds.count()
            << " s\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lectern::run_main(show, argc, argv); }
