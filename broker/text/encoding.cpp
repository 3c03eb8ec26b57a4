// Raw bytes -> UTF-8: what encoding a script is in, and which files are no scripts at all.
#include <simdjson.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <optional>

#include "broker/text/characters.h"
#include "broker/text/segmenter.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  const char* what;
  const char* mend;
};

constexpr const char* kAudioMend = "it is a recording already; submit the text that should be spoken";
constexpr const char* kPictureMend = "a picture holds no text; run text recognition on it and submit its output";
constexpr const char* kBookMend = "convert it first, with calibre's: ebook-convert FILE FILE.epub";
constexpr const char* kUnpackMend = "unpack it and submit the texts in it";

const Magic kMagic[] = {
    {"%PDF-"sv, "a PDF document", "convert it to text first: pdftotext FILE.pdf FILE.txt"},
    {"%!PS"sv, "a PostScript document", "convert it to text first: ps2ascii FILE.ps FILE.txt"},
    {"{\\rtf"sv, "an RTF document",
     "convert it first: libreoffice --headless --convert-to docx FILE.rtf, or pandoc FILE.rtf -o FILE.md"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an old Office document, or one with a password",
     "save it without password as .docx, or convert it: libreoffice --headless --convert-to docx FILE.doc"},
    {"AT&TFORM"sv, "a DjVu document", "convert it to text first: djvutxt FILE.djvu FILE.txt"},
    {"ITOLITLS"sv, "a book for Microsoft Reader", kBookMend},
    {"TPZ"sv, "a Kindle book (Topaz)", kBookMend},
    {"\x89PNG\r\n\x1a\n"sv, "a PNG picture", kPictureMend},
    {"\xff\xd8\xff"sv, "a JPEG picture", kPictureMend},
    {"GIF8"sv, "a GIF picture", kPictureMend},
    {"\x7f"
     "ELF"sv,
     "a program (ELF)", "submit a text file"},
    {"MZ\x90\0"sv, "a Windows program", "submit a text file"},
    {"\x1f\x8b"sv, "a gzip archive", kUnpackMend},
    {"BZh"sv, "a bzip2 archive", kUnpackMend},
    {"\xfd"
     "7zXZ\0"sv,
     "an xz archive", kUnpackMend},
    {"\x28\xb5\x2f\xfd"sv, "a zstd archive", kUnpackMend},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", kUnpackMend},
    {"Rar!\x1a\x07"sv, "a RAR archive", kUnpackMend},
    {"SQLite format 3\0"sv, "an SQLite database", "export its text and submit that"},
    {"RIFF"sv, "a RIFF file (WAV, AVI or WebP)", kAudioMend},
    {"OggS"sv, "an Ogg recording", kAudioMend},
    {"fLaC"sv, "a FLAC recording", kAudioMend},
    {"ID3"sv, "an MP3 recording", kAudioMend},
};

bool is_text_magic(const Magic& magic) {
  return magic.bytes == "BZh"sv || magic.bytes == "TPZ"sv || magic.bytes == "ID3"sv || magic.bytes == "RIFF"sv;
}

// Of those below 0x20 all but \t \n \v \f \r and 0x1a. Without a branch: see below.
constexpr bool odd_control(unsigned char c) { return (c < 0x20) & ((c < '\t') | (c > '\r')) & (c != 0x1a); }

// In blocks whose count fits a byte: compilers then look at many bytes together.
std::size_t count_controls(std::string_view bytes) {
  std::size_t count = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 255))) {
    unsigned char here = 0;
    for (const char c : bytes.substr(0, 255)) here += odd_control(static_cast<unsigned char>(c)) | (c == 0x7f);
    count += here;
  }
  return count;
}

