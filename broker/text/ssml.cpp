// Speech Synthesis Markup Language -> its text.
//
// Read: speak, p, s, break, prosody rate, say-as, sub, phoneme (ipa), voice; as if they were not there: mark, emphasis,
// lang, w, token; left out with what they hold: metadata, meta, desc. All else is refused with its place.
#include <optional>

#include "broker/text/bracket.h"
#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "broker/text/utterance.h"
#include "broker/text/xml.h"

namespace lectern::text {
namespace {

struct Strength {
  std::string_view name;
  double seconds;
};
constexpr Strength kStrengths[] = {{"none", 0},     {"x-weak", 0.15}, {"weak", 0.3},
                                   {"medium", 0.6}, {"strong", 1},    {"x-strong", 1.5}};
constexpr Strength kRates[] = {{"x-slow", 0.6}, {"slow", 0.8},  {"medium", 1},
                               {"default", 1},  {"fast", 1.25}, {"x-fast", 1.6}};

template <std::size_t N>
std::optional<double> find(const Strength (&table)[N], std::string_view name) {
  for (const Strength& entry : table)
    if (entry.name == name) return entry.seconds;
  return std::nullopt;
}

class SsmlReader {
 public:
  explicit SsmlReader(std::string_view ssml) : xml_(ssml, "", pugi::encoding_utf8) {}

  Extracted read() {
    if (name_of(xml_.root()) != "speak")
      xml_.refuse(xml_.root(), "the root element is <" + std::string(xml_.root().name()) + ">, not <speak>",
                  "put <speak> around it all");
    children(xml_.root());
    return std::move(into_).finish();
  }

 private:
  void children(pugi::xml_node node) {
    for (const pugi::xml_node child : node.children()) {
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
        into_.text(child.value());
      else if (child.type() == pugi::node_element)
        element(child);
    }
  }

  void element(pugi::xml_node node) {
    struct Known {
      std::string_view name;
      void (SsmlReader::*read)(pugi::xml_node);
    };
    constexpr Known kKnown[] = {
        {"p", &SsmlReader::paragraph},       {"paragraph", &SsmlReader::paragraph}, {"s", &SsmlReader::sentence},
        {"sentence", &SsmlReader::sentence}, {"break", &SsmlReader::pause},         {"prosody", &SsmlReader::prosody},
        {"say-as", &SsmlReader::say_as},     {"sub", &SsmlReader::substitute},      {"phoneme", &SsmlReader::phoneme},
        {"voice", &SsmlReader::voice},       {"mark", &SsmlReader::nothing},        {"emphasis", &SsmlReader::children},
        {"lang", &SsmlReader::children},     {"w", &SsmlReader::children},          {"token", &SsmlReader::children},
        {"metadata", &SsmlReader::nothing},  {"meta", &SsmlReader::nothing},        {"desc", &SsmlReader::nothing}};
    // A name with a prefix is somebody's own, even when it sounds like one of these.
    for (const Known& known : kKnown)
      if (known.name == node.name()) return (this->*known.read)(node);
    xml_.refuse(node, "<" + std::string(node.name()) + "> is not understood",
                "take it out; understood are speak, p, s, break, prosody, say-as, sub, phoneme, voice and mark");
  }

  void nothing(pugi::xml_node) {}

  void paragraph(pugi::xml_node node) {
    into_.begin_block();
    children(node);
    into_.begin_block();
  }

  void sentence(pugi::xml_node node) {
    into_.begin_block(Break::sentence);
    children(node);
    into_.begin_block(Break::sentence);
  }

  void pause(pugi::xml_node node) {
    only(node, {"time", "strength"});
    const std::string time = attribute(node, "time"), strength = attribute(node, "strength");
    const auto by_strength = find(kStrengths, strength.empty() ? "medium" : strength);
    if (!by_strength) refuse_value(node, "strength", "use none, x-weak, weak, medium, strong or x-strong");
    double seconds = *by_strength;
    if (!time.empty()) {
      const auto by_time = duration_of(to_code_points(time));
      if (!by_time || *by_time > kLongestPause) refuse_value(node, "time", "use 500ms or 1.5s, at most 600s");
      seconds = *by_time;
    }
    into_.pause(seconds);
  }

