// What can be said about the form of a finished work: how loud it is, in how many files it comes, what stands beside it
// and in its tags.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/strict_yaml.h"

namespace lectern {

struct Delivery {  // empty: not said
  std::string loudness;   // audiobook, podcast, broadcast, none
  std::string split;      // chapters: a folder with one file for each; none: one file
  std::string subtitles;  // srt, vtt, readalong, with commas between them; none
  std::string author, narrator, album;
  std::string date;   // YYYY, YYYY-MM or YYYY-MM-DD
  std::string track;  // a number
  std::string cover;  // path of a JPEG or PNG picture

  // What `stronger` says stands over what this says.
  void apply(const Delivery& stronger);
  bool operator==(const Delivery&) const = default;

  bool by_chapters() const { return split == "chapters"; }
  bool wants(const std::string& subtitle) const;
};

// What holds when nobody says otherwise: as an audiobook shop wants it, in one file.
const Delivery& usual_delivery();

struct DeliveryField {
  const char* key;  // in YAML and JSON; on the command line with -- before it
  std::string Delivery::*member;
  const char* type;  // of its value, as help shows it
  const char* help;
  std::vector<std::string> choices = {};  // empty: any text
  bool list = false;                      // several of the choices
  bool one_work = false;                  // has no place in the settings, which hold for all
};
// All of them; the one list that settings, scripts, folders, messages and the command line go by.
const std::vector<DeliveryField>& delivery_fields();

// Why that value cannot be; empty: it can.
std::string wrong_value(const DeliveryField& field, const std::string& value);

// Takes one field, or all of them, from a mapping. Throws Fault(bad_input) with file, line, key and mend.
void take_delivery_field(const YamlFields& fields, const DeliveryField& field, const YAML::Node& value, Delivery& into);
Delivery take_delivery(YamlFields& fields);

// As messages and the database hold it: a JSON object of what is said. Throws Fault(bad_input) naming the field.
Delivery parse_delivery(const nlohmann::json& object);
nlohmann::json to_json(const Delivery& delivery);

}  // namespace lectern
