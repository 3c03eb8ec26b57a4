#include "config/natural_order.h"

#include <cstddef>

namespace lectern {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
unsigned char lower(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

// The run of digits at `at` without its leading zeros; `at` moves behind it.
std::string_view number(std::string_view text, std::size_t& at) {
  while (at < text.size() && text[at] == '0') ++at;
  const std::size_t begin = at;
  while (at < text.size() && digit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      const std::string_view x = number(a, i), y = number(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      const unsigned char x = lower(a[i++]), y = lower(b[j++]);
      // A folder's content stands together, before names that go on where the folder's name ends.
      if (x != y) return (x == '/' ? 0 : x) < (y == '/' ? 0 : y);
    }
  }
  const std::size_t left_a = a.size() - i, left_b = b.size() - j;
  if ((left_a == 0) != (left_b == 0)) return left_a == 0;
  return a < b;
}

}  // namespace lectern
