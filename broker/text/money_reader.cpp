// Money: $5.20, £3, US$5 million, €1.5bn, 20 €, 50¢, EUR 20.
#include "broker/text/amount.h"
#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

struct Scale {
  std::u32string_view written, spoken;
};

// After the figure; written-out scales are said before the currency ("five million dollars").
constexpr Scale kEnglishScales[] = {{U"thousand", U"thousand"}, {U"million", U"million"}, {U"billion", U"billion"}, {U"trillion", U"trillion"},
                                    {U"hundred", U"hundred"},   {U"k", U"thousand"},      {U"K", U"thousand"},      {U"m", U"million"},
                                    {U"M", U"million"},         {U"mn", U"million"},      {U"bn", U"billion"},      {U"b", U"billion"},
                                    {U"B", U"billion"},         {U"tn", U"trillion"}};
constexpr Scale kForeignScales[] = {{U"millones", U"millones de"}, {U"millón", U"millón de"},   {U"millions", U"millions de"},
                                    {U"million", U"million de"},   {U"milliards", U"milliards de"}, {U"milioni", U"milioni di"},
                                    {U"miliardi", U"miliardi di"}, {U"milhões", U"milhões de"}, {U"bilhões", U"bilhões de"},
                                    {U"mil", U"mil"},              {U"लाख", U"लाख"},             {U"करोड़", U"करोड़"}};

const Currency* currency_at(const Sentence& s, std::size_t i) {
  for (const Currency& currency : *s.language.currencies)
    if (s.text.substr(i).starts_with(currency.sign)) {
      const bool letters = is_letter(currency.sign.back());
      if (!letters || (!is_word(at(s.text, i + currency.sign.size())) || is_digit(at(s.text, i + currency.sign.size())))) return &currency;
    }
  return nullptr;
}

std::u32string_view scale_at(const Sentence& s, std::size_t i, std::size_t& end) {
  const std::size_t start = skip_blank(s.text, i);
  end = word_end(s.text, start);
  const auto word = s.text.substr(start, end - start);
  const auto find = [&](const auto& scales) {
    for (const Scale& scale : scales)
      if (scale.written == word && (word.size() > 2 || start == i)) return scale.spoken;
    return std::u32string_view();
  };
  const auto spoken = s.language.english ? find(kEnglishScales) : find(kForeignScales);
  if (spoken.empty()) end = i;
  return spoken;
}

std::u32string say_money(const Sentence& s, const Amount& amount, const Currency& currency, std::u32string_view scale) {
  const auto joined = [&](std::u32string spoken, std::u32string_view word) { return spoken + U' ' + std::u32string(word); };
  if (!scale.empty()) return joined(joined(say(amount, s), scale), currency.many);
  const bool cents = amount.decimals.size() == 2 && !currency.minor.empty();
  if (!cents) return joined(say(amount, s), amount.one() ? currency.one : currency.many);
  Amount major = amount, minor;
  major.decimals.clear();
  minor.whole = amount.decimals[0] == U'0' ? amount.decimals.substr(1) : amount.decimals;
  std::u32string spoken;
  const bool nothing = major.whole.empty() || major.whole == U"0";
  if (minor.whole == U"0") return joined(say(major, s), major.one() ? currency.one : currency.many);
  if (!nothing) spoken = joined(joined(say(major, s), major.one() ? currency.one : currency.many), s.language.and_of_money) + U' ';
  else if (amount.negative) spoken = std::u32string(s.language.minus) + U' ';
  return spoken + joined(say(minor, s), minor.one() ? currency.minor_one : currency.minor);
}

// "$5-10 million": both amounts, the currency once.
std::optional<Amount> range_end(const Sentence& s, const Amount& from, const Currency& currency) {
  std::size_t i = from.end;
  if (!is_dash(at(s.text, i)) || !from.decimals.empty()) return std::nullopt;
  ++i;
  if (s.text.substr(i).starts_with(currency.sign)) i += currency.sign.size();
  if (!is_digit(at(s.text, i))) return std::nullopt;
  return parse_amount(s, i);
}

}  // namespace

std::optional<Reading> read_money(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (is_word(before(text, i))) return std::nullopt;
  const bool negative = (at(text, i) == U'-' || at(text, i) == U'−') && !is_word(before(text, i));
  const std::size_t sign = negative ? i + 1 : i;
  if (const Currency* currency = currency_at(s, sign)) {
    const std::size_t start = skip_blank(text, sign + currency->sign.size());
    auto amount = parse_amount(s, start);
    if (!amount || is_space(at(text, sign))) return std::nullopt;
    amount->negative = amount->negative || negative;
    std::u32string first;
    if (const auto until = range_end(s, *amount, *currency)) {
      first = say(*amount, s) + U' ' + std::u32string(s.language.to) + U' ';
      amount = until;
    }
    std::size_t end = amount->end;
    const auto scale = scale_at(s, amount->end, end);
    return Reading{end, first + say_money(s, *amount, *currency, scale)};
  }
  if (!amount_may_begin(text, i)) return std::nullopt;
  const auto amount = parse_amount(s, i);  // 20 €, 5 million €
  if (!amount) return std::nullopt;
  std::size_t end = amount->end;
  const auto scale = scale_at(s, amount->end, end);
  const std::size_t place = skip_blank(text, end);
  const Currency* currency = currency_at(s, place);
  if (!currency || (place > end && is_digit(at(text, skip_blank(text, place + currency->sign.size()))))) return std::nullopt;
  return Reading{place + currency->sign.size(), say_money(s, *amount, *currency, scale)};
}

}  // namespace lectern::text