// Documents that are ZIP archives, by the names of their files.
Magic zip_kind(std::string_view bytes) {
  struct Kind {
    std::string_view holds;
    const char* what;
    const char* mend;
  };
  constexpr Kind kKinds[] = {
      {"application/epub+zip", "an EPUB book", "name it FILE.epub, or give --text-format epub"},
      {"opendocument", "an OpenDocument text", "convert it first: libreoffice --headless --convert-to docx FILE.odt"},
      {"word/", "a Word document (DOCX)", "name it FILE.docx, or give --text-format docx"},
      {"Index/Document.iwa", "a Pages document", "export it from Pages as EPUB, Word or plain text"},
      {"xl/workbook", "an Excel workbook", "export what should be spoken as text"},
      {"ppt/", "a presentation", "export what should be spoken as text"}};
  const auto head = bytes.substr(0, 4096),
             tail = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 65536));
  for (const Kind& kind : kKinds)
    if (head.find(kind.holds) != head.npos || tail.find(kind.holds) != tail.npos) return {"", kind.what, kind.mend};
  return {"", "a ZIP archive (or a document that is one)", kUnpackMend};
}

// What the bytes begin with, when that is no text. Short ASCII magics count only where control bytes follow.
std::optional<Magic> find_magic(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04"sv)) return zip_kind(bytes);
  if (bytes.size() > 68 && bytes.substr(60, 8) == "BOOKMOBI"sv)
    return Magic{"", "a Kindle book (MOBI or AZW3)", kBookMend};
  for (const Magic& magic : kMagic)
    if (bytes.starts_with(magic.bytes) && (!is_text_magic(magic) || count_controls(bytes.substr(0, 512)) > 0))
      return magic;
  return std::nullopt;
}

struct Utf8Check {
  std::size_t valid = 0, invalid = 0;  // multi-byte sequences
  std::size_t first_invalid = 0;       // offset in bytes
};

// Where all is right, the sequences are not counted.
Utf8Check check_utf8(std::string_view text) {
  Utf8Check check;
  if (simdjson::validate_utf8(text)) return check;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::size_t size = text.size();
  for (std::size_t i = 0; i < size;) {
    if (bytes[i] < 0x80) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    UChar32 c;
    U8_NEXT(bytes, i, size, c);
    if (c >= 0) {
      ++check.valid;
    } else if (check.invalid++ == 0) {
      check.first_invalid = start;
    }
  }
  return check;
}

char32_t unit16(std::string_view bytes, std::size_t unit, bool little) {
  const auto a = static_cast<unsigned char>(bytes[2 * unit]), b = static_cast<unsigned char>(bytes[2 * unit + 1]);
  return little ? a | b << 8 : a << 8 | b;
}

// Text in UTF-16 without a mark: spaces, line ends and Latin letters have a zero byte on one side and never on the
// other.
std::optional<std::string> unmarked_utf16(std::string_view bytes) {
  if (bytes.size() < 4 || bytes.size() % 2 != 0) return std::nullopt;
  const std::size_t units = std::min<std::size_t>(bytes.size() / 2, 65536);
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < units; ++i) {
    even += bytes[2 * i] == 0;
    odd += bytes[2 * i + 1] == 0;
  }
  const std::size_t zeros = std::max(even, odd);
  if (zeros == 0 || zeros * 20 < units || std::min(even, odd) * 50 > zeros) return std::nullopt;
  const bool little = odd > even;
  std::size_t odd_ones = 0;  // controls, private use and non-characters: not what texts are made of
  for (std::size_t i = 0; i < units; ++i) {
    const char32_t c = unit16(bytes, i, little);
    odd_ones +=
        (c < 0x20 && odd_control(static_cast<unsigned char>(c))) || c >= 0xfff0 || (c >= 0xe000 && c < 0xf900);
  }
  if (odd_ones * 100 > units) return std::nullopt;
  return little ? "UTF-16LE" : "UTF-16BE";
}

std::size_t line_of(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i)
    line += text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
  return line;
}

// The bytes 0x80 to 0x9f of Windows-1252; 0 where it defines none.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                   0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                                   0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                   0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

std::string from_windows_1252(std::string_view bytes, const std::string& name) {
  std::u32string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char32_t c = static_cast<unsigned char>(bytes[i]);
    if (c >= 0x80 && c < 0xa0) c = kWindows1252[c - 0x80];
    if (c == 0 && bytes[i] != 0)
      throw Fault(
          Exit::bad_input,
          name + ", line " + std::to_string(line_of(bytes, i)) + ": the text is in no encoding that is known here",
          "save it as UTF-8, for example: iconv -f ENCODING -t UTF-8 FILE");
    text.push_back(c);
  }
  return to_utf8(text);
}

