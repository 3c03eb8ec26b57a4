#include "broker/text/language.h"

#include <algorithm>

#include "config/fault.h"

namespace lectern::text {
namespace {

const std::vector<Currency> kEnglishMoney = {
    {U"US$", U"US dollar", U"US dollars", U"cent", U"cents"},
    {U"C$", U"Canadian dollar", U"Canadian dollars", U"cent", U"cents"},
    {U"A$", U"Australian dollar", U"Australian dollars", U"cent", U"cents"},
    {U"R$", U"real", U"reais", U"centavo", U"centavos"},
    {U"$", U"dollar", U"dollars", U"cent", U"cents"},
    {U"£", U"pound", U"pounds", U"penny", U"pence"},
    {U"€", U"euro", U"euros", U"cent", U"cents"},
    {U"¥", U"yen", U"yen", U"", U""},
    {U"₹", U"rupee", U"rupees", U"paisa", U"paise"},
    {U"₽", U"ruble", U"rubles", U"kopeck", U"kopecks"},
    {U"₩", U"won", U"won", U"", U""},
    {U"₿", U"bitcoin", U"bitcoins", U"", U""},
    {U"¢", U"cent", U"cents", U"", U""},
    {U"USD", U"US dollar", U"US dollars", U"cent", U"cents"},
    {U"EUR", U"euro", U"euros", U"cent", U"cents"},
    {U"GBP", U"pound", U"pounds", U"penny", U"pence"},
};
const std::vector<Currency> kSpanishMoney = {{U"R$", U"real", U"reales", U"centavo", U"centavos"},
                                             {U"$", U"dólar", U"dólares", U"centavo", U"centavos"},
                                             {U"€", U"euro", U"euros", U"céntimo", U"céntimos"},
                                             {U"£", U"libra", U"libras", U"penique", U"peniques"},
                                             {U"¥", U"yen", U"yenes", U"", U""}};
const std::vector<Currency> kFrenchMoney = {{U"$", U"dollar", U"dollars", U"cent", U"cents"},
                                            {U"€", U"euro", U"euros", U"centime", U"centimes"},
                                            {U"£", U"livre", U"livres", U"penny", U"pence"},
                                            {U"¥", U"yen", U"yens", U"", U""}};
const std::vector<Currency> kItalianMoney = {{U"$", U"dollaro", U"dollari", U"centesimo", U"centesimi"},
                                             {U"€", U"euro", U"euro", U"centesimo", U"centesimi"},
                                             {U"£", U"sterlina", U"sterline", U"penny", U"penny"},
                                             {U"¥", U"yen", U"yen", U"", U""}};
const std::vector<Currency> kPortugueseMoney = {{U"R$", U"real", U"reais", U"centavo", U"centavos"},
                                                {U"US$", U"dólar", U"dólares", U"centavo", U"centavos"},
                                                {U"$", U"dólar", U"dólares", U"centavo", U"centavos"},
                                                {U"€", U"euro", U"euros", U"centavo", U"centavos"},
                                                {U"£", U"libra", U"libras", U"pêni", U"pence"},
                                                {U"¥", U"iene", U"ienes", U"", U""}};
const std::vector<Currency> kHindiMoney = {{U"₹", U"रुपया", U"रुपये", U"पैसा", U"पैसे"},
                                           {U"$", U"डॉलर", U"डॉलर", U"सेंट", U"सेंट"},
                                           {U"€", U"यूरो", U"यूरो", U"सेंट", U"सेंट"},
                                           {U"£", U"पाउंड", U"पाउंड", U"पेंस", U"पेंस"}};

const std::vector<SignWord> kEnglishSigns = {
    {U"&", U"and"}, {U"+", U"plus"}, {U"=", U"equals"}, {U"@", U"at"}, {U"%", U"percent"}, {U"×", U"times"}, {U"÷", U"divided by"},
    {U"±", U"plus or minus"}, {U"≈", U"approximately"}, {U"≠", U"is not equal to"}, {U"≤", U"less than or equal to"},
    {U"≥", U"greater than or equal to"}, {U"<", U"less than"}, {U">", U"greater than"}, {U"→", U"to"}, {U"§", U"section"},
    {U"¶", U"paragraph"}, {U"©", U"copyright"}, {U"°", U"degrees"}, {U"‰", U"per mille"}, {U"∞", U"infinity"}, {U"√", U"square root of"},
    {U"#", U"number"}, {U"№", U"number"}, {U"~", U"about"}, {U"*", U"times"}, {U"€", U"euros"}, {U"£", U"pounds"}, {U"$", U"dollars"},
    {U"−", U"minus"}};
const std::vector<SignWord> kSpanishSigns = {{U"&", U"y"}, {U"+", U"más"}, {U"=", U"igual a"}, {U"@", U"arroba"}, {U"%", U"por ciento"},
                                             {U"×", U"por"}, {U"°", U"grados"}, {U"§", U"sección"}, {U"#", U"número"}, {U"№", U"número"}, {U"−", U"menos"}};
const std::vector<SignWord> kFrenchSigns = {{U"&", U"et"}, {U"+", U"plus"}, {U"=", U"égale"}, {U"@", U"arobase"}, {U"%", U"pour cent"},
                                            {U"×", U"fois"}, {U"°", U"degrés"}, {U"§", U"paragraphe"}, {U"#", U"numéro"}, {U"№", U"numéro"}, {U"−", U"moins"}};
const std::vector<SignWord> kItalianSigns = {{U"&", U"e"}, {U"+", U"più"}, {U"=", U"uguale a"}, {U"@", U"chiocciola"}, {U"%", U"per cento"},
                                             {U"×", U"per"}, {U"°", U"gradi"}, {U"§", U"paragrafo"}, {U"#", U"numero"}, {U"№", U"numero"}, {U"−", U"meno"}};
const std::vector<SignWord> kPortugueseSigns = {{U"&", U"e"}, {U"+", U"mais"}, {U"=", U"igual a"}, {U"@", U"arroba"}, {U"%", U"por cento"},
                                                {U"×", U"vezes"}, {U"°", U"graus"}, {U"§", U"parágrafo"}, {U"#", U"número"}, {U"№", U"número"}, {U"−", U"menos"}};
const std::vector<SignWord> kHindiSigns = {{U"&", U"और"}, {U"+", U"जमा"}, {U"=", U"बराबर"}, {U"@", U"ऐट"}, {U"%", U"प्रतिशत"},
                                           {U"×", U"गुणा"}, {U"°", U"डिग्री"}, {U"#", U"नंबर"}, {U"№", U"नंबर"}, {U"−", U"ऋण"}};

const Language kLanguages[] = {
    {"en-us", "en_US", "%spellout-cardinal", "%spellout-ordinal", "%spellout-ordinal", U'.', U',', true, true, U"point", U"percent", U"to",
     U"minus", U"and", U"and", U"", U"", U"over", U"dot", U"slash", &kEnglishMoney, &kEnglishSigns},
    {"en-gb", "en_GB", "%spellout-cardinal-verbose", "%spellout-ordinal-verbose", "%spellout-ordinal-verbose", U'.', U',', true, false,
     U"point", U"percent", U"to", U"minus", U"and", U"and", U"", U"", U"over", U"dot", U"slash", &kEnglishMoney, &kEnglishSigns},
    {"es", "es", "%spellout-numbering", "%spellout-ordinal-masculine", "%spellout-ordinal-feminine", U',', U'.', false, false, U"coma",
     U"por ciento", U"a", U"menos", U"y", U"con", U"", U"", U"sobre", U"punto", U"barra", &kSpanishMoney, &kSpanishSigns},
    {"fr", "fr", "%spellout-numbering", "%spellout-ordinal-masculine", "%spellout-ordinal-feminine", U',', U'\u202f', false, false,
     U"virgule", U"pour cent", U"à", U"moins", U"et", U"et", U"heures", U"", U"sur", U"point", U"barre oblique", &kFrenchMoney, &kFrenchSigns},
    {"hi", "hi", "%spellout-cardinal", "%spellout-ordinal-masculine", "%spellout-ordinal-feminine", U'.', U',', false, false, U"दशमलव",
     U"प्रतिशत", U"से", U"ऋण", U"और", U"और", U"बजकर", U"मिनट", U"बटा", U"डॉट", U"स्लैश", &kHindiMoney, &kHindiSigns},
    {"it", "it", "%spellout-numbering", "%spellout-ordinal-masculine", "%spellout-ordinal-feminine", U',', U'.', false, false, U"virgola",
     U"per cento", U"a", U"meno", U"e", U"e", U"e", U"", U"su", U"punto", U"barra", &kItalianMoney, &kItalianSigns},
    {"pt-br", "pt_BR", "%spellout-numbering", "%spellout-ordinal-masculine", "%spellout-ordinal-feminine", U',', U'.', false, false,
     U"vírgula", U"por cento", U"a", U"menos", U"e", U"e", U"e", U"", U"sobre", U"ponto", U"barra", &kPortugueseMoney, &kPortugueseSigns},
};

}  // namespace

const Language& find_language(std::string_view name) {
  std::string wanted(name);
  for (char& c : wanted) c = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const Language& language : kLanguages)
    if (language.name == wanted) return language;
  for (const Language& language : kLanguages)  // "en" -> en-us, "pt" -> pt-br, "es-mx" -> es
    if (wanted.substr(0, 2) == language.name.substr(0, 2) && (wanted.size() == 2 || (wanted[2] == '-' && language.name.size() == 2)))
      return language;
  std::string known;
  for (const Language& language : kLanguages) known += (known.empty() ? "" : ", ") + std::string(language.name);
  throw Fault(Exit::bad_input, "no rules for reading the language '" + std::string(name) + "'", "known languages: " + known);
}

}  // namespace lectern::text
