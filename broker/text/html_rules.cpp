#include "broker/text/html_rules.h"

#include <algorithm>
#include <array>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

struct Rule {
  std::string_view name;
  Element element;
  const char* reason = "";
};

constexpr Rule kRules[] = {
    {"address", Element::block},    {"article", Element::block},   {"aside", Element::block},
    {"blockquote", Element::block}, {"body", Element::block},      {"caption", Element::block},
    {"center", Element::block},     {"dd", Element::block},        {"details", Element::block},
    {"div", Element::block},        {"dl", Element::block},        {"dt", Element::block},
    {"fieldset", Element::block},   {"figcaption", Element::block}, {"figure", Element::block},
    {"footer", Element::block},     {"form", Element::block},      {"header", Element::block},
    {"hgroup", Element::block},     {"html", Element::block},      {"legend", Element::block},
    {"main", Element::block},       {"menu", Element::block},      {"nav", Element::block},
    {"ol", Element::block},         {"p", Element::block},         {"section", Element::block},
    {"summary", Element::block},    {"table", Element::block},     {"ul", Element::block},
    {"tbody", Element::block},      {"thead", Element::block},     {"tfoot", Element::block},
    {"h1", Element::heading},       {"h2", Element::heading},      {"h3", Element::heading},
    {"h4", Element::heading},       {"h5", Element::heading},      {"h6", Element::heading},
    {"li", Element::item},          {"tr", Element::row},          {"td", Element::cell},
    {"th", Element::cell},          {"br", Element::line},         {"hr", Element::rule},
    {"img", Element::picture},      {"image", Element::picture},   {"pre", Element::preformatted},
    {"listing", Element::preformatted},
    {"button", Element::kept, "form"},      {"select", Element::kept, "form"}, {"textarea", Element::kept, "form"},
    {"datalist", Element::kept, "form"},    {"del", Element::kept, "deleted"}, {"math", Element::kept, "formula"},
    {"audio", Element::nothing},    {"canvas", Element::nothing},  {"embed", Element::nothing},
    {"head", Element::nothing},     {"iframe", Element::nothing},  {"map", Element::nothing},
    {"noscript", Element::nothing}, {"object", Element::nothing},  {"rp", Element::nothing},
    {"rt", Element::nothing},       {"script", Element::nothing},  {"style", Element::nothing},
    {"svg", Element::nothing},      {"template", Element::nothing}, {"video", Element::nothing},
    {"title", Element::nothing},    {"meta", Element::nothing},    {"link", Element::nothing}};

const Rule* rule_of(std::string_view name) {
  const auto found = std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& r) { return r.name == name; });
  return found == std::end(kRules) ? nullptr : &*found;
}

// Whether one of the words of an attribute ("toc doc-toc") is one of `words`.
template <std::size_t N>
bool says(const std::string& attribute, const std::array<std::string_view, N>& words) {
  for (std::size_t begin = 0; begin < attribute.size();) {
    const std::size_t end = std::min(attribute.find_first_of(" \t\r\n", begin), attribute.size());
    std::string_view word(attribute.data() + begin, end - begin);
    if (word.starts_with("doc-")) word.remove_prefix(4);
    if (std::find(words.begin(), words.end(), word) != words.end()) return true;
    begin = end + 1;
  }
  return false;
}

using Words = std::array<std::string_view, 7>;
constexpr Words kNotes = {"footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes", "notes"};
constexpr Words kContents = {"toc", "loi", "lot", "table-of-contents", "toc-brief", "lof", "contents-page"};
constexpr Words kBoilerplate = {"copyright-page", "imprint", "colophon", "imprimatur", "pg-boilerplate", "pgheader",
                                "pgfooter"};
constexpr std::array<std::string_view, 3> kMarks = {"noteref", "pagebreak", "pagenum"};
constexpr std::array<std::string_view, 5> kMarkClasses = {"noteref", "footnote-ref", "footnoteref", "pagenum", "pageno"};

// What the element says of its meaning.
std::string meaning(const xmlNode* node) { return attribute(node, "epub:type") + " " + attribute(node, "role"); }

