#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string utf16(const std::string& utf8, bool little, bool mark) {
  std::string bytes = !mark ? "" : little ? "\xff\xfe" : "\xfe\xff";
  for (char32_t c : to_code_points(utf8)) {
    const auto unit = [&](unsigned u) {
      const char low = static_cast<char>(u & 0xff), high = static_cast<char>(u >> 8);
      bytes += little ? low : high;
      bytes += little ? high : low;
    };
    if (c > 0xffff) {
      unit(0xd800 + ((c - 0x10000) >> 10));
      unit(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      unit(c);
    }
  }
  return bytes;
}

std::string refusal(const std::string& bytes) {
  try {
    decode_script(bytes, "talk.txt");
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    EXPECT_FALSE(fault.hint().empty());
    EXPECT_THAT(fault.what(), HasSubstr("talk.txt"));
    return std::string(fault.what()) + " | " + fault.hint();
  }
  return "accepted";
}

TEST(Encoding, RefusesWhatIsNoTextAndNamesIt) {
  EXPECT_THAT(refusal("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), HasSubstr("PDF"));
  EXPECT_THAT(refusal("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), HasSubstr("pdftotext"));
  EXPECT_THAT(refusal("PK\x03\x04\x14\0\0\0mimetypeapplication/epub+zip"s), HasSubstr("EPUB"));
  EXPECT_THAT(refusal("PK\x03\x04\x14\0\0\0word/document.xml"s), HasSubstr("DOCX"));
  EXPECT_THAT(refusal("PK\x03\x04\x14\0\0\0"s), HasSubstr("ZIP"));
  EXPECT_THAT(refusal("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s), HasSubstr("PNG"));
  EXPECT_THAT(refusal("\x7f"
                      "ELF\x02\x01\x01\0\0"s),
              HasSubstr("ELF"));
  EXPECT_THAT(refusal("\xff\xd8\xff\xe0\0\x10JFIF"s), HasSubstr("JPEG"));
  EXPECT_THAT(refusal("{\\rtf1\\ansi hello}"), HasSubstr("RTF"));
  EXPECT_THAT(refusal("fLaC\0\0\0\x22"s), HasSubstr("FLAC"));
  EXPECT_THAT(refusal("RIFF\x24\x08\0\0WAVEfmt "s), HasSubstr("WAV"));
}

TEST(Encoding, RefusesNulBytesAndControlCharacters) {
  EXPECT_THAT(refusal("some\0text that has one NUL byte"s), HasSubstr("NUL byte at offset 4"));
  EXPECT_THAT(refusal("a\x01\x02\x03\x04\x05\x06\x07\x08"), HasSubstr("control characters"));
}

TEST(Encoding, RefusesEmptyAndBlankScripts) {
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("\xef\xbb\xbf"), HasSubstr("white space"));
  EXPECT_THAT(refusal(" \r\n\t\n\xc2\xa0\n"), HasSubstr("white space"));
  EXPECT_THAT(refusal(utf16(" \n \n", true, true)), HasSubstr("white space"));
}

TEST(Encoding, NamesTheLineOfDamagedUtf8) {
  EXPECT_THAT(refusal("caf\xc3\xa9 \xe2\x80\x9cyes\xe2\x80\x9d\nna\xc3\xafve \xc3\xa9t\xc3\xa9\nbad \xc3 here\n"),
              HasSubstr("line 3: damaged UTF-8"));
  EXPECT_THAT(refusal("caf\xc3\xa9 \xe2\x80\x9cyes\xe2\x80\x9d\r\nna\xc3\xafve \xc3\xa9t\xc3\xa9\r\ncut \xe2\x80"),
              HasSubstr("line 3: damaged UTF-8"));
  EXPECT_THAT(refusal("\xef\xbb\xbf"
                      "with a mark \xff"),
              HasSubstr("line 1: damaged UTF-8"));
}

TEST(Encoding, NamesTheLineOfDamagedUtf16) {
  EXPECT_THAT(refusal("\xff\xfeh\0i\0\n\0\x00\xdc"s), HasSubstr("line 2: damaged UTF-16"));
  EXPECT_THAT(refusal(utf16("hello", true, true) + "x"), HasSubstr("at the end"));
}

TEST(Encoding, ReadsUtf8WithAndWithoutMark) {
  EXPECT_EQ(decode_script("caf\xc3\xa9", "x"), "café");
  EXPECT_EQ(decode_script("\xef\xbb\xbf"
                          "caf\xc3\xa9",
                          "x"),
            "café");
  EXPECT_EQ(script_encoding("plain"), "UTF-8");
}

TEST(Encoding, ReadsUtf16WithAndWithoutMark) {
  const std::string text = "“Oh dear!” said the 🐇, and ran.\r\nIt was late.";
  for (bool little : {true, false})
    for (bool mark : {true, false}) {
      const std::string bytes = utf16(text, little, mark);
      EXPECT_EQ(script_encoding(bytes), little ? "UTF-16LE" : "UTF-16BE");
      EXPECT_EQ(decode_script(bytes, "x"), text);
    }
  const std::string hindi = "यह एक छोटी कहानी है। इसमें एक खरगोश है।\nवह देर से आया।";
  EXPECT_EQ(decode_script(utf16(hindi, true, false), "x"), hindi);
}

TEST(Encoding, ReadsWindows1252AndLatin1) {
  EXPECT_EQ(decode_script("\x93"
                          "caf\xe9\x94 \x80"
                          "5 \x97 yes",
                          "x"),
            "“café” €5 — yes");
  EXPECT_EQ(script_encoding("\x93yes\x94"), "windows-1252");
  EXPECT_EQ(script_encoding("caf\xe9"), "ISO-8859-1");
  EXPECT_THAT(refusal("one\ntwo \x81\x9d here"), HasSubstr("line 2"));
}

TEST(Encoding, KeepsLineEndsAsTheyAre) { EXPECT_EQ(decode_script("a\r\nb\rc\n", "x"), "a\r\nb\rc\n"); }

}  // namespace
}  // namespace lectern::text
