#include "config/delivery.h"

#include <algorithm>

#include "config/fault.h"

namespace lectern {
namespace {

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string word = list.substr(begin, end - begin);
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    words.push_back(std::move(word));
    begin = end + 1;
  }
  return words;
}

bool all_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

bool is_date(const std::string& text) {
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
  if (text.size() > 4 && (text[4] != '-' || !all_digits(text.substr(5, 2)) || text.substr(5, 2) > "12")) return false;
  if (text.size() > 7 && (text[7] != '-' || !all_digits(text.substr(8, 2)) || text.substr(8, 2) > "31")) return false;
  return all_digits(text.substr(0, 4));
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

}  // namespace

const std::vector<DeliveryField>& delivery_fields() {
  static const std::vector<DeliveryField> all = {
      {"loudness", &Delivery::loudness, "PRESET",
       "audiobook (RMS -20 dB, peaks below -3 dB: what ACX asks), podcast (-16 LUFS), broadcast (-23 LUFS), none",
       {"audiobook", "podcast", "broadcast", "none"}},
      {"split", &Delivery::split, "HOW", "chapters: a folder with one file for each chapter; none: one file",
       {"chapters", "none"}},
      {"subtitles", &Delivery::subtitles, "LIST", "srt, vtt, readalong (JSON), several with commas; none",
       {"srt", "vtt", "readalong", "none"}, true},
      {"author", &Delivery::author, "NAME", "Who wrote it, for the tags; default: as the script says"},
      {"narrator", &Delivery::narrator, "NAME", "Who narrates, for the tags; default: the voice's name"},
      {"album", &Delivery::album, "NAME", "The work or series, for the tags; default: the title"},
      {"cover", &Delivery::cover, "FILE", "JPEG or PNG picture for the tags"},
      {"track", &Delivery::track, "N", "Number of the work in its album, for the tags", {}, false, true},
      {"date", &Delivery::date, "DATE", "YYYY, YYYY-MM or YYYY-MM-DD, for the tags; default: the day of the submit",
       {}, false, true},
  };
  return all;
}

const Delivery& usual_delivery() {
  static const Delivery usual = [] {
    Delivery delivery;
    delivery.loudness = "audiobook";
    delivery.split = delivery.subtitles = "none";
    return delivery;
  }();
  return usual;
}

void Delivery::apply(const Delivery& stronger) {
  for (const DeliveryField& field : delivery_fields())
    if (!(stronger.*field.member).empty()) this->*field.member = stronger.*field.member;
}

bool Delivery::wants(const std::string& subtitle) const {
  if (subtitles.empty()) return false;
  const auto words = words_of(subtitles);
  return std::find(words.begin(), words.end(), subtitle) != words.end();
}

std::string wrong_value(const DeliveryField& field, const std::string& value) {
  if (value.empty()) return "";
  const auto known = [&](const std::string& word) {
    return std::find(field.choices.begin(), field.choices.end(), word) != field.choices.end();
  };
  const std::string key = field.key;
  const auto words = field.list ? words_of(value) : std::vector<std::string>{value};
  if (!field.choices.empty() && !std::all_of(words.begin(), words.end(), known))
    return "use " + joined(field.choices, ", ");
  if (field.list && words.size() > 1 && std::count(words.begin(), words.end(), "none"))
    return "none stands alone";
  if (key == "track" && !(all_digits(value) && value.size() <= 5 && value[0] != '0')) return "write a number from 1";
  if (key == "date" && !is_date(value)) return "write 2026, 2026-11 or 2026-11-26";
  if (value.size() > 4000) return "use fewer than 4000 bytes";
  return "";
}

void take_delivery_field(const YamlFields& fields, const DeliveryField& field, const YAML::Node& value,
                         Delivery& into) {
  std::string text;
  if (field.list && value.IsSequence()) {  // [srt, vtt] is as good as srt,vtt
    std::vector<std::string> words;
    for (const auto& word : value) words.push_back(fields.text(field.key, word));
    text = joined(words, ",");
  } else {
    text = fields.text(field.key, value);
  }
  if (const std::string mend = wrong_value(field, text); !mend.empty())
    fields.refuse(value, "'" + std::string(field.key) + "' cannot be '" + text + "'", mend);
  into.*field.member = text;
}

Delivery take_delivery(YamlFields& fields) {
  Delivery delivery;
  for (const DeliveryField& field : delivery_fields())
    if (const YAML::Node value = fields.find(field.key); value.IsDefined())
      take_delivery_field(fields, field, value, delivery);
  return delivery;
}

Delivery parse_delivery(const nlohmann::json& object) {
  const auto refuse = [](const std::string& key, const std::string& what, const std::string& mend) {
    throw Fault(Exit::bad_input, "field 'delivery." + key + "' " + what, mend);
  };
  if (!object.is_object()) throw Fault(Exit::bad_input, "field 'delivery' must be a JSON object");
  Delivery delivery;
  for (const auto& [key, value] : object.items()) {
    const auto field = std::find_if(delivery_fields().begin(), delivery_fields().end(),
                                    [&, &key = key](const DeliveryField& f) { return key == f.key; });
    if (field == delivery_fields().end()) {
      std::vector<std::string> keys;
      for (const DeliveryField& known : delivery_fields()) keys.push_back(known.key);
      refuse(key, "is not known", "use " + joined(keys, ", "));
    }
    if (!value.is_string()) refuse(key, "must be a text", "");
    const std::string text = value.get<std::string>();
    if (const std::string mend = wrong_value(*field, text); !mend.empty()) refuse(key, "cannot be '" + text + "'", mend);
    delivery.*field->member = text;
  }
  return delivery;
}

nlohmann::json to_json(const Delivery& delivery) {
  nlohmann::json object = nlohmann::json::object();
  for (const DeliveryField& field : delivery_fields())
    if (!(delivery.*field.member).empty()) object[field.key] = delivery.*field.member;
  return object;
}

}  // namespace lectern