  void prosody(pugi::xml_node node) {
    for (const pugi::xml_attribute other : node.attributes()) {
      const std::string_view name = other.name(), value = other.value();
      if (name != "rate" && value != "medium" && value != "default")
        refuse_value(node, other.name(), "only the rate can be changed: take " + std::string(name) + " out");
    }
    const std::string rate = attribute(node, "rate");
    auto factor = rate.empty() ? std::optional(1.0) : find(kRates, rate);
    if (!factor) factor = relative(rate);
    if (!factor || into_.speed * *factor < kSlowest || into_.speed * *factor > kFastest)
      refuse_value(node, "rate", "use x-slow, slow, medium, fast, x-fast, 0.9, 90% or +10%; 0.5 to 2 in all");
    const double around = into_.speed;
    into_.interrupt();
    into_.speed = around * *factor;
    children(node);
    into_.interrupt();
    into_.speed = around;
  }

  // "+10%", "-20%", "90%", "0.9"
  static std::optional<double> relative(const std::string& rate) {
    const bool change = rate.starts_with('+') || rate.starts_with('-');
    const auto value = factor_of(to_code_points(change ? rate.substr(1) : rate));
    if (!value || (change && !rate.ends_with('%'))) return std::nullopt;
    return !change ? *value : rate[0] == '+' ? 1 + *value : 1 - *value;
  }

  void say_as(pugi::xml_node node) {
    only(node, {"interpret-as", "format", "detail"});
    const std::string text = one_line(text_of(node)), way = attribute(node, "interpret-as");
    auto utterance = utterance_of(way, attribute(node, "format"), text);
    if (!utterance)
      xml_.refuse(
          node, "'" + text + "' cannot be said as '" + way + "'",
          "interpret-as is cardinal, ordinal, characters, telephone, date (with a format like mdy), time, currency, "
          "fraction or unit");
    into_.text_as(to_code_points(text), std::move(*utterance));
  }

  void substitute(pugi::xml_node node) {
    only(node, {"alias"});
    const std::string alias = one_line(attribute(node, "alias"));
    if (alias.empty()) xml_.refuse(node, "<sub> has no alias", "write <sub alias=\"what is said\">");
    into_.text_as(to_code_points(text_of(node)), std::u32string_view(to_code_points(alias)));
  }

  void phoneme(pugi::xml_node node) {
    only(node, {"alphabet", "ph", "type"});
    const std::string alphabet = attribute(node, "alphabet"), ph = one_line(attribute(node, "ph"));
    if (!alphabet.empty() && alphabet != "ipa") refuse_value(node, "alphabet", "only ipa is understood");
    if (ph.empty() || ph.find_first_of("/()[]") != ph.npos)
      refuse_value(node, "ph", "write the sounds in IPA: ph=\"təˈmɑːtoʊ\"");
    const std::string word = one_line(text_of(node));
    if (word.empty()) xml_.refuse(node, "<phoneme> holds no word", "write <phoneme ph=\"...\">word</phoneme>");
    into_.text_as(to_code_points(word), Utterance{Utterance::Kind::phonemes, word, ph});
  }

  void voice(pugi::xml_node node) {
    only(node, {"name"});
    const std::string name = one_line(attribute(node, "name"));
    if (name.empty())
      xml_.refuse(node, "<voice> has no name", "write <voice name=\"af_heart\">; see `lectern voice list`");
    const std::string around = into_.voice;
    into_.interrupt();
    into_.voice = name == "narrator" ? "" : name;
    children(node);
    into_.interrupt();
    into_.voice = around;
  }

  // Throws when the element has an attribute that would change how it is read.
  void only(pugi::xml_node node, std::initializer_list<std::string_view> names) const {
    for (const pugi::xml_attribute found : node.attributes()) {
      const std::string_view name = found.name();
      if (name.starts_with("xml") || std::find(names.begin(), names.end(), name) != names.end()) continue;
      xml_.refuse(node,
                  "<" + std::string(node.name()) + "> has an attribute '" + found.name() + "' that is not understood",
                  "take it out");
    }
  }

  [[noreturn]] void refuse_value(pugi::xml_node node, const std::string& name, const std::string& mend) const {
    xml_.refuse(node, "<" + std::string(node.name()) + "> has " + name + "=\"" + attribute(node, name) + "\"", mend);
  }

  const Xml xml_;
  Extraction into_;
};

}  // namespace

Extracted extract_ssml(std::string_view ssml) { return SsmlReader(ssml).read(); }

}  // namespace lectern::text