bool is_hidden(const xmlNode* node) {
  if (xmlHasProp(const_cast<xmlNode*>(node), reinterpret_cast<const xmlChar*>("hidden"))) return true;
  if (attribute(node, "aria-hidden") == "true") return true;
  std::string style = attribute(node, "style");
  std::erase_if(style, [](unsigned char c) { return c <= ' '; });
  return style.find("display:none") != style.npos || style.find("visibility:hidden") != style.npos;
}

bool holds(const xmlNode* node, std::string_view name) {
  for (const xmlNode* child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE && (name_of(child) == name || holds(child, name))) return true;
  return false;
}

// "12", "[3]", "*", "†": all that a link to a note says.
bool is_note_number(const std::string& text) {
  std::size_t figures = 0, others = 0;
  for (const char32_t c : to_code_points(text)) {
    if (is_space(c) || c == U'[' || c == U']' || c == U'(' || c == U')') continue;
    if (is_digit(c) || c == U'*' || c == U'†' || c == U'‡' || c == U'§') ++figures;
    else ++others;
  }
  return figures > 0 && figures <= 4 && others == 0;
}

}  // namespace

Element element_of(const xmlNode* node) { return element_named(name_of(node)); }

Element element_named(std::string_view name) {
  const Rule* rule = rule_of(name);
  return rule ? rule->element : Element::inside;
}

bool is_void(std::string_view name) {
  constexpr std::string_view kVoid[] = {"area",  "base", "br",   "col",   "embed",  "hr",    "img",
                                        "input", "link", "meta", "param", "source", "track", "wbr"};
  return std::find(std::begin(kVoid), std::end(kVoid), name) != std::end(kVoid);
}

int heading_level(const xmlNode* node) { return name_of(node)[1] - '0'; }

std::string left_out_reason(const xmlNode* node) {
  if (is_hidden(node)) return "hidden";
  const Rule* rule = rule_of(name_of(node));
  if (!rule) return {};
  if (rule->name == "nav" && part_of(node) != ScriptPart::contents) return "navigation";
  return rule->element == Element::kept ? rule->reason : "";
}

ScriptPart part_of(const xmlNode* node) {
  const Element element = element_of(node);
  if (element == Element::inside || element == Element::nothing) return ScriptPart::body;
  const std::string type = meaning(node), style = attribute(node, "class");
  if (says(type, kNotes) || says(style, kNotes)) return ScriptPart::footnotes;
  if (says(type, kContents)) return ScriptPart::contents;
  return says(type, kBoilerplate) || says(style, kBoilerplate) ? ScriptPart::boilerplate : ScriptPart::body;
}

bool is_reference_mark(const xmlNode* node) {
  if (says(meaning(node), kMarks)) return true;
  if (element_of(node) != Element::inside) return false;
  if (says(attribute(node, "class"), kMarkClasses)) return true;
  const auto name = name_of(node);
  const bool raised = name == "sup" ? holds(node, "a") : name == "a" && holds(node, "sup");
  return raised && is_note_number(content_of(node));
}

bool is_code(const xmlNode* preformatted) {
  return holds(preformatted, "code") || holds(preformatted, "kbd") || holds(preformatted, "samp") ||
         attribute(preformatted, "class").find("code") != std::string::npos;
}

std::string_view name_of(const xmlNode* node) { return reinterpret_cast<const char*>(node->name); }

std::string attribute(const xmlNode* node, const char* name) {
  xmlChar* value = xmlGetProp(const_cast<xmlNode*>(node), reinterpret_cast<const xmlChar*>(name));
  if (!value) return {};
  std::string text = reinterpret_cast<const char*>(value);
  xmlFree(value);
  return text;
}

std::string content_of(const xmlNode* node) {
  xmlChar* content = xmlNodeGetContent(const_cast<xmlNode*>(node));
  if (!content) return {};
  std::string text = reinterpret_cast<const char*>(content);
  xmlFree(content);
  return text;
}

}  // namespace lectern::text
