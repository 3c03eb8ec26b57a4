#include "broker/text/docx_package.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

// The value of a child element: <w:pStyle w:val="Heading1"/>.
std::string value_of(pugi::xml_node parent, std::string_view name) { return attribute(child(parent, name), "val"); }

std::string main_part(const ZipArchive& archive) {
  if (const std::string* relations = archive.find("_rels/.rels")) {
    const Xml xml(*relations, "_rels/.rels");
    for (const pugi::xml_node relation : xml.root().children())
      if (attribute(relation, "Type").ends_with("/officeDocument"))
        if (const auto file = resolve_reference("", attribute(relation, "Target")); file && archive.find(*file))
          return *file;
  }
  return "word/document.xml";
}

// "heading 2" -> a heading of level 2, and so on.
ParagraphStyle style_named(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  std::erase(name, ' ');
  if (name == "title") return {ParagraphKind::title, 0, {}, 0};
  if (name.starts_with("toc") && (name == "tocheading" || (name.size() == 4 && name[3] >= '1' && name[3] <= '9')))
    return {ParagraphKind::contents, 0, {}, 0};
  if (name.size() == 8 && name.starts_with("heading") && name[7] >= '1' && name[7] <= '9')
    return {ParagraphKind::heading, name[7] - '0', {}, 0};
  return {};
}

}  // namespace

DocxPackage::DocxPackage(const ZipArchive& archive) : archive_(archive) {
  const std::string main = main_part(archive);
  folder_ = main.substr(0, main.rfind('/') + 1);
  document_ = part(main);
  if (!document_ || !child(document_->root(), "body"))
    throw Fault(Exit::bad_input, "it is no Word document (" + main + " is missing or holds no text)",
                "save it as .docx in the program that made it");
  read_styles();
  read_numbering();
  footnotes_ = read_notes(folder_ + "footnotes.xml", "footnote");
  endnotes_ = read_notes(folder_ + "endnotes.xml", "endnote");
  read_facts();
}

pugi::xml_node DocxPackage::body() const { return child(document_->root(), "body"); }

const Xml* DocxPackage::part(const std::string& name) {
  const std::string* bytes = archive_.find(name);
  return bytes ? parts_.emplace_back(std::make_unique<Xml>(*bytes, name)).get() : nullptr;
}

void DocxPackage::read_styles() {
  const Xml* xml = part(folder_ + "styles.xml");
  if (!xml) return;
  std::map<std::string, std::string> based;
  for (const pugi::xml_node node : xml->root().children()) {
    if (name_of(node) != "style") continue;
    const std::string id = attribute(node, "styleId");
    ParagraphStyle style = style_named(value_of(node, "name"));
    const pugi::xml_node settings = child(node, "pPr");
    if (const std::string level = value_of(settings, "outlineLvl");
        style.kind == ParagraphKind::text && level.size() == 1 && level[0] < '9')
      style = {ParagraphKind::heading, level[0] - '0' + 1, {}, 0};
    style.numbering = value_of(child(settings, "numPr"), "numId");
    style.indent = std::strtoul(value_of(child(settings, "numPr"), "ilvl").c_str(), nullptr, 10);
    styles_[id] = style;
    based[id] = value_of(node, "basedOn");
  }
  for (auto& [id, style] : styles_) {  // "My Heading" is based on "heading 1"
    std::set<std::string> seen;
    for (std::string base = based[id]; style.kind == ParagraphKind::text && !base.empty() && seen.insert(base).second;
         base = based[base])
      if (const auto found = styles_.find(base); found != styles_.end()) {
        style.kind = found->second.kind;
        style.level = found->second.level;
      }
  }
}

ParagraphStyle DocxPackage::style(const std::string& id) const {
  const auto found = styles_.find(id);
  return found != styles_.end() ? found->second : style_named(id);
}

void DocxPackage::read_numbering() {
  const Xml* xml = part(folder_ + "numbering.xml");
  if (!xml) return;
  std::map<std::string, List> kinds;
  for (const pugi::xml_node node : xml->root().children()) {
    if (name_of(node) == "abstractNum") {
      List& list = kinds[attribute(node, "abstractNumId")];
      for (const pugi::xml_node level : node.children()) {
        if (name_of(level) != "lvl" || value_of(level, "numFmt") != "decimal") continue;
        const std::string start = value_of(level, "start");
        list.start[std::strtoul(attribute(level, "ilvl").c_str(), nullptr, 10)] =
            start.empty() ? 1 : std::strtol(start.c_str(), nullptr, 10);
      }
    } else if (name_of(node) == "num") {
      lists_[attribute(node, "numId")] = kinds[value_of(node, "abstractNumId")];
    }
  }
}

std::string DocxPackage::next_number(const std::string& numbering, std::size_t indent) {
  const auto found = lists_.find(numbering);
  if (found == lists_.end()) return {};
  List& list = found->second;
  list.next.erase(list.next.upper_bound(indent), list.next.end());  // what is below begins anew
  const auto start = list.start.find(indent);
  if (start == list.start.end()) return {};
  const long number = list.next.emplace(indent, start->second).first->second++;
  return std::to_string(number) + ". ";
}

DocxPackage::Notes DocxPackage::read_notes(const std::string& name, std::string_view element) {
  Notes notes;
  const Xml* xml = part(name);
  if (!xml) return notes;
  for (const pugi::xml_node node : xml->root().children())
    if (name_of(node) == element) notes.emplace(attribute(node, "id"), node);
  return notes;
}

pugi::xml_node DocxPackage::find(const Notes& notes, const std::string& id) {
  const auto found = notes.find(id);
  return found == notes.end() ? pugi::xml_node() : found->second;
}

void DocxPackage::read_facts() {
  const Xml* xml = part("docProps/core.xml");
  if (!xml) return;
  title = one_line(text_of(child(xml->root(), "title")));
  author = one_line(text_of(child(xml->root(), "creator")));
}

}  // namespace lectern::text
