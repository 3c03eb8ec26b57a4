// Word's documents -> their text.
#include <cstdlib>
#include <utility>
#include <vector>

#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "broker/text/docx_package.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

// Whether <w:vanish/> and the like are there and not switched off.
bool is_set(pugi::xml_node settings, std::string_view name) {
  const pugi::xml_node found = child(settings, name);
  const std::string value = attribute(found, "val");
  return found && value != "0" && value != "false" && value != "off";
}

class DocxReader {
 public:
  explicit DocxReader(const ZipArchive& archive) : package_(archive) {}

  Extracted read() {
    blocks(package_.body());
    into_.begin_block();
    for (const std::string& id : std::exchange(endnotes_, {})) note(package_.endnote(id));
    into_.title = package_.title;
    into_.author = package_.author;
    return std::move(into_).finish();
  }

 private:
  // Paragraphs and tables, also those inside of content controls.
  void blocks(pugi::xml_node parent) {
    for (const pugi::xml_node node : parent.children()) {
      const auto name = name_of(node);
      if (name == "p")
        paragraph(node);
      else if (name == "tbl")
        table(node);
      else if (name == "sdt")
        blocks(child(node, "sdtContent"));
      else if (name == "customXml" || name == "ins" || name == "moveTo" || name == "smartTag")
        blocks(node);
      else if (name == "del" || name == "moveFrom")
        into_.leave_out(text_of(node), "deleted");
      else if (name == "AlternateContent")
        blocks(child(node, "Choice"));
    }
  }

  void paragraph(pugi::xml_node node) {
    const pugi::xml_node settings = child(node, "pPr");
    ParagraphStyle style = package_.style(attribute(child(settings, "pStyle"), "val"));
    if (const std::string level = attribute(child(settings, "outlineLvl"), "val");
        style.kind == ParagraphKind::text && level.size() == 1 && level[0] >= '0' && level[0] < '9')
      style = {ParagraphKind::heading, level[0] - '0' + 1, style.numbering, style.indent};
    const ScriptPart around = into_.part;
    if (style.kind == ParagraphKind::heading)
      into_.begin_heading(style.level);
    else
      into_.begin_block(style.kind == ParagraphKind::title ? Break::chapter : Break::paragraph,
                        style.kind == ParagraphKind::title);
    if (style.kind == ParagraphKind::contents) into_.part = ScriptPart::contents;
    number_ = item_number(settings, style);
    inside(node);
    number_.clear();
    into_.begin_block();
    into_.part = around;
    finish_paragraph();
  }

  // Text boxes and footnotes come behind the paragraph that holds them.
  void finish_paragraph() {
    for (const pugi::xml_node box : std::exchange(boxes_, {})) blocks(box);
    for (const std::string& id : std::exchange(footnotes_, {})) note(package_.footnote(id));
  }

  std::string item_number(pugi::xml_node settings, const ParagraphStyle& style) {
    const pugi::xml_node own = child(settings, "numPr");
    const std::string list = own ? attribute(child(own, "numId"), "val") : style.numbering;
    if (list.empty() || list == "0") return {};
    const std::string indent = attribute(child(own, "ilvl"), "val");
    return package_.next_number(list, indent.empty() ? style.indent : std::strtoul(indent.c_str(), nullptr, 10));
  }

  void note(pugi::xml_node node) {
    if (!node || in_note_) return;
    in_note_ = true;
    into_.begin_block();
    const ScriptPart around = std::exchange(into_.part, ScriptPart::footnotes);
    blocks(node);
    into_.begin_block();
    into_.part = around;
    in_note_ = false;
  }

  // Each row is a paragraph.
  void table(pugi::xml_node node) {
    for (const pugi::xml_node row : node.children()) {
      if (name_of(row) == "sdt") table(child(row, "sdtContent"));
      if (name_of(row) != "tr") continue;
      into_.begin_block();
      cells(row);
      into_.begin_block();
      finish_paragraph();
    }
  }

