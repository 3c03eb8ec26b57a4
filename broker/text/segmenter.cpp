// script -> document -> sentences -> segments.
#include "broker/text/segmenter.h"

#include <algorithm>

#include "broker/text/block_cutter.h"
#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "broker/text/fragments.h"
#include "broker/text/language.h"
#include "broker/text/markup.h"
#include "broker/text/parts.h"
#include "broker/text/respelling.h"
#include "broker/text/tags.h"
#include "broker/text/utterance.h"
#include "config/fault.h"
#include "config/front_matter.h"

namespace lectern::text {
namespace {

constexpr std::size_t kLeastLimit = 40;

void explain_gaps(const Document& document, Segmentation& result) {
  std::size_t reached = 0;
  for (const Segment& segment : result.segments) {
    explain_gap(document, reached, segment.begin, result.unspoken);
    reached = segment.end;
  }
  explain_gap(document, reached, result.characters, result.unspoken);
}

// What the segments' ranges hold beside what is read: between the characters of a block, and between blocks whose
// segments were joined.
void explain_within(const Document& document, Segmentation& result) {
  std::vector<Range> read = document.reworded;
  for (const Block& block : document.blocks)
    for (const std::uint32_t position : block.source) {
      if (!read.empty() && read.back().end == position)
        ++read.back().end;
      else
        read.push_back({position, position + std::size_t{1}});
    }
  std::stable_sort(read.begin(), read.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  auto next = read.begin();
  for (const Segment& segment : result.segments) {
    while (next != read.end() && next->end <= segment.begin) ++next;
    std::size_t reached = segment.begin;
    for (auto run = next; run != read.end() && run->begin < segment.end; ++run) {  // the last may go on behind it
      explain_gap(document, reached, std::max(reached, run->begin), result.within);
      reached = std::max(reached, run->end);
    }
  }
  std::erase_if(result.within, [](const Unspoken& stretch) { return stretch.reason == "white space"; });
}

// Front matter of that length stands before what was cut.
void shift(Segmentation& result, std::size_t front) {
  if (front == 0) return;
  for (Segment& segment : result.segments) segment.begin += front, segment.end += front;
  for (auto* stretches : {&result.unspoken, &result.within})
    for (Unspoken& stretch : *stretches) stretch.begin += front, stretch.end += front;
  result.unspoken.insert(result.unspoken.begin(), {0, front, "front matter"});
  result.characters += front;
}

void add_segments(const Block& block, std::vector<Piece> pieces, Segmentation& result) {
  if (pieces.empty()) return;
  if (result.segments.empty()) {
    result.leading_pause_s = std::max(block.pause_before_s, 0.0);
  } else {
    result.segments.back().after = std::max(result.segments.back().after, block.before);
    result.segments.back().pause_s = block.pause_before_s;
  }
  if (!block.chapter.empty()) result.chapters.push_back({result.segments.size(), block.chapter});
  for (Piece& piece : pieces) {
    Segment segment;
    segment.begin = block.source[piece.span.begin];
    segment.end = block.source[piece.span.end - 1] + std::size_t{1};
    segment.spoken = std::move(piece.spoken);
    segment.after = piece.ends_sentence ? Break::sentence : Break::clause;
    segment.heading = block.heading;
    segment.voice = block.voice;
    segment.speed = block.speed;
    result.segments.push_back(std::move(segment));
  }
}

// A document whose markup is placed.
Segmentation cut(Document& document, const SegmenterOptions& options) {
  if (options.max_segment_chars < kLeastLimit)
    throw Fault(Exit::bad_input, "max_segment_chars is " + std::to_string(options.max_segment_chars),
                "it must be at least " + std::to_string(kLeastLimit));
  const Language& language = find_language(options.language);
  find_parts(document);
  name_work(document);
  name_chapters(document);
  Segmentation result;
  for (const Block& block : document.blocks)
    if (block.part != ScriptPart::body) result.parts.insert(block.part);
  const bool had_words = !document.blocks.empty();
  leave_out_parts(document, options.reading);
  const Utterances utterances(document, language, options.phonemes, options.max_segment_chars);
  Tags tags(options.tags, options.silent_tags);
  tags.place(document);
  const Respelling respelling(options.lexicon, options.voice, options.language, options.phonemes);
  result.title = document.title;
  result.author = document.author;
  result.characters = document.script.size();
  for (const Block& block : document.blocks) {
    const auto as_spoken = [&](std::u32string_view written) {
      return utterances.restore(tags.restore(respelling.speak(written, block.voice)));
    };
    add_segments(block, cut_block(block, options, language, as_spoken), result);
  }
  if (result.segments.empty())
    throw Fault(Exit::bad_input, "the script holds nothing that can be spoken (no words, no numbers)",
                had_words ? "everything in it is skipped; skip less" : "submit a file with text in it");
  result.segments.back().after = Break::end;
  result.segments.back().pause_s = document.pause_after_s;
  if (options.join_fragments) {
    const auto places = join_fragments(document, options.max_segment_chars, result.segments);
    for (Chapter& chapter : result.chapters) chapter.segment = places[chapter.segment];
  }
  explain_gaps(document, result);
  explain_within(document, result);
  return result;
}

}  // namespace

std::map<std::string, std::size_t> left_out(const Segmentation& cut) {
  constexpr std::string_view kUnsaid[] = {"white space",       "punctuation",      "markup",       "rule",
                                          "list mark",         "a pause",          "front matter", "a change of voice",
                                          "a change of speed", "a speaker's name", "comment"};
  std::map<std::string, std::size_t> sums;
  for (const auto* stretches : {&cut.unspoken, &cut.within})
    for (const Unspoken& stretch : *stretches)
      if (std::find(std::begin(kUnsaid), std::end(kUnsaid), stretch.reason) == std::end(kUnsaid))
        sums[stretch.reason] += stretch.end - stretch.begin;
  return sums;
}

Segmentation segment_script(std::string_view script, const SegmenterOptions& options) {
  const bool markdown = options.format == Format::markdown;
  const std::size_t front_bytes = front_matter_bytes(script);
  const std::string_view front = script.substr(0, front_bytes);
  const std::u32string text = to_code_points(script.substr(front_bytes));
  std::vector<Range> code;
  if (markdown && may_have_markup(script)) code = read_markdown(text).code;
  const auto lines = to_code_points(front);
  const Markup markup(text, options.cast, code, place_of(lines, lines.size()).line);
  Document document = markdown ? read_markdown(markup.readable()) : read_plain(markup.readable(), options.language);
  markup.place(document);
  Segmentation result = cut(document, options);
  shift(result, count_code_points(front));
  return result;
}

Segmentation segment_extracted(Extracted extracted, const SegmenterOptions& options) {
  extracted.document.script = extracted.text;
  if (options.format != Format::ssml) {
    Markup(extracted.text, options.cast, {}).place(extracted.document);
  } else {
    for (Block& block : extracted.document.blocks)  // a voice may be a speaker of the cast
      if (const auto speaker = options.cast.find(block.voice); speaker != options.cast.end())
        block.voice = speaker->second == "narrator" ? "" : speaker->second;
  }
  drop_silent_blocks(extracted.document);
  return cut(extracted.document, options);
}

}  // namespace lectern::text
