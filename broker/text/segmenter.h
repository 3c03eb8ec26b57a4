// script -> segments: the front door of broker/text.
//
// Pure functions of their arguments; safe on any thread. Positions are counted in Unicode code points of the decoded
// script (line ends as they stand in the file, byte-order mark not counted), half open: [begin, end).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/lexicon.h"
#include "config/reading.h"

namespace lectern::text {

// What a reader hears after a segment. `clause`: inside a sentence that was too long for one segment.
enum class Break { clause, sentence, paragraph, section, chapter, end };
inline constexpr const char* kBreakNames[] = {"clause", "sentence", "paragraph", "section", "chapter", "end"};

struct Segment {
  std::size_t begin = 0, end = 0;  // the range of the script that it speaks
  std::string spoken;              // UTF-8: what the model is given; never empty, never longer than the limit
  Break after = Break::sentence;
  bool heading = false;
  std::string voice = {};  // who speaks it, as the script or its cast says; empty: the job's voice
  double pause_s = -1;     // the pause after it in seconds; negative: what `after` stands for
  double speed = 1;        // a factor on the job's speed
};

// A chapter begins with that segment. What stands before the first one belongs to none.
struct Chapter {
  std::size_t segment = 0;
  std::string title;  // as it is written
};

// A stretch of the script that no segment speaks, and why ("white space", "rule", "markup", "image", ...).
struct Unspoken {
  std::size_t begin = 0, end = 0;
  std::string reason;
};

struct Segmentation {
  std::vector<Segment> segments;   // in order, ranges disjoint and ascending
  std::vector<Unspoken> unspoken;  // together with the segments' ranges this covers [0, characters) exactly
  std::vector<Unspoken> within = {};  // what lies inside of a segment's range and is not heard, white space aside
  std::size_t characters = 0;      // code points in the script
  double leading_pause_s = 0;      // silence before the first segment, as the script asks
  std::string title = {}, author = {};  // that the script itself says; empty: nothing
  std::vector<Chapter> chapters = {};   // ascending; empty: the script has none
  std::set<ScriptPart> parts = {};            // that it has beside its body, whether they are read or not
};

// Characters that hold words and are not spoken, by reason: all but white space, punctuation, markup and the like.
std::map<std::string, std::size_t> left_out(const Segmentation& cut);

// plain, markdown: read as they are. The others are documents that hold text: it is extracted first, and positions count
// the characters of the extracted text, which depends on nothing but the document's bytes.
enum class Format { plain, markdown, html, epub, docx, srt, ssml };

struct SegmenterOptions {
  Format format = Format::plain;
  std::string language = "en-us";             // of the voice: en-us, en-gb, es, fr, hi, it, pt-br
  std::size_t max_segment_chars = 300;        // code points of Segment::spoken; the model's limit, at least 40
  std::vector<std::string> tags = {};         // that the model speaks ("[laugh]"): they stay in Segment::spoken
  std::vector<std::string> silent_tags = {};  // that only other models speak: they are left out
  Lexicon lexicon = {};                       // how words are spoken
  std::string voice = {};                     // the job's, for entries of one voice
  bool phonemes = false;                      // the model speaks "[word](/ipa/)" in Segment::spoken as transcribed
  std::map<std::string, std::string> cast = {};  // speaker -> voice; empty: a line "Anna: ..." is ordinary text
  ReadingSettings reading = {};                  // what of the script is not read
  bool join_fragments = false;  // one to three words alone in their paragraph are spoken together with a neighbour
};

// Raw bytes of a script to UTF-8: UTF-8 with or without byte-order mark, UTF-16 (LE, BE; with or without mark), else
// Windows-1252. Throws Fault(bad_input) for binary content and for empty or white-space-only scripts; `name` is the
// script's name for the message.
std::string decode_script(std::string_view bytes, const std::string& name);

// The name of the encoding that decode_script() finds ("UTF-8", "UTF-16LE", "windows-1252", ...).
std::string script_encoding(std::string_view bytes);

// The format of that name in protocol and store ("plain", "epub", ...; config/script_format.h). Throws Fault(bad_input).
Format find_format(const std::string& name);

// The text of a script that positions count in, UTF-8: what decode_script() gives, or what the document holds. The same
// for the same bytes, always. Throws Fault(bad_input) as decode_script() does, and for documents that are damaged,
// encrypted or larger than is sensible, naming what is wrong.
std::string script_text(std::string_view bytes, const std::string& name, Format format);

// Cuts the bytes of a script. Throws as script_text() and segment_script() do; every message names the script.
Segmentation segment_file(std::string_view bytes, const std::string& name, const SegmenterOptions& options);

// The title that a decoded plain or Markdown script gives itself, found without cutting it (the header of Project
// Gutenberg); empty: none.
std::string title_of(std::string_view script);

// Cuts a decoded plain or Markdown script. Throws Fault(bad_input) when nothing in it can be spoken, when its markup says
// nothing sensible (with line and column), and when it has lines of speakers that the cast lacks, naming all of them.
Segmentation segment_script(std::string_view script, const SegmenterOptions& options);

// How a reader would say it: numbers, money, dates, times, ordinals, units, Roman numerals, abbreviations written out.
std::string normalise(std::string_view sentence, const std::string& language);

}  // namespace lectern::text
