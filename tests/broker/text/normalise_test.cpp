#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

struct Case {
  const char* written;
  const char* said;
};

void expect_said(const std::string& language, std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(normalise(c.written, language), c.said) << "written: " << c.written;
    EXPECT_EQ(normalise(c.said, language), c.said) << "not idempotent: " << c.written;
  }
}

TEST(Normalise, RefusesUnknownLanguages) {
  EXPECT_THROW(normalise("five", "klingon"), Fault);
  EXPECT_EQ(normalise("5", "en"), "five");
  EXPECT_EQ(normalise("5", "pt_BR"), "cinco");
}

TEST(Normalise, Numbers) {
  expect_said("en-us", {{"0", "zero"},
                        {"7 cats", "seven cats"},
                        {"105 cats", "one hundred five cats"},
                        {"1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"},
                        {"1000000", "one million"},
                        {"3.14", "three point one four"},
                        {"0.05", "zero point zero five"},
                        {".5", "point five"},
                        {"-5 degrees", "minus five degrees"},
                        {"−12", "minus twelve"},
                        {"(-3)", "(minus three)"},
                        {"1,2,3", "one, two, three"},
                        {"He is 5.", "He is five."},
                        {"10 000", "ten zero zero zero"},
                        {"10\u00a0000", "ten thousand"},
                        {"007", "zero zero seven"},
                        {"12345678", "one two three four five six seven eight"},
                        {"MP3 and B52", "MP three and B fifty-two"},
                        {"H2O", "H two O"},
                        {"COVID-19", "COVID-nineteen"},
                        {"20-year-old", "twenty-year-old"},
                        {"3D", "three D"},
                        {"version 1.2.3", "version one point two point three"},
                        {"192.168.0.1", "one hundred ninety-two dot one hundred sixty-eight dot zero dot one"},
                        {"1200 people", "one thousand two hundred people"},
                        {"٣", "three"},
                        {"Ⅳ", "four"},
                        {"10²", "ten squared"},
                        {"65+", "sixty-five plus"}});
  expect_said("en-gb",
              {{"105 cats", "one hundred and five cats"}, {"1,234", "one thousand two hundred and thirty-four"}});
}

TEST(Normalise, FractionsAndPercent) {
  expect_said("en-us", {{"1/2", "one half"},
                        {"½", "one half"},
                        {"2½ hours", "two and a half hours"},
                        {"2 1/2 cups", "two and a half cups"},
                        {"3/4", "three quarters"},
                        {"2/3", "two thirds"},
                        {"1/3 of it", "one third of it"},
                        {"¾", "three quarters"},
                        {"5/100", "five hundredths"},
                        {"7/23", "seven over twenty-three"},
                        {"50%", "fifty percent"},
                        {"5.5 %", "five point five percent"},
                        {"10–20%", "ten to twenty percent"},
                        {"-2%", "minus two percent"}});
}

TEST(Normalise, Money) {
  expect_said("en-us", {{"$5", "five dollars"},
                        {"$1", "one dollar"},
                        {"$5.20", "five dollars and twenty cents"},
                        {"$1.01", "one dollar and one cent"},
                        {"$5.00", "five dollars"},
                        {"$0.50", "fifty cents"},
                        {"£3", "three pounds"},
                        {"£3.50", "three pounds and fifty pence"},
                        {"€1.5 million", "one point five million euros"},
                        {"$2bn", "two billion dollars"},
                        {"$5,000", "five thousand dollars"},
                        {"$5-10", "five to ten dollars"},
                        {"20 €", "twenty euros"},
                        {"50¢", "fifty cents"},
                        {"20 cents", "twenty cents"},
                        {"-$5", "minus five dollars"},
                        {"US$20", "twenty US dollars"},
                        {"EUR 20", "twenty euros"},
                        {"¥300", "three hundred yen"},
                        {"It cost $5.", "It cost five dollars."},
                        {"($1 to $5,000)", "(one dollar to five thousand dollars)"}});
}

