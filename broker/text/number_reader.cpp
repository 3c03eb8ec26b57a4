// Numbers: with units and percent, ranges, ordinals, years and decades.
#include "broker/text/amount.h"
#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

struct Unit {
  std::u32string_view sign, one, many;
  bool attached = false;  // only right after the figure: "5s", not "5 s"
};

constexpr Unit kUnits[] = {
    {U"km/h", U"kilometer per hour", U"kilometers per hour"}, {U"kph", U"kilometer per hour", U"kilometers per hour"},
    {U"km²", U"square kilometer", U"square kilometers"}, {U"m/s", U"meter per second", U"meters per second"},
    {U"m²", U"square meter", U"square meters"}, {U"m2", U"square meter", U"square meters"}, {U"m³", U"cubic meter", U"cubic meters"},
    {U"cm²", U"square centimeter", U"square centimeters"}, {U"cm³", U"cubic centimeter", U"cubic centimeters"},
    {U"sq ft", U"square foot", U"square feet"}, {U"km", U"kilometer", U"kilometers"}, {U"cm", U"centimeter", U"centimeters"},
    {U"mm", U"millimeter", U"millimeters"}, {U"µm", U"micrometer", U"micrometers"}, {U"nm", U"nanometer", U"nanometers"},
    {U"m", U"meter", U"meters"}, {U"mi", U"mile", U"miles"}, {U"yd", U"yard", U"yards"}, {U"ft", U"foot", U"feet"}, {U"ft.", U"foot", U"feet"},
    {U"in.", U"inch", U"inches"}, {U"kg", U"kilogram", U"kilograms"}, {U"mg", U"milligram", U"milligrams"}, {U"µg", U"microgram", U"micrograms"},
    {U"g", U"gram", U"grams"}, {U"lbs", U"pound", U"pounds"}, {U"lb", U"pound", U"pounds"}, {U"oz", U"ounce", U"ounces"},
    {U"oz.", U"ounce", U"ounces"}, {U"lbs.", U"pound", U"pounds"}, {U"lb.", U"pound", U"pounds"},
    {U"°C", U"degree Celsius", U"degrees Celsius"}, {U"° C", U"degree Celsius", U"degrees Celsius"}, {U"ºC", U"degree Celsius", U"degrees Celsius"},
    {U"℃", U"degree Celsius", U"degrees Celsius"}, {U"°F", U"degree Fahrenheit", U"degrees Fahrenheit"},
    {U"° F", U"degree Fahrenheit", U"degrees Fahrenheit"}, {U"ºF", U"degree Fahrenheit", U"degrees Fahrenheit"},
    {U"℉", U"degree Fahrenheit", U"degrees Fahrenheit"}, {U"°", U"degree", U"degrees"},
    {U"mph", U"mile per hour", U"miles per hour"}, {U"mpg", U"mile per gallon", U"miles per gallon"}, {U"rpm", U"revolution per minute", U"revolutions per minute"},
    {U"l", U"liter", U"liters"}, {U"L", U"liter", U"liters"}, {U"ml", U"milliliter", U"milliliters"}, {U"mL", U"milliliter", U"milliliters"},
    {U"cl", U"centiliter", U"centiliters"}, {U"gal", U"gallon", U"gallons"}, {U"ha", U"hectare", U"hectares"},
    {U"Hz", U"hertz", U"hertz"}, {U"kHz", U"kilohertz", U"kilohertz"}, {U"MHz", U"megahertz", U"megahertz"}, {U"GHz", U"gigahertz", U"gigahertz"},
    {U"kB", U"kilobyte", U"kilobytes"}, {U"KB", U"kilobyte", U"kilobytes"}, {U"MB", U"megabyte", U"megabytes"}, {U"GB", U"gigabyte", U"gigabytes"},
    {U"TB", U"terabyte", U"terabytes"}, {U"KiB", U"kibibyte", U"kibibytes"}, {U"MiB", U"mebibyte", U"mebibytes"}, {U"GiB", U"gibibyte", U"gibibytes"},
    {U"kbps", U"kilobit per second", U"kilobits per second"}, {U"Mbps", U"megabit per second", U"megabits per second"},
    {U"Gbps", U"gigabit per second", U"gigabits per second"}, {U"kW", U"kilowatt", U"kilowatts"}, {U"MW", U"megawatt", U"megawatts"},
    {U"GW", U"gigawatt", U"gigawatts"}, {U"kWh", U"kilowatt hour", U"kilowatt hours"}, {U"MWh", U"megawatt hour", U"megawatt hours"},
    {U"W", U"watt", U"watts", true}, {U"V", U"volt", U"volts", true}, {U"mV", U"millivolt", U"millivolts"}, {U"kV", U"kilovolt", U"kilovolts"},
    {U"mA", U"milliampere", U"milliamperes"}, {U"mAh", U"milliampere hour", U"milliampere hours"}, {U"dB", U"decibel", U"decibels"},
    {U"hPa", U"hectopascal", U"hectopascals"}, {U"kPa", U"kilopascal", U"kilopascals"}, {U"psi", U"pound per square inch", U"pounds per square inch"},
    {U"kcal", U"kilocalorie", U"kilocalories"}, {U"kJ", U"kilojoule", U"kilojoules"}, {U"ms", U"millisecond", U"milliseconds"},
    {U"s", U"second", U"seconds", true}, {U"sec", U"second", U"seconds"}, {U"secs", U"second", U"seconds"}, {U"sec.", U"second", U"seconds"},
    {U"min", U"minute", U"minutes"}, {U"mins", U"minute", U"minutes"}, {U"min.", U"minute", U"minutes"}, {U"h", U"hour", U"hours"},
    {U"hr", U"hour", U"hours"}, {U"hrs", U"hour", U"hours"}, {U"hrs.", U"hour", U"hours"}, {U"hr.", U"hour", U"hours"}, {U"yrs", U"year", U"years"},
    {U"px", U"pixel", U"pixels"}, {U"pt", U"point", U"points"}, {U"k", U"thousand", U"thousand", true}};

