#include "broker/text/html.h"

#include <libxml/HTMLparser.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "broker/text/html_rules.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

using Parser = std::unique_ptr<htmlParserCtxt, decltype(&htmlFreeParserCtxt)>;
using Page = std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)>;

// XHTML's CDATA sections, which HTML does not know, as ordinary text.
std::string without_cdata(std::string_view html) {
  constexpr std::string_view kOpening = "<![CDATA[", kClosing = "]]>";
  std::string plain;
  for (std::size_t at = 0;;) {
    const std::size_t begin = html.find(kOpening, at);
    plain += html.substr(at, begin - at);
    if (begin == html.npos) return plain;
    const std::size_t end = std::min(html.find(kClosing, begin), html.size());
    for (const char c : html.substr(begin + kOpening.size(), end - begin - kOpening.size()))
      plain += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
    at = std::min(end + kClosing.size(), html.size());
  }
}

Page parse(std::string_view html) {
  static const bool ready = (xmlInitParser(), true);
  (void)ready;
  const std::string plain = without_cdata(html);
  const Parser parser(htmlNewParserCtxt(), &htmlFreeParserCtxt);
  if (!parser) throw Fault(Exit::no_space, "not enough memory to read HTML", "");
  Page page(htmlCtxtReadMemory(
                parser.get(), plain.data(), static_cast<int>(plain.size()), nullptr, "UTF-8",
                HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_COMPACT),
            &xmlFreeDoc);
  const xmlError* error = xmlCtxtGetLastError(parser.get());
  if (!page || parser->disableSAX)
    throw Fault(Exit::bad_input,
                "line " + std::to_string(error ? error->line : 1) + ": the HTML cannot be read: " +
                    one_line(error && error->message ? error->message : "no page in it"),
                "it is damaged, or nested deeper than any text is");
  return page;
}

// Walks a page in the order of reading. The parser bounds its depth.
class HtmlReader {
 public:
  HtmlReader(const std::string& file, Extraction& into) : file_(file), into_(into) {}

  HtmlFacts read(const xmlDoc* page) {
    if (!file_.empty()) into_.anchor(file_);
    into_.begin_block();
    for (const xmlNode* node = page->children; node; node = node->next) visit(node);
    into_.begin_block();
    return std::move(facts_);
  }

 private:
  void visit(const xmlNode* node) {
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE || node->type == XML_ENTITY_REF_NODE)
      return text(content_of(node));
    if (node->type != XML_ELEMENT_NODE) return;
    if (!file_.empty())
      for (const char* name : {"id", "name"})
        if (const std::string id = attribute(node, name); !id.empty()) into_.anchor(file_ + "#" + id);
    if (is_reference_mark(node)) return;
    if (const std::string reason = left_out_reason(node); !reason.empty())
      return into_.leave_out(content_of(node), reason);
    const ScriptPart part = part_of(node);
    if (part == ScriptPart::body) return element(node);
    into_.begin_block();
    const ScriptPart around = std::exchange(into_.part, part);
    element(node);
    into_.begin_block();
    into_.part = around;
  }

  void children(const xmlNode* node) {
    for (const xmlNode* child = node->children; child; child = child->next) visit(child);
  }

  void element(const xmlNode* node) {
    switch (element_of(node)) {
      case Element::inside:
        return children(node);
      case Element::nothing:
        return read_head(node);
      case Element::line:
        return end_line();
      case Element::rule:
        return into_.begin_block(Break::section);
      case Element::picture:
        return into_.leave_out(attribute(node, "alt"), "image");
      case Element::preformatted:
        return preformatted(node);
      case Element::heading:
        into_.begin_heading(heading_level(node));
        break;
      case Element::cell:
        into_.end_cell();
        return children(node);
      case Element::item:
        into_.begin_block();
        number_ = number_of(node);
        break;
      default:
        into_.begin_block();
    }
    ended_line_ = false;
    children(node);
    into_.begin_block();
    number_.clear();
  }

  void text(const std::string& utf8) {
    const std::u32string text = to_code_points(utf8);
    if (trim(text).empty()) {
      into_.text(text);
      return;
    }
    ended_line_ = false;
    if (!number_.empty()) into_.text(std::exchange(number_, {}));
    into_.text(text);
  }

  // Two forced line ends in a row part paragraphs.
  void end_line() {
    if (std::exchange(ended_line_, true)) return into_.begin_block();
    into_.end_line();
  }

  void preformatted(const xmlNode* node) {
    into_.begin_block();
    const std::string content = content_of(node);
    if (is_code(node)) {
      into_.leave_out(content, "code block");
      return;
    }
    for (std::size_t begin = 0; begin < content.size();) {
      const std::size_t end = std::min(content.find('\n', begin), content.size());
      const std::string line = content.substr(begin, end - begin);
      if (line.find_first_not_of(" \t\r") == line.npos) into_.begin_block();
      into_.text(line);
      into_.end_line();
      begin = end + 1;
    }
    into_.begin_block();
  }

  // What an ordered list shows before the item.
  std::string number_of(const xmlNode* item) {
    const xmlNode* list = item->parent;
    if (!list || name_of(list) != "ol") return {};
    const auto number = [](const std::string& digits, long otherwise) {
      char* end = nullptr;
      const long value = std::strtol(digits.c_str(), &end, 10);
      return digits.empty() || *end != '\0' || std::abs(value) > 999'999'999 ? otherwise : value;
    };
    long& next = next_number_.emplace(list, number(attribute(list, "start"), 1)).first->second;
    const long counted = number(attribute(item, "value"), next);
    next = counted + 1;
    return std::to_string(counted) + ". ";
  }

  void read_head(const xmlNode* node) {
    if (name_of(node) != "head") return;
    for (const xmlNode* child = node->children; child; child = child->next) {
      if (child->type != XML_ELEMENT_NODE) continue;
      if (name_of(child) == "title" && facts_.title.empty()) facts_.title = one_line(content_of(child));
      if (name_of(child) == "meta" && attribute(child, "name") == "author")
        facts_.author = one_line(attribute(child, "content"));
    }
  }

  const std::string file_;
  Extraction& into_;
  HtmlFacts facts_;
  std::string number_;                          // of an item, not yet in the text
  std::map<const xmlNode*, long> next_number_;  // of each ordered list
  bool ended_line_ = false;
};

}  // namespace

HtmlFacts read_html(std::string_view html, const std::string& file, Extraction& into) {
  return HtmlReader(file, into).read(parse(html).get());
}

Extracted extract_html(std::string_view html) {
  Extraction extraction;
  HtmlFacts facts = read_html(html, "", extraction);
  extraction.title = std::move(facts.title);
  extraction.author = std::move(facts.author);
  return std::move(extraction).finish();
}

}  // namespace lectern::text
