// What a Word document says beside its text: styles, numbered lists, notes, title.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "broker/text/xml.h"
#include "broker/text/zip_archive.h"

namespace lectern::text {

enum class ParagraphKind { text, title, heading, contents };
struct ParagraphStyle {
  ParagraphKind kind = ParagraphKind::text;
  int level = 0;           // of a heading, from 1
  std::string numbering;   // id of the list that paragraphs of the style are in; empty: none
  std::size_t indent = 0;  // level in that list, from 0
};

class DocxPackage {
 public:
  // Throws Fault(bad_input): no Word document, or damaged.
  explicit DocxPackage(const ZipArchive& archive);

  pugi::xml_node body() const;
  const Xml& document() const { return *document_; }
  ParagraphStyle style(const std::string& id) const;
  // What Word shows before the next item of a list ("3. "); empty: a bullet, or nothing is known of the list.
  std::string next_number(const std::string& numbering, std::size_t indent);
  // The note of that id; a null node: there is none.
  pugi::xml_node footnote(const std::string& id) const { return find(footnotes_, id); }
  pugi::xml_node endnote(const std::string& id) const { return find(endnotes_, id); }
  std::string title, author;

 private:
  using Notes = std::map<std::string, pugi::xml_node>;
  struct List {
    std::map<std::size_t, long> start;  // of the levels that are numbered
    std::map<std::size_t, long> next;
  };
  const Xml* part(const std::string& name);
  void read_styles();
  void read_numbering();
  void read_facts();
  Notes read_notes(const std::string& name, std::string_view element);
  static pugi::xml_node find(const Notes& notes, const std::string& id);

  const ZipArchive& archive_;
  std::string folder_;  // of the document: "word/"
  std::vector<std::unique_ptr<Xml>> parts_;
  const Xml* document_ = nullptr;
  std::map<std::string, ParagraphStyle> styles_;
  std::map<std::string, List> lists_;
  Notes footnotes_, endnotes_;
};

}  // namespace lectern::text