  void cells(pugi::xml_node row) {
    for (const pugi::xml_node cell : row.children()) {
      if (name_of(cell) == "sdt") cells(child(cell, "sdtContent"));
      if (name_of(cell) != "tc") continue;
      into_.end_cell();
      in_cell(cell);
    }
  }

  void in_cell(pugi::xml_node parent) {
    for (const pugi::xml_node node : parent.children()) {
      const auto name = name_of(node);
      if (name == "p") {
        into_.text(" ");
        inside(node);
      } else if (name == "tbl" || name == "tr" || name == "tc" || name == "sdt" || name == "sdtContent") {
        into_.text(" ");
        in_cell(node);
      }
    }
  }

  // The running text of a paragraph.
  void inside(pugi::xml_node parent) {
    for (const pugi::xml_node node : parent.children()) {
      const auto name = name_of(node);
      if (name == "r")
        run(node);
      else if (name == "del" || name == "moveFrom")
        into_.leave_out(text_of(node), "deleted");
      else if (name == "oMath" || name == "oMathPara")
        into_.leave_out(text_of(node), "formula");
      else if (name == "sdt")
        inside(child(node, "sdtContent"));
      else if (name == "AlternateContent")
        inside(child(node, "Choice"));
      else if (name == "hyperlink" || name == "ins" || name == "moveTo" || name == "smartTag" || name == "fldSimple" ||
               name == "customXml" || name == "bdo" || name == "dir")
        inside(node);
    }
  }

  void run(pugi::xml_node run) {
    if (is_set(child(run, "rPr"), "vanish")) {
      for (const pugi::xml_node node : run.children())
        if (name_of(node) == "t") into_.leave_out(node.text().get(), "hidden");
      return;
    }
    for (const pugi::xml_node node : run.children()) piece(node);
  }

  void piece(pugi::xml_node node) {
    const auto name = name_of(node);
    if (name == "t")
      say(text_of(node));
    else if (name == "tab")
      into_.text(" ");
    else if (name == "br" || name == "cr")
      attribute(node, "type").empty() ? into_.end_line() : into_.text(" ");
    else if (name == "noBreakHyphen")
      into_.text("-");
    else if (name == "delText")
      into_.leave_out(text_of(node), "deleted");
    else if (name == "footnoteReference")
      footnotes_.push_back(attribute(node, "id"));
    else if (name == "endnoteReference")
      endnotes_.push_back(attribute(node, "id"));
    else if (name == "ruby")
      inside(child(node, "rubyBase"));
    else if (name == "AlternateContent")
      pieces(child(node, "Choice"));
    else if (name == "drawing" || name == "pict" || name == "object")
      picture(node);
  }

  void pieces(pugi::xml_node parent) {
    for (const pugi::xml_node node : parent.children()) piece(node);
  }

  void picture(pugi::xml_node node) {
    into_.leave_out(attribute(descendant(node, "docPr"), "descr"), "image");
    find_boxes(node);
  }

  void find_boxes(pugi::xml_node parent) {
    for (const pugi::xml_node node : parent.children()) {
      if (name_of(node) == "txbxContent")
        boxes_.push_back(node);
      else if (name_of(node) != "Fallback")
        find_boxes(node);
    }
  }

  void say(const std::string& text) {
    if (!number_.empty() && text.find_first_not_of(" \t\r\n") != text.npos) into_.text(std::exchange(number_, {}));
    into_.text(text);
  }

  DocxPackage package_;
  Extraction into_;
  std::string number_;  // of a list's item, not yet in the text
  std::vector<std::string> footnotes_, endnotes_;
  std::vector<pugi::xml_node> boxes_;
  bool in_note_ = false;
};

}  // namespace

Extracted extract_docx(std::string_view bytes) {
  if (bytes.starts_with("\xd0\xcf\x11\xe0"))
    throw Fault(Exit::bad_input, "it is protected with a password, or an old Word document (.doc)",
                "save it without password as .docx; an old one: libreoffice --convert-to docx FILE.doc");
  const ZipArchive archive(bytes);
  return DocxReader(archive).read();
}

}  // namespace lectern::text
