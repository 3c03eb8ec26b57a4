#include "cli/terminal.h"

#include <fmt/format.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>

namespace lectern::cli {
namespace {

constexpr char32_t kBroken = 0xFFFFFFFF;

// The code point at `at`, which moves behind it; kBroken (and one byte on) for what is not UTF-8.
char32_t next_character(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 && first < 0xF5 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  if (more == 0 || first >= 0xF5 || at + static_cast<std::size_t>(more) > text.size()) return kBroken;
  char32_t character = first & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
    if ((byte & 0xC0) != 0x80) return kBroken;
    character = character << 6 | (byte & 0x3F);
  }
  static constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  if (character < kSmallest[more] || character > 0x10FFFF || surrogate) return kBroken;
  at += static_cast<std::size_t>(more);
  return character;
}

int character_columns(char32_t character) {
  if (character < 0x7F) return character >= 0x20 ? 1 : 0;
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (!utf8) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(character));
  uselocale(before);
  return std::max(width, 0);
}

bool is_control(char32_t c) {
  // C0, DEL, C1, and the marks that reorder what stands around them.
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x2028 || c == 0x2029;
}

}  // namespace

Terminal Terminal::of(int fd) {
  Terminal terminal;
  terminal.is_terminal = isatty(fd) == 1;
  winsize size{};
  if (!terminal.is_terminal)
    terminal.width = terminal.height = INT_MAX;
  else if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    terminal.width = size.ws_col, terminal.height = size.ws_row;
  return terminal;
}

int columns(std::string_view text) {
  int sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t character = next_character(text, at);
    sum += character == kBroken ? 1 : character_columns(character);
  }
  return sum;
}

std::string printable(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t character = next_character(text, at);
    if (character == kBroken || is_control(character))
      clean += '?';
    else
      clean += text.substr(begin, at - begin);
  }
  return clean;
}

std::string fitted(std::string_view text, int width) {
  if (columns(text) <= width) return std::string(text);
  if (width <= 0) return {};
  int used = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    const char32_t character = next_character(text, at);
    used += character == kBroken ? 1 : character_columns(character);
    if (used > width - 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string padded(std::string text, int width) {
  const int missing = width - columns(text);
  if (missing > 0) text.append(static_cast<std::size_t>(missing), ' ');
  return text;
}

std::string wrapped(std::string_view text, int width, int indent) {
  std::string all, line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (!line.empty() && columns(line) + 1 + columns(word) > width - indent) {
      all += line + "\n" + std::string(static_cast<std::size_t>(indent), ' ');
      line.clear();
    }
    line.append(line.empty() ? "" : " ").append(word);
    at = end + 1;
  }
  return all + line;
}

std::string fitted_lines(std::string_view text, int width) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += fitted(text.substr(0, end), width) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string Redrawn::replace(const std::string& block, const std::string& above) {
  const std::string up = lines_ > 0 ? fmt::format("\x1b[{}A\x1b[J", lines_) : "";
  lines_ = std::count(block.begin(), block.end(), '\n');
  return up + above + block;
}

void write_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace lectern::cli