struct Said {
  std::size_t end = 0;
  std::u32string spoken;
};

// Metres and litres are spelt so in en-gb.
std::u32string spell_british(std::u32string words) {
  for (const auto& [american, british] : {std::pair{U"meter", U"metre"}, std::pair{U"liter", U"litre"}})
    if (const auto place = words.find(american); place != words.npos) words.replace(place, 5, british);
  return words;
}

const Unit* unit_at(std::u32string_view text, std::size_t i, bool attached) {
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    if (at(text, i) != unit.sign[0] || !text.substr(i).starts_with(unit.sign) || (unit.attached && !attached)) continue;
    const char32_t next = at(text, i + unit.sign.size());
    if (is_word(next) || (unit.sign.back() == U'.' && next == U'.') || (next == U'\'' && unit.sign.size() == 1)) continue;
    if (!best || unit.sign.size() > best->sign.size()) best = &unit;
  }
  return best;
}

// 5'10", 6′2″
std::optional<Said> feet_and_inches(const Sentence& s, const Amount& amount) {
  const char32_t stroke = at(s.text, amount.end);
  if (stroke != U'\'' && stroke != U'′' && stroke != U'’') return std::nullopt;
  const auto inches = is_digit(at(s.text, amount.end + 1)) ? parse_amount(s, amount.end + 1) : std::nullopt;
  if (!inches) return std::nullopt;
  const char32_t close = at(s.text, inches->end);
  if (close != U'"' && close != U'″' && close != U'”') return std::nullopt;
  return Said{inches->end + 1, (amount.one() ? U" foot " : U" feet ") + say(*inches, s) + (inches->one() ? U" inch" : U" inches")};
}

