#include "broker/text/epub_package.h"

#include <algorithm>
#include <map>
#include <set>

#include "broker/text/characters.h"
#include "broker/text/xml.h"

namespace lectern::text {
namespace {

constexpr const char* kMend = "open it in an e-book program and save it anew, or get another copy";

Fault incomplete(const std::string& what) { return {Exit::bad_input, what, kMend}; }

void refuse_protection(const ZipArchive& archive) {
  const char* mend = "Lectern cannot read protected books; get the book without protection";
  for (const char* sign : {"META-INF/rights.xml", "META-INF/license.lcpl"})
    if (archive.holds(sign))
      throw Fault(Exit::bad_input, std::string("the book is protected against reading (DRM: ") + sign + ")", mend);
  const std::string* encryption = archive.find("META-INF/encryption.xml");
  if (!encryption) return;
  const Xml xml(*encryption, "META-INF/encryption.xml");
  for (const pugi::xml_node data : xml.root().children()) {
    if (name_of(data) != "EncryptedData") continue;
    const std::string how = attribute(child(data, "EncryptionMethod"), "Algorithm");
    // Fonts may be scrambled in any book.
    if (how == "http://www.idpf.org/2008/embedding" || how == "http://ns.adobe.com/pdf/enc#RC") continue;
    const std::string file = attribute(descendant(data, "CipherReference"), "URI");
    throw Fault(Exit::bad_input,
                "the book is protected against reading (DRM: " +
                    (file.empty() ? "META-INF/encryption.xml" : file + " is encrypted") + ")",
                mend);
  }
}

std::string package_file(const ZipArchive& archive) {
  const std::string* container = archive.find("META-INF/container.xml");
  if (!container) throw incomplete("META-INF/container.xml is missing: it is no EPUB book");
  const Xml xml(*container, "META-INF/container.xml");
  const std::string path = attribute(descendant(xml.root(), "rootfile"), "full-path");
  const auto file = resolve_reference("", path);
  if (path.empty() || !file || !archive.find(*file))
    throw incomplete("META-INF/container.xml names the package '" + path + "', which the book does not hold");
  return *file;
}

struct Item {
  std::string href, file, media_type, properties;  // `file` is empty when the reference leads elsewhere
};

bool has_word(const std::string& words, std::string_view word) {
  return (" " + words + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

class PackageReader {
 public:
  PackageReader(const ZipArchive& archive, const std::string& file)
      : archive_(archive), file_(file), xml_(*archive.find(file), file) {}

  EpubPackage read() {
    read_metadata();
    for (const pugi::xml_node node : child(xml_.root(), "manifest").children()) {
      if (name_of(node) != "item") continue;
      const std::string href = attribute(node, "href");
      items_[attribute(node, "id")] = {href, resolve_reference(file_, href).value_or(""), attribute(node, "media-type"),
                                       attribute(node, "properties")};
    }
    read_spine();
    read_cover();
    read_navigation();
    return std::move(package_);
  }

 private:
  void read_metadata() {
    for (const pugi::xml_node node : child(xml_.root(), "metadata").children()) {
      const std::string text = one_line(text_of(node));
      if (name_of(node) == "title" && package_.title.empty()) package_.title = text;
      if (name_of(node) != "creator" || text.empty()) continue;
      const std::string role = attribute(node, "role");
      if (role.empty() || role == "aut") package_.author += (package_.author.empty() ? "" : ", ") + text;
    }
  }

  void read_spine() {
    const pugi::xml_node spine = child(xml_.root(), "spine");
    std::set<std::string> seen;
    for (const pugi::xml_node node : spine.children()) {
      if (name_of(node) != "itemref") continue;
      const std::string id = attribute(node, "idref");
      const auto item = items_.find(id);
      if (item == items_.end()) xml_.refuse(node, "the spine names '" + id + "', which the manifest lacks", kMend);
      const std::string& file = item->second.file;
      if (file.empty()) xml_.refuse(node, "'" + item->second.href + "' leads out of the book", kMend);
      if (!archive_.holds(file)) xml_.refuse(node, "the book does not hold " + file, kMend);
      if (!seen.insert(file).second) continue;  // named once more, for a place inside of it
      package_.spine.push_back({file, item->second.media_type, attribute(node, "linear") != "no"});
    }
    if (package_.spine.empty()) throw incomplete(file_ + " has no spine: nothing says what is read in the book");
    ncx_ = attribute(spine, "toc");
  }

  void read_cover() {
    std::string id;
    for (const pugi::xml_node node : child(xml_.root(), "metadata").children())
      if (name_of(node) == "meta" && attribute(node, "name") == "cover") id = attribute(node, "content");
    for (const auto& [name, item] : items_) {
      if (!has_word(item.properties, "cover-image") && (name != id || !item.media_type.starts_with("image/"))) continue;
      package_.cover = item.file;
      package_.cover_type = item.media_type;
    }
  }

  // A navigation that cannot be read is as good as none: the headings tell the chapters then.
  void read_navigation() {
    const Item* navigation = nullptr;
    const Item* ncx = nullptr;
    for (const auto& [id, item] : items_) {
      if (has_word(item.properties, "nav")) navigation = &item;
      if (id == ncx_ || (!ncx && item.media_type == "application/x-dtbncx+xml")) ncx = &item;
    }
    for (const Item* from : {navigation, ncx}) {
      if (!from || !package_.navigation.empty()) continue;
      const std::string* bytes = archive_.find(from->file);
      if (!bytes) continue;
      try {
        const Xml xml(*bytes, from->file);
        from_ = from->file;
        if (from == navigation)
          read_lists(xml.root());
        else
          read_points(descendant(xml.root(), "navMap"), 1);
        if (leads_nowhere()) package_.navigation.clear();
      } catch (const Fault&) {
        package_.navigation.clear();
      }
    }
  }

  // Most of its entries name files that the book does not have.
  bool leads_nowhere() const {
    const auto& entries = package_.navigation;
    const auto lost = std::count_if(entries.begin(), entries.end(),
                                    [&](const NavigationEntry& entry) { return !archive_.find(entry.file); });
    return 2 * static_cast<std::size_t>(lost) > entries.size();
  }

  void add(const std::string& title, const std::string& reference, std::size_t depth) {
    const auto file = resolve_reference(from_, reference);
    if (!file || title.empty()) return;
    const auto mark = reference.find('#');
    const bool in_file = mark != reference.npos && mark + 1 < reference.size();
    package_.navigation.push_back({title, *file, in_file ? *file + reference.substr(mark) : *file, depth, in_file});
  }

  // <nav epub:type="toc"><ol><li><a href="...">...</a><ol>...
  void read_lists(pugi::xml_node root) {
    const pugi::xml_node nav = root.find_node(
        [](pugi::xml_node node) { return name_of(node) == "nav" && has_word(attribute(node, "type"), "toc"); });
    read_list(child(nav, "ol"), 1);
  }

  void read_list(pugi::xml_node list, std::size_t depth) {
    for (const pugi::xml_node item : list.children()) {
      if (name_of(item) != "li") continue;
      const pugi::xml_node link = child(item, "a");
      add(one_line(text_of(link)), attribute(link, "href"), depth);
      read_list(child(item, "ol"), depth + 1);
    }
  }

  void read_points(pugi::xml_node parent, std::size_t depth) {
    for (const pugi::xml_node point : parent.children()) {
      if (name_of(point) != "navPoint") continue;
      add(one_line(text_of(child(point, "navLabel"))), attribute(child(point, "content"), "src"), depth);
      read_points(point, depth + 1);
    }
  }

  const ZipArchive& archive_;
  const std::string file_;
  const Xml xml_;
  EpubPackage package_;
  std::map<std::string, Item> items_;  // by id
  std::string ncx_, from_;
};

}  // namespace

EpubPackage read_package(const ZipArchive& archive) {
  refuse_protection(archive);
  return PackageReader(archive, package_file(archive)).read();
}

}  // namespace lectern::text