TEST(Normalise, YearsAndDates) {
  expect_said("en-us", {{"in 1865", "in eighteen sixty-five"},
                        {"2005", "two thousand five"},
                        {"1905", "nineteen oh-five"},
                        {"1900", "nineteen hundred"},
                        {"2000", "two thousand"},
                        {"2024", "twenty twenty-four"},
                        {"the 1990s", "the nineteen nineties"},
                        {"the 2000s", "the two thousands"},
                        {"the '60s", "the sixties"},
                        {"the 90s", "the nineties"},
                        {"March 4th, 1999", "March fourth, nineteen ninety-nine"},
                        {"March 4", "March fourth"},
                        {"4 March 1999", "the fourth of March, nineteen ninety-nine"},
                        {"the 4th of March", "the fourth of March"},
                        {"June 25, 2008", "June twenty-fifth, two thousand eight"},
                        {"March, 1994", "March, nineteen ninety-four"},
                        {"May 2010", "May twenty ten"},
                        {"Dec. 25", "December twenty-fifth"},
                        {"Jan. 5, 2020", "January fifth, twenty twenty"},
                        {"March 4-6", "March fourth to sixth"},
                        {"2024-05-01", "May first, twenty twenty-four"},
                        {"5/12/2020", "May twelfth, twenty twenty"},
                        {"25/12/2020", "December twenty-fifth, twenty twenty"},
                        {"5/12/20", "May twelfth, twenty twenty"},
                        {"12.5.2020", "May twelfth, twenty twenty"},
                        {"1914–1918", "nineteen fourteen to nineteen eighteen"},
                        {"1914-18", "nineteen fourteen to eighteen"},
                        {"the summer of '69", "the summer of sixty-nine"}});
  expect_said("en-gb", {{"5/12/2020", "the fifth of December, twenty twenty"},
                        {"2024-05-01", "the first of May, twenty twenty-four"},
                        {"March 4", "March the fourth"},
                        {"2005", "two thousand and five"}});
}

TEST(Normalise, TimesOfDay) {
  expect_said("en-us", {{"10:30", "ten thirty"},
                        {"at 10:05", "at ten oh five"},
                        {"9:00", "nine o'clock"},
                        {"22:00", "twenty-two hundred"},
                        {"00:00", "midnight"},
                        {"9 a.m.", "nine a.m."},
                        {"9am", "nine a.m."},
                        {"10:30 PM", "ten thirty p.m."},
                        {"It was 5 pm.", "It was five p.m."},
                        {"9.30 a.m. today", "nine thirty a.m. today"},
                        {"10:30:15", "ten thirty and fifteen seconds"},
                        {"10:30-11:15", "ten thirty to eleven fifteen"},
                        {"10am–5pm", "ten a.m. to five p.m."},
                        {"a ratio of 3:1", "a ratio of three to one"},
                        {"John 3:16", "John three sixteen"}});
}

TEST(Normalise, OrdinalsUnitsAndRanges) {
  expect_said("en-us", {{"1st", "first"},
                        {"the 22nd", "the twenty-second"},
                        {"1,000th", "one thousandth"},
                        {"5 km", "five kilometers"},
                        {"1 km", "one kilometer"},
                        {"10kg", "ten kilograms"},
                        {"30 °C", "thirty degrees Celsius"},
                        {"-5°F", "minus five degrees Fahrenheit"},
                        {"45°", "forty-five degrees"},
                        {"60 mph", "sixty miles per hour"},
                        {"100 km/h", "one hundred kilometers per hour"},
                        {"2.5 GHz", "two point five gigahertz"},
                        {"20 m²", "twenty square meters"},
                        {"½ km", "half a kilometer"},
                        {"¾ mile", "three quarters mile"},
                        {"¾ km", "three quarters of a kilometer"},
                        {"6 ft.", "six feet."},
                        {"5'10\"", "five feet ten inches"},
                        {"10-20 miles", "ten to twenty miles"},
                        {"5–10 km", "five to ten kilometers"},
                        {"pp. 10-12", "pages ten to twelve"},
                        {"won 3-2", "won three to two"}});
  expect_said("en-gb", {{"5 km", "five kilometres"}});
}

