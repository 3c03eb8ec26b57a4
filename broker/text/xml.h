// XML files of documents, read with pugixml. Nothing outside is ever fetched, and no entity is expanded but XML's own
// five: there is nothing in a document that could grow.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

#include "broker/text/document.h"
#include "config/fault.h"

namespace lectern::text {

class Xml {
 public:
  // `file` is named in messages; empty: they begin with the line. Throws Fault(bad_input) when it is not well-formed or
  // nested more than kDeepest deep.
  Xml(std::string_view bytes, const std::string& file, pugi::xml_encoding encoding = pugi::encoding_auto);

  pugi::xml_node root() const { return document_.document_element(); }
  // Throws Fault(bad_input) with the place of a node.
  [[noreturn]] void refuse(pugi::xml_node at, const std::string& what, const std::string& mend) const;

  static constexpr std::size_t kDeepest = 200;

 private:
  Fault fault(std::ptrdiff_t offset, const std::string& what, const std::string& mend) const;
  void check_depth() const;

  std::string bytes_, file_;
  pugi::xml_document document_;
};

// Names and attributes without their prefix: documents choose prefixes as they like.
std::string_view local_name(std::string_view name);
inline std::string_view name_of(pugi::xml_node node) { return local_name(node.name()); }
std::string attribute(pugi::xml_node node, std::string_view name);
// The first child, or descendant, of that name.
pugi::xml_node child(pugi::xml_node node, std::string_view name);
pugi::xml_node descendant(pugi::xml_node node, std::string_view name);
// All text inside, in order.
std::string text_of(pugi::xml_node node);

}  // namespace lectern::text