// What follows an amount and is said with it; empty words when nothing does.
Said suffix_at(const Sentence& s, const Amount& amount) {
  const auto text = s.text;
  const std::size_t place = skip_blank(text, amount.end);
  if (at(text, place) == U'%') return {place + 1, U' ' + std::u32string(s.language.percent)};
  if (!s.language.english) return {amount.end, {}};
  if (const auto feet = feet_and_inches(s, amount)) return *feet;
  const bool attached = place == amount.end;
  if (const Unit* unit = unit_at(text, place, attached)) {
    const bool singular = amount.one() || (amount.whole.empty() && amount.under > 0);
    std::u32string words(singular ? unit->one : unit->many);
    if (amount.whole.empty() && amount.under > 0) words = (amount.under == 2 && amount.over == 1 ? U"a " : U"of a ") + words;
    if (!s.language.month_first) words = spell_british(words);
    std::size_t end = place + unit->sign.size();
    // The full stop of "ft." at the end of the sentence stays.
    if (unit->sign.back() == U'.' && !has_words(text.substr(end))) --end;
    return {end, U' ' + words};
  }
  if (attached && amount.integer() && at(text, place) == U'+' && !is_word(at(text, place + 1))) return {place + 1, U" plus"};
  return {amount.end, {}};
}

bool is_year(const Amount& amount) {
  return amount.integer() && !amount.grouped && !amount.negative && amount.whole.size() == 4 && amount.value() >= 1100 && amount.value() < 2100;
}

std::u32string say_or_year(const Sentence& s, const Amount& amount, bool year) {
  return year && s.language.english ? s.spell.year(amount.value()) : say(amount, s);
}

// Nouns that are counted: "1200 people" is no year.
constexpr std::u32string_view kCounted[] = {U"people", U"men", U"women", U"soldiers", U"words", U"pages", U"miles", U"feet", U"yards", U"tons",
                                            U"pounds", U"dollars", U"years", U"days", U"hours", U"copies", U"members", U"students", U"times",
                                            U"calories", U"meters", U"metres", U"acres", U"employees", U"jobs", U"homes", U"houses"};

bool counts(std::u32string_view text, std::size_t i) {
  const std::size_t start = skip_blank(text, i);
  const auto word = text.substr(start, word_end(text, start) - start);
  for (const auto noun : kCounted)
    if (noun == word) return true;
  return false;
}

std::u32string plural(std::u32string word) {
  if (word.ends_with(U'y')) return word.substr(0, word.size() - 1) + U"ies";
  return word + (word.ends_with(U'x') ? U"es" : U"s");
}

}  // namespace

std::optional<Reading> read_decade(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!s.language.english) return std::nullopt;
  const std::size_t start = at(text, i) == U'\'' || at(text, i) == U'’' || at(text, i) == U'‘' ? i + 1 : i;
  if (is_word(before(text, i)) || before(text, start) == U'.') return std::nullopt;
  std::size_t end = start;
  int value = 0;
  while (is_digit(at(text, end)) && end - start < 5) value = value * 10 + static_cast<int>(text[end++] - U'0');
  const std::size_t length = end - start;
  if (start > i && length == 2 && !is_word(at(text, end)))
    return Reading{end, (text[start] == U'0' ? U"oh " : U"") + s.spell.cardinal(value)};  // the summer of '69
  if (at(text, end) == U'\'' || at(text, end) == U'’') ++end;
  if (at(text, end) != U's' || is_word(at(text, end + 1)) || (length != 2 && length != 4) || value % 10 != 0) return std::nullopt;
  if (length == 2 && (value < 20 || (start == i && before(text, i) == U'-'))) return std::nullopt;
  if (length == 2) return Reading{end + 1, plural(s.spell.cardinal(value))};
  if (value < 1100 || value > 2099) return std::nullopt;
  return Reading{end + 1, plural(s.spell.year(value))};
}