TEST(Normalise, TelephonesAndLongDigits) {
  expect_said("en-us",
              {{"555-1234", "five five five, one two three four"},
               {"555-123-4567", "five five five, one two three, four five six seven"},
               {"(555) 123-4567", "five five five, one two three, four five six seven"},
               {"+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"},
               {"64-6221541", "six four, six two two one five four one"},
               {"1234567890123456", "one two three four five six seven eight nine zero one two three four five six"}});
}

TEST(Normalise, RomanNumeralsByTheWordBefore) {
  expect_said("en-us", {{"Chapter IV", "Chapter four"},
                        {"CHAPTER I. Down", "CHAPTER one. Down"},
                        {"chapter xii", "chapter twelve"},
                        {"Part I of it", "Part one of it"},
                        {"World War II", "World War two"},
                        {"Vol. III", "Volume three"},
                        {"Act II, Scene iv", "Act two, Scene four"},
                        {"King Henry VIII", "King Henry the Eighth"},
                        {"Louis XIV was", "Louis the Fourteenth was"},
                        {"Pope John Paul II", "Pope John Paul the Second"},
                        {"Queen Elizabeth I.", "Queen Elizabeth the First."},
                        {"King Harald V", "King Harald the Fifth"},
                        {"Henry VIII's wives", "Henry the Eighth's wives"},
                        {"the part I like", "the part I like"},
                        {"The book I read", "The book I read"},
                        {"Henry, I think so", "Henry, I think so"},
                        {"John V. Smith", "John V. Smith"},
                        {"I mix it", "I mix it"}});
}

TEST(Normalise, Abbreviations) {
  expect_said("en-us", {{"Mr. and Mrs. Smith", "Mister and Missus Smith"},
                        {"Mr Smith", "Mister Smith"},
                        {"MR. SMITH", "Mister SMITH"},
                        {"Dr. Brown", "Doctor Brown"},
                        {"Elm Dr.", "Elm Drive."},
                        {"St. Paul", "Saint Paul"},
                        {"on Elm St. today", "on Elm Street today"},
                        {"on Elm St.", "on Elm Street."},
                        {"Prof. Jones", "Professor Jones"},
                        {"Lt. Col. Jones", "Lieutenant Colonel Jones"},
                        {"e.g. this, i.e. that", "for example this, that is that"},
                        {"milk, etc.", "milk, et cetera."},
                        {"milk, etc., and", "milk, et cetera, and"},
                        {"cats vs. dogs", "cats versus dogs"},
                        {"No. 5", "Number five"},
                        {"No. I will not.", "No. I will not."},
                        {"Fig. 3", "Figure three"},
                        {"King Jr.", "King Junior."},
                        {"Acme Co. paid", "Acme Company paid"},
                        {"the U.S. laws", "the U.S. laws"},
                        {"J. R. R. Tolkien", "J. R. R. Tolkien"},
                        {"c. 1850", "circa eighteen fifty"},
                        {"a Ph.D. in it", "a PhD in it"}});
}