std::string from_utf16(std::string_view bytes, bool little, const std::string& name) {
  std::u32string text;
  text.reserve(bytes.size() / 2);
  std::size_t line = 1;
  const auto damaged = [&](const char* what) {
    return Fault(Exit::bad_input, name + ", line " + std::to_string(line) + ": damaged UTF-16 (" + what + ")",
                 "save the file again as UTF-8; a copy of it may have been cut short");
  };
  const std::size_t units = bytes.size() / 2;
  for (std::size_t i = 0; i < units; ++i) {
    char32_t c = unit16(bytes, i, little);
    if (c >= 0xdc00 && c < 0xe000) throw damaged("half a character");
    if (c >= 0xd800 && c < 0xdc00) {
      const char32_t low = i + 1 < units ? unit16(bytes, ++i, little) : 0;
      if (low < 0xdc00 || low >= 0xe000) throw damaged("half a character");
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    line += c == U'\n';
    text.push_back(c);
  }
  if (bytes.size() % 2 != 0) throw damaged("half a character at the end");
  return to_utf8(text);
}

std::size_t mark_length(std::string_view bytes, const std::string& encoding) {
  if (bytes.starts_with("\xef\xbb\xbf")) return encoding == "UTF-8" ? 3 : 0;
  return encoding.starts_with("UTF-16") && (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) ? 2 : 0;
}

void refuse_binary(std::string_view bytes, const std::string& name, bool utf16) {
  if (const auto magic = find_magic(bytes))
    throw Fault(Exit::bad_input, name + ": not a text but " + magic->what, magic->mend);
  if (utf16) return;
  constexpr const char* mend =
      "submit text, Markdown, EPUB, HTML or DOCX; other documents must be converted first (pandoc, libreoffice)";
  if (const auto nul = bytes.find('\0'); nul != bytes.npos)
    throw Fault(Exit::bad_input, name + ": not a text (a NUL byte at offset " + std::to_string(nul) + ")", mend);
  if (const auto controls = count_controls(bytes); controls > 1 + bytes.size() / 500)
    throw Fault(Exit::bad_input, name + ": not a text (" + std::to_string(controls) + " control characters)", mend);
}

}  // namespace

std::string script_encoding(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) return "UTF-8";
  if (bytes.starts_with("\xff\xfe")) return "UTF-16LE";
  if (bytes.starts_with("\xfe\xff")) return "UTF-16BE";
  if (bytes.find('\0') != bytes.npos) return unmarked_utf16(bytes).value_or("binary");
  const Utf8Check check = check_utf8(bytes);
  if (check.invalid == 0 || check.valid > 4 * check.invalid) return "UTF-8";
  const bool beyond_latin1 = std::any_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 && static_cast<unsigned char>(c) < 0xa0;
  });
  return beyond_latin1 ? "windows-1252" : "ISO-8859-1";
}

std::string decode_script(std::string_view bytes, const std::string& name) {
  const std::string encoding = script_encoding(bytes);
  const bool utf16 = encoding.starts_with("UTF-16");
  refuse_binary(bytes, name, utf16);
  const auto body = bytes.substr(mark_length(bytes, encoding));
  std::string text;
  if (utf16) {
    text = from_utf16(body, encoding == "UTF-16LE", name);
    refuse_binary(text, name, false);
  } else if (encoding == "UTF-8") {
    const Utf8Check check = check_utf8(body);
    if (check.invalid > 0)
      throw Fault(Exit::bad_input,
                  name + ", line " + std::to_string(line_of(body, check.first_invalid)) + ": damaged UTF-8 (" +
                      std::to_string(check.invalid) + (check.invalid == 1 ? " place" : " places") + ")",
                  "mend that line, or save the file again as UTF-8; a copy of it may have been cut short");
    text.assign(body);
  } else {
    text = from_windows_1252(body, name);
  }
  if (std::any_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; })) return text;
  for (char32_t c : to_code_points(text))
    if (!is_space(c) && !is_invisible(c)) return text;
  throw Fault(Exit::bad_input, name + (bytes.empty() ? ": the script is empty" : ": the script holds only white space"),
              "submit a file with text in it");
}

}  // namespace lectern::text