std::optional<Reading> read_ordinal(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!is_digit(at(text, i)) || !amount_may_begin(text, i)) return std::nullopt;
  const auto amount = parse_amount(s, i);
  if (!amount || !amount->integer() || amount->value() < 0) return std::nullopt;
  struct Suffix {
    std::string_view language;
    std::u32string_view written;
    bool feminine;
  };
  static constexpr Suffix kSuffixes[] = {
      {"en", U"st", false}, {"en", U"nd", false}, {"en", U"rd", false}, {"en", U"th", false}, {"fr", U"er", false}, {"fr", U"re", true},
      {"fr", U"ère", true}, {"fr", U"e", false},  {"fr", U"ème", false}, {"fr", U"nd", false}, {"fr", U"nde", true}, {"", U"º", false}, {"", U"ª", true},
      {"es", U".º", false}, {"es", U".ª", true},  {"hi", U"वाँ", false},  {"hi", U"वां", false}, {"hi", U"वीं", true},  {"es", U"er", false}};
  for (const Suffix& suffix : kSuffixes) {
    if (!s.language.name.starts_with(suffix.language) || !text.substr(amount->end).starts_with(suffix.written)) continue;
    const std::size_t end = amount->end + suffix.written.size();
    if (!is_word(at(text, end))) return Reading{end, s.spell.ordinal(amount->value(), suffix.feminine)};
  }
  return std::nullopt;
}

std::optional<Reading> read_range(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!is_digit(at(text, i)) || !amount_may_begin(text, i) || before(text, i) == U'-') return std::nullopt;
  const auto from = parse_amount(s, i);
  if (!from) return std::nullopt;
  std::size_t dash = from->end;
  const bool percent = at(text, dash) == U'%';
  if (percent) ++dash;
  const bool blanks = at(text, dash) == U' ' && is_dash(at(text, dash + 1)) && at(text, dash + 1) != U'—' && at(text, dash + 2) == U' ';
  if (blanks) ++dash;
  if (!is_dash(at(text, dash)) || at(text, dash) == U'—' || at(text, dash) == U'−') return std::nullopt;
  const std::size_t start = dash + (blanks ? 2 : 1);
  if (!is_digit(at(text, start))) return std::nullopt;
  const auto until = parse_amount(s, start);
  if (!until || (blanks && is_dash(at(text, until->end)))) return std::nullopt;
  const bool short_year = is_year(*from) && until->integer() && until->whole.size() == 2;  // 1914-18
  const bool years = is_year(*from) && (is_year(*until) || short_year);
  if (blanks && !years && from->value() >= until->value() && from->integer() && until->integer()) return std::nullopt;
  const Said suffix = suffix_at(s, *until);
  const std::u32string to = U' ' + std::u32string(s.language.to) + U' ';
  auto spoken = say_or_year(s, *from, years && suffix.spoken.empty());
  if (percent) spoken += U' ' + std::u32string(s.language.percent);
  return Reading{suffix.end, spoken + to + say_or_year(s, *until, years && !short_year && suffix.spoken.empty()) + suffix.spoken};
}

std::optional<Reading> read_quantity(const Sentence& s, std::size_t i) {
  if (!amount_may_begin(s.text, i)) return std::nullopt;
  const auto amount = parse_amount(s, i);
  if (!amount) return std::nullopt;
  const Said suffix = suffix_at(s, *amount);
  if (suffix.spoken.empty()) return std::nullopt;
  return Reading{suffix.end, say(*amount, s) + suffix.spoken};
}

std::optional<Reading> read_year(const Sentence& s, std::size_t i) {
  if (!s.language.english || !is_digit(at(s.text, i)) || !amount_may_begin(s.text, i)) return std::nullopt;
  const auto amount = parse_amount(s, i);
  if (!amount || !is_year(*amount) || is_letter(at(s.text, amount->end)) || counts(s.text, amount->end)) return std::nullopt;
  return Reading{amount->end, s.spell.year(amount->value())};
}

std::optional<Reading> read_number(const Sentence& s, std::size_t i) {
  if (is_letter(before(s.text, i)) || before(s.text, i) == U'_') {  // MP3, B52, H2O: no signs, no groups
    std::size_t end = i;
    while (is_digit(at(s.text, end))) ++end;
    if (end == i) return std::nullopt;
    const auto digits = s.text.substr(i, end - i);
    return Reading{end, digits.size() > 4 ? s.spell.digits(digits) : s.spell.whole(digits)};
  }
  const auto amount = parse_amount(s, i);
  if (!amount) return std::nullopt;
  return Reading{amount->end, say(*amount, s)};
}

}  // namespace lectern::text