TEST(Normalise, SignsAndAddresses) {
  expect_said("en-us", {{"Tom & Jerry", "Tom and Jerry"},
                        {"AT&T", "AT and T"},
                        {"2 + 2 = 4", "two plus two equals four"},
                        {"#5", "number five"},
                        {"5 * 3", "five times three"},
                        {"5 × 3", "five times three"},
                        {"a < b", "a less than b"},
                        {"~20", "about twenty"},
                        {"§ 5", "section five"},
                        {"either/or", "either or"},
                        {"_very_ *good*", "very good"},
                        {"snake_case", "snake case"},
                        {"word[12] word.[3]", "word word."},
                        {"me@mail.com", "me at mail dot com"},
                        {"john.doe@mail.co.uk.", "john dot doe at mail dot co dot uk."},
                        {"https://www.example.com/a-b", "www dot example dot com slash a dash b"},
                        {"(http://pglaf.org/donate)", "(pglaf dot org slash donate)"},
                        {"see gutenberg.org.", "see gutenberg dot org."},
                        {"nice 🐇 day", "nice day"},
                        {"Acme™ soap®", "Acme soap"},
                        {"C++ and C#", "C plus plus and C sharp"},
                        {"10^6", "ten to the power of six"},
                        {"<b>bold</b>", "bold"},
                        {"open 24/7", "open twenty-four seven"},
                        {"v2.0", "v two point zero"},
                        {"§4 ©2020", "section four copyright twenty twenty"}});
}

TEST(Normalise, Typography) {
  expect_said("en-us", {{"‘Well!’ she said", "“Well!” she said"},
                        {"don’t", "don't"},
                        {"’tis", "'tis"},
                        {"‘the dog’s bone’", "“the dog's bone”"},
                        {"no--never", "no—never"},
                        {"well...", "well…"},
                        {"well. . . yes", "well… yes"},
                        {"«oui»", "“oui”"},
                        {"soft\u00adhyphen", "softhyphen"},
                        {"a\u200bb", "ab"},
                        {"  a \t b\n", "a b"},
                        {"cafe\u0301", "café"},
                        {"[aside]", "(aside)"}});
}

TEST(Normalise, OtherLanguagesReadNumbersInTheirOwnWords) {
  expect_said("es", {{"21 gatos", "veintiuno gatos"},
                     {"1.234", "mil doscientos treinta y cuatro"},
                     {"3,14", "tres coma uno cuatro"},
                     {"50%", "cincuenta por ciento"},
                     {"5 €", "cinco euros"},
                     {"el 1º", "el primero"},
                     {"la 2ª", "la segunda"},
                     {"10-20", "diez a veinte"},
                     {"10:30", "diez treinta"},
                     {"Mr. Smith", "Mr. Smith"}});
  expect_said("fr", {{"21 chats", "vingt-et-un chats"},
                     {"1\u202f234", "mille deux cent trente-quatre"},
                     {"3,5", "trois virgule cinq"},
                     {"le 1er mai", "le premier mai"},
                     {"la 1re", "la première"},
                     {"le 2e", "le deuxième"},
                     {"20 €", "vingt euros"},
                     {"10:30", "dix heures trente"},
                     {"à 22h30", "à vingt-deux heures trente"},
                     {"à 8h", "à huit heures"},
                     {"« Oui »", "“Oui”"},
                     {"50 %", "cinquante pour cent"}});
  expect_said("it", {{"21 gatti", "ventuno gatti"},
                     {"3,14", "tre virgola uno quattro"},
                     {"€5", "cinque euro"},
                     {"1º", "primo"},
                     {"10%", "dieci per cento"}});
  expect_said("pt-br", {{"21 gatos", "vinte e um gatos"},
                        {"R$ 5,20", "cinco reais e vinte centavos"},
                        {"1ª", "primeira"},
                        {"10%", "dez por cento"}});
  expect_said("hi", {{"5 बिल्लियाँ", "पाँच बिल्लियाँ"},
                     {"१२", "बारह"},
                     {"50%", "पचास प्रतिशत"},
                     {"3.5", "तीन दशमलव पाँच"},
                     {"₹10", "दस रुपये"}});
}

TEST(Normalise, KeepsEveryWord) {
  const std::string sentence = "The quick brown fox, who was—as ever—late, said: “It isn’t me (nor you); e·g·o.”";
  EXPECT_EQ(words(to_code_points(normalise(sentence, "en-us"))),
            words(to_code_points("The quick brown fox who was as ever late said It isn't me nor you e g o")));
}

}  // namespace
}  // namespace lectern::text
