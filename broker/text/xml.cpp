#include "broker/text/xml.h"

#include "broker/text/characters.h"

namespace lectern::text {

Xml::Xml(std::string_view bytes, const std::string& file, pugi::xml_encoding encoding) : bytes_(bytes), file_(file) {
  const auto result =
      document_.load_buffer(bytes_.data(), bytes_.size(), pugi::parse_default | pugi::parse_ws_pcdata, encoding);
  if (!result)
    throw fault(result.offset, std::string("is not well-formed XML: ") + result.description(),
                "mend it, or save the document again in the program that made it");
  check_depth();
}

Fault Xml::fault(std::ptrdiff_t offset, const std::string& what, const std::string& mend) const {
  const auto text =
      to_code_points(std::string_view(bytes_).substr(0, offset < 0 ? 0 : static_cast<std::size_t>(offset)));
  const Place place = place_of(text, text.size());
  const std::string where = "line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
  return {Exit::bad_input, (file_.empty() ? "" : file_ + ", ") + where + ": " + what, mend};
}

void Xml::refuse(pugi::xml_node at, const std::string& what, const std::string& mend) const {
  throw fault(at.offset_debug() - (at.type() == pugi::node_element ? 1 : 0), what, mend);
}

void Xml::check_depth() const {
  std::size_t depth = 0;
  for (pugi::xml_node node = document_.first_child(); node;) {
    if (depth > kDeepest)
      throw fault(node.offset_debug(), "is nested more than " + std::to_string(kDeepest) + " deep",
                  "it is damaged, or made to do harm");
    if (node.first_child()) {
      node = node.first_child();
      ++depth;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      if (depth > 0) --depth;
    }
    if (node) node = node.next_sibling();
  }
}

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

std::string attribute(pugi::xml_node node, std::string_view name) {
  for (const pugi::xml_attribute found : node.attributes())
    if (local_name(found.name()) == name) return found.value();
  return {};
}

pugi::xml_node child(pugi::xml_node node, std::string_view name) {
  return node.find_child([&](pugi::xml_node found) { return name_of(found) == name; });
}

pugi::xml_node descendant(pugi::xml_node node, std::string_view name) {
  return node.find_node([&](pugi::xml_node found) { return name_of(found) == name; });
}

std::string text_of(pugi::xml_node node) {
  struct Walker : pugi::xml_tree_walker {
    std::string text;
    bool for_each(pugi::xml_node& found) override {
      if (found.type() == pugi::node_pcdata || found.type() == pugi::node_cdata) text += found.value();
      return true;
    }
  } walker;
  node.traverse(walker);
  return walker.text;
}

}  // namespace lectern::text
