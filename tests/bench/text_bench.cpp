// text_bench [MB]: how long it takes to cut a text of that size (5 by default) into segments, by format, and what part
// of that decoding it and counting its words alone would take.
#include <archive.h>
#include <archive_entry.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "broker/text/characters.h"
#include "broker/text/segmenter.h"
#include "config/fault.h"

namespace {

namespace text = lectern::text;

double seconds(const auto& work) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

std::string html_of(const std::string& plain) {
  std::string html = "<html><body><p>";
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] == '\n' && i + 1 < plain.size() && plain[i + 1] == '\n')
      html += "</p>\n<p>";
    else if (plain[i] == '<' || plain[i] == '&')
      html += ' ';
    else
      html += plain[i];
  }
  return html + "</p></body></html>";
}

std::string epub_of(const std::string& page) {
  std::string bytes(page.size() + (1 << 20), '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  const auto add = [&](const char* name, const std::string& content) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(writer, entry);
    archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  };
  add("META-INF/container.xml", "<container><rootfile full-path='b.opf'/></container>");
  add("b.opf",
      "<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest><spine><itemref "
      "idref='a'/></spine></package>");
  add("a.xhtml", page);
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

std::size_t count_words(std::u32string_view characters) {
  std::size_t words = 0;
  bool inside = false;
  for (const char32_t c : characters) {
    const bool word = text::is_word(c);
    words += word && !inside;
    inside = word;
  }
  return words;
}

int measure(int argc, char** argv) {
  const double megabytes = argc > 1 ? std::atof(argv[1]) : 5;
  std::ifstream stream(std::string(TEST_DATA) + "/text/alice_in_wonderland.txt", std::ios::binary);
  const std::string book{std::istreambuf_iterator<char>(stream), {}};
  const std::string story = book.substr(book.find("CHAPTER I."), book.find("THE END") - book.find("CHAPTER I."));
  std::string plain;
  while (static_cast<double>(plain.size()) < megabytes * 1e6) plain += story;
  std::size_t words = 0;
  const double least = seconds([&] { words = count_words(text::to_code_points(text::decode_script(plain, "text"))); });
  std::printf("%.1f MB, %zu words; decoding and counting alone: %.3f s\n", static_cast<double>(plain.size()) / 1e6,
              words, least);
  const std::string html = html_of(plain), epub = epub_of(html);
  struct Row {
    const char* name;
    text::Format format;
    const std::string& bytes;
  };
  for (const Row& row : {Row{"plain", text::Format::plain, plain}, Row{"markdown", text::Format::markdown, plain},
                         Row{"html", text::Format::html, html}, Row{"epub", text::Format::epub, epub}}) {
    std::size_t segments = 0;
    const double all =
        seconds([&] { segments = text::segment_file(row.bytes, "text", {.format = row.format}).segments.size(); });
    const double extracting = seconds([&] { text::script_text(row.bytes, "text", row.format); });
    std::printf("%-9s %.3f s (%.1f times as long; text alone %.3f s), %zu segments\n", row.name, all, all / least,
                extracting, segments);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lectern::run_main(measure, argc, argv); }
