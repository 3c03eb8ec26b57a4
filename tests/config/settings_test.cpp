#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "config/fault.h"
#include "config/file.h"
#include "config/spelling.h"

namespace lectern {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

// What is refused, and with which mend; empty when nothing is.
struct Refusal {
  std::string what, hint;
};
Refusal refusal(const std::string& yaml) {
  try {
    parse_settings(yaml, "config.yaml");
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    return {fault.what(), fault.hint()};
  }
  return {};
}

class Environment : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("LECTERN_TEST_MODELS");
    unsetenv("LECTERN_LOG_LEVEL");
    home_ = fs::path(testing::TempDir()) / ("settings-" + std::to_string(getpid()));
    fs::create_directories(home_);
  }
  void TearDown() override {
    fs::remove_all(home_);
    SetUp();
    fs::remove_all(home_);
  }
  Settings load() { return load_settings(Paths::locate(home_)); }
  fs::path home_;
};

TEST(Settings, AnUnknownKeyIsRefusedWithItsLineAndTheNearestKey) {
  const Refusal r = refusal("model: kokoro-82m\n\nvoise: af_heart\n");
  EXPECT_EQ(r.what, "config.yaml:3: unknown key 'voise'");
  EXPECT_EQ(r.hint, "did you mean 'voice'?");
}

TEST(Settings, AnUnknownKeyThatIsNearNothingGetsTheListOfKeys) {
  EXPECT_THAT(refusal("blimey: 1\n").hint, StartsWith("known keys: "));
}

TEST(DeliverySettings, AreReadAndRefusedByOneList) {
  Settings s = parse_settings("", "config.yaml");
  EXPECT_EQ(s.delivery, usual_delivery());
  EXPECT_EQ(s.delivery.loudness, "audiobook");
  s = parse_settings("loudness: podcast\nsubtitles: [srt, vtt]\nauthor: Anna\n", "config.yaml");
  EXPECT_EQ(s.delivery.loudness, "podcast");
  EXPECT_TRUE(s.delivery.wants("srt") && s.delivery.wants("vtt") && !s.delivery.wants("readalong"));
  EXPECT_EQ(s.delivery.author, "Anna");
  EXPECT_FALSE(s.delivery.by_chapters());
  const struct {
    std::string yaml, what, hint;
  } rows[] = {
      {"loudness: loud\n", "config.yaml:1: 'loudness' cannot be 'loud'", "use audiobook, podcast, broadcast, none"},
      {"\nsubtitles: srt,sub\n", "config.yaml:2: 'subtitles' cannot be 'srt,sub'", "use srt, vtt, readalong, none"},
      {"subtitles: none,srt\n", "config.yaml:1: 'subtitles' cannot be 'none,srt'", "none stands alone"},
      {"track: 3\n", "config.yaml:1: unknown key 'track'", ""},
  };
  for (const auto& row : rows) {
    const Refusal r = refusal(row.yaml);
    EXPECT_THAT(r.what, StartsWith(row.what)) << row.yaml;
    EXPECT_THAT(r.hint, HasSubstr(row.hint)) << row.yaml;
  }
}

TEST(DeliverySettings, OfAMessageAreCheckedAndComeBack) {
  Delivery said;
  said.split = "chapters";
  said.date = "2026-11";
  said.track = "12";
  EXPECT_EQ(parse_delivery(to_json(said)), said);
  EXPECT_TRUE(to_json(Delivery()).empty());
  Delivery stronger;
  stronger.split = "none";
  said.apply(stronger);
  EXPECT_FALSE(said.by_chapters());
  EXPECT_EQ(said.track, "12") << "what is not said changes nothing";
  for (const auto& [object, what] : std::vector<std::pair<nlohmann::json, std::string>>{
           {{{"loudnes", "none"}}, "field 'delivery.loudnes' is not known"},
           {{{"track", 3}}, "field 'delivery.track' must be a text"},
           {{{"track", "0"}}, "field 'delivery.track' cannot be '0'"},
           {{{"date", "26.11.2026"}}, "field 'delivery.date' cannot be"},
           {nlohmann::json::array(), "field 'delivery' must be a JSON object"}}) {
    try {
      parse_delivery(object);
      ADD_FAILURE() << object;
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.exit(), Exit::bad_input);
      EXPECT_THAT(fault.what(), StartsWith(what)) << object;
    }
  }
}

TEST(Windows, AreReadWithDaysHoursAndZone) {
  const Settings s = parse_settings(
      "windows:\n"
      "  - name: night\n    from: 22:00\n    to: 06:00\n    zone: Europe/Berlin\n"
      "  - {name: week_end, days: [sat, sun], from: 0:00, to: 24:00}\n"
      "window: night\n",
      "config.yaml");
  ASSERT_EQ(s.windows.size(), 2u);
  EXPECT_EQ(s.windows[0].name, "night");
  EXPECT_EQ(s.windows[0].hours.days, calendar::kEveryDay);
  EXPECT_EQ(s.windows[0].hours.from_minute, 22 * 60);
  EXPECT_EQ(s.windows[0].hours.to_minute, 6 * 60);
  EXPECT_EQ(s.windows[0].zone, "Europe/Berlin");
  EXPECT_EQ(s.windows[1].hours.days, 0b1000001u);
  EXPECT_EQ(s.windows[1].hours.to_minute, 24 * 60);
  EXPECT_EQ(s.window, "night");
  EXPECT_EQ(parse_settings("window: always\n", "config.yaml").window, "");
}

TEST(Windows, AreRefusedWithLineAndField) {
  const std::string good = "    from: 22:00\n    to: 06:00\n";
  const struct {
    std::string yaml, what, hint;
  } rows[] = {
      {"windows: night\n", "config.yaml:1: 'windows' must be a list of windows", "begin each window"},
      {"windows:\n  - from: 22:00\n    to: 06:00\n", "config.yaml:2: a window: key 'name' is missing", "add 'name"},
      {"windows:\n  - name: a night\n" + good, "config.yaml:2: 'name' cannot be 'a night'", "use letters"},
      {"windows:\n  - name: always\n" + good, "config.yaml:2: 'name' cannot be 'always'", "is taken"},
      {"windows:\n  - name: night\n    from: 25:00\n    to: 06:00\n",
       "config.yaml:3: 'from' is no time of day: '25:00'", "22:00"},
      {"windows:\n  - name: night\n    from: 24:00\n    to: 06:00\n", "config.yaml:3: 'from' is no time of day", ""},
      {"windows:\n  - name: night\n    from: 22:00\n", "config.yaml:2: a window: key 'to' is missing", ""},
      {"windows:\n  - name: night\n" + good + "    zone: Europe/Berlim\n",
       "config.yaml:5: 'zone' is not known: 'Europe/Berlim'", "did you mean 'Europe/Berlin'?"},
      {"windows:\n  - name: night\n" + good + "    zone: Middle-earth\n", "config.yaml:5: 'zone' is not known", "IANA"},
      {"windows:\n  - name: night\n    from: 22:00\n    to: 22:00\n",
       "config.yaml:4: 'to' is the same as 'from': the window 'night' is never open", "from: 00:00 and to: 24:00"},
      {"windows:\n  - name: night\n    days: []\n" + good, "config.yaml:3: 'days' is empty: the window is never open", ""},
      {"windows:\n  - name: night\n    days: moon\n" + good, "config.yaml:3: 'days' is not understood: 'moon'", ""},
      {"windows:\n  - name: night\n" + good + "  - name: night\n" + good,
       "config.yaml:5: 'name': two windows are called 'night'", "rename"},
      {"windows:\n  - name: night\n" + good + "    zonee: UTC\n", "config.yaml:5: unknown key 'zonee' in a window",
       "did you mean 'zone'?"},
      {"windows:\n  - name: night\n" + good + "window: nihgt\n",
       "config.yaml:5: 'window' cannot be 'nihgt': there is no window of that name", "did you mean 'night'?"},
      {"window: night\n", "config.yaml:1: 'window' cannot be 'night'", "no windows"},
  };
  for (const auto& row : rows) {
    const Refusal r = refusal(row.yaml);
    EXPECT_THAT(r.what, StartsWith(row.what)) << row.yaml;
    EXPECT_THAT(r.hint, HasSubstr(row.hint)) << row.yaml;
    EXPECT_FALSE(r.hint.empty()) << row.yaml;
  }
}

TEST(SchedulesSetting, IsRead) {
  setenv("HOME", "/home/me", 1);
  const Settings s = parse_settings(
      "windows: [{name: night, from: 22:00, to: 06:00, only_on_mains: true}]\n"
      "reports: ~/reports\ninhibit_sleep: false\n"
      "schedules:\n"
      "  - name: news\n    when: every weekday 22:00\n    zone: Europe/Berlin\n    scripts: [~/news, /tmp/*.md]\n"
      "    window: night\n    voice: bf_emma\n    speed: 1.2\n    recursive: true\n    output: ~/audio\n"
      "    catch_up: next-window\n    split: chapters\n    subtitles: [srt, vtt]\n    author: Somebody\n"
      "    lexicon: names.yaml\n"
      "  - {name: one, when: 0 6 * * 1, scripts: /a.txt}\n",
      "config.yaml");
  ASSERT_EQ(s.schedules.size(), 2u);
  EXPECT_EQ(s.schedules[0].scripts, (std::vector<std::string>{"/home/me/news", "/tmp/*.md"}));
  EXPECT_EQ(s.schedules[0].output, "/home/me/audio");
  EXPECT_EQ(s.schedules[0].speed, 1.2);
  EXPECT_TRUE(s.schedules[0].recursive);
  EXPECT_EQ(s.schedules[0].delivery,
            (nlohmann::json{{"split", "chapters"}, {"subtitles", "srt,vtt"}, {"author", "Somebody"}}));
  EXPECT_EQ(s.schedules[0].lexicon, "names.yaml");
  EXPECT_EQ(s.schedules[1].scripts, std::vector<std::string>{"/a.txt"});
  EXPECT_EQ(s.reports, "/home/me/reports");
  EXPECT_FALSE(s.inhibit_sleep);
  EXPECT_TRUE(s.windows[0].only_on_mains);
  EXPECT_FALSE(s.windows[0].only_when_device_free);
}

TEST(SchedulesSetting, IsRefusedWithLineAndField) {
  auto yaml = [](const std::string& more, const std::string& when = "every day 22:00") {
    return "schedules:\n  - name: news\n    when: " + when + "\n    scripts: /news\n" + more;
  };
  const struct {
    std::string yaml, what;
  } rows[] = {
      {"schedules: news\n", "config.yaml:1: 'schedules' must be a list of schedules"},
      {"schedules:\n  - name: news\n    scripts: /a\n", "config.yaml:2: a schedule: key 'when' is missing"},
      {yaml("", "every day 25:00"), "config.yaml:3: 'when': 'every day 25:00' is not understood"},
      {yaml("", "0 0 30 2 *"), "config.yaml:3: 'when': '0 0 30 2 *' never comes"},
      {yaml("    zone: Europe/Berlim\n"), "config.yaml:5: 'zone': is not known: 'Europe/Berlim'"},
      {yaml("    window: nigth\n"), "config.yaml:5: 'window': there is no window 'nigth'"},
      {yaml("    catch_up: never\n"), "config.yaml:5: 'catch_up': cannot be 'never'"},
      {yaml("    catch_up: next-window\n"), "config.yaml:5: 'catch_up': next-window needs a window"},
      {yaml("    output: audio\n"), "config.yaml:5: 'output': is not an absolute path"},
      {yaml("    speed: 5\n"), "config.yaml:5: 'speed' is out of range"},
      {yaml("    split: pages\n"), "config.yaml:5: 'split' cannot be 'pages'"},
      {yaml("    voise: x\n"), "config.yaml:5: unknown key 'voise' in a schedule"},
      {yaml("") + "  - name: news\n    when: every day 22:00\n    scripts: /news\n",
       "config.yaml:5: 'name': two schedules are called 'news'"},
      {"schedules:\n  - {name: n, when: '@daily', scripts: [a.txt]}\n", "config.yaml:2: 'scripts': is not an absolute"},
      {"schedules:\n  - {name: n, when: '@daily', scripts: []}\n", "config.yaml:2: 'scripts': names nothing to submit"},
      {"reports: here\n", "config.yaml:1: 'reports' is not an absolute path"},
  };
  for (const auto& row : rows) {
    const Refusal r = refusal(row.yaml);
    EXPECT_THAT(r.what, StartsWith(row.what)) << row.yaml;
    EXPECT_FALSE(r.hint.empty()) << row.yaml;
  }
}

TEST(Settings, AnUnknownPauseIsRefused) {
  const Refusal r = refusal("pauses:\n  sentense: 1\n");
  EXPECT_EQ(r.what, "config.yaml:2: unknown key 'sentense' in 'pauses'");
  EXPECT_EQ(r.hint, "did you mean 'sentence'?");
}

TEST(Settings, AKeyThatStandsTwiceIsRefusedAtItsSecondPlace) {
  EXPECT_EQ(refusal("speed: 1\nvoice: a\nspeed: 2\n").what, "config.yaml:3: key 'speed' stands twice");
}

TEST(Settings, AFileThatIsNotAMappingIsRefused) {
  EXPECT_THAT(refusal("- model\n- voice\n").what, HasSubstr("config.yaml:1: the file must be a mapping"));
  EXPECT_THAT(refusal("kokoro\n").what, HasSubstr("not 'kokoro'"));
  EXPECT_THAT(refusal("pauses: 3\n").what, HasSubstr("'pauses' must be a mapping"));
}

TEST(Settings, BrokenYamlIsRefusedWithItsLine) {
  EXPECT_THAT(refusal("model: kokoro-82m\nvoice: \"af\n").what, StartsWith("config.yaml:"));
  EXPECT_THAT(refusal("model: a\n  speed: 2\n").what, StartsWith("config.yaml:2: not valid YAML"));
  EXPECT_THAT(refusal("a: [1, 2\nb: 3\n").what, HasSubstr("not valid YAML"));
}

TEST(Settings, ASecondDocumentIsRefused) {
  EXPECT_THAT(refusal("speed: 1\n---\nspeed: 2\n").what, HasSubstr("more than one YAML document"));
}

TEST(Settings, AWrongTypeIsRefused) {
  const std::vector<std::string> wrong = {
      "speed: fast",        "speed: \"1.5\"", "speed: [1]",       "speed:",          "speed: 1.0x",
      "threads: 1.5",       "threads: two",   "threads: 0x10",    "threads: \"2\"",  "max_attempts: -",
      "test_models: maybe", "test_models: 1", "test_models: yes", "voice: [a]",      "model:",
      "model: \"\"",        "voice: {a: b}",  "? [a, b]\n: 1",    "max_attempts: +3"};
  for (const std::string& line : wrong) EXPECT_THAT(refusal(line).what, StartsWith("config.yaml:1: ")) << line;
}

TEST(Settings, AValueOutOfRangeIsRefusedWithTheRange) {
  const Refusal r = refusal("# slow\nspeed: 0.4\n");
  EXPECT_EQ(r.what, "config.yaml:2: 'speed' is out of range: 0.4");
  EXPECT_EQ(r.hint, "use a number from 0.5 to 2");
  const std::vector<std::string> outside = {"speed: 2.01",
                                            "speed: nan",
                                            "speed: inf",
                                            "pauses: {sentence: -0.1}",
                                            "pauses: {chapter: 31}",
                                            "threads: -1",
                                            "max_attempts: 0",
                                            "max_attempts: 21",
                                            "max_script_bytes: 0",
                                            "max_script_bytes: 200000001",
                                            "engine_timeout_s: 9.9",
                                            "max_model_wait_s: -5",
                                            "threads: 99999999999999999999999"};
  for (const std::string& line : outside) EXPECT_THAT(refusal(line).what, HasSubstr("is out of range")) << line;
}

TEST(Settings, AWordThatIsNoneOfTheChoicesIsRefused) {
  const Refusal r = refusal("format: flak\n");
  EXPECT_EQ(r.what, "config.yaml:1: 'format' cannot be 'flak'");
  EXPECT_EQ(r.hint, "did you mean 'flac'? use wav, flac, ogg, opus, mp3 or m4b");
  for (const std::string line :
       {"format: FLAC", "precision: int4", "log_level: loud", "device: gpu", "device: cuda", "device: 'cuda:'",
        "device: cuda:x", "device: cuda:-1", "device: ''", "device: 'cuda:0,'", "device: 'auto,cpu'",
        "keep_alive: soon", "keep_alive: -1", "keep_alive: 5d", "keep_alive: until noon", "keep_alive: until 24:00",
        "keep_alive: 9999999h", "memory_short: spill"})
    EXPECT_THAT(refusal(line).what, HasSubstr("cannot be")) << line;
}

TEST(Settings, ARelativeOutputFolderIsRefused) {
  EXPECT_THAT(refusal("output: audio\n").what, HasSubstr("'output' is not an absolute path: 'audio'"));
}

TEST(Settings, AnEmptyFileGivesTheDefaults) {
  for (const std::string text : {"", "\n", "# nothing\n", "---\n", "pauses:\n"}) {
    const Settings s = parse_settings(text, "config.yaml");
    EXPECT_EQ(s.model, "kokoro-82m");
    EXPECT_EQ(s.pauses.chapter, 2.0);
    EXPECT_FALSE(s.test_models);
  }
}

TEST(Settings, EveryKeyIsRead) {
  setenv("HOME", "/home/reader", 1);
  const Settings s = parse_settings(
      "model: sine\nvoice: low\nspeed: 1.25\nformat: opus\noutput: ~/audio\n"
      "pauses: {sentence: 0, paragraph: 1, section: 2, chapter: 30}\n"
      "device: cuda:1\nthreads: 3\nprecision: bfloat16\nkeep_alive: 0\npreload: true\nmemory_short: "
      "cpu\nmemory_reserve_bytes: 1\nengine_growth_bytes: 2\nengine_timeout_s: 10\n"
      "max_attempts: 20\nmax_script_bytes: 200000000\nmax_model_wait_s: 0.5\ntest_models: true\nlog_level: debug\n",
      "config.yaml");
  EXPECT_EQ(s.model, "sine");
  EXPECT_EQ(s.voice, "low");
  EXPECT_EQ(s.speed, 1.25);
  EXPECT_EQ(s.format, "opus");
  EXPECT_EQ(s.output, "/home/reader/audio");
  EXPECT_EQ(s.pauses.sentence, 0);
  EXPECT_EQ(s.pauses.paragraph, 1);
  EXPECT_EQ(s.pauses.section, 2);
  EXPECT_EQ(s.pauses.chapter, 30);
  EXPECT_EQ(s.device, "cuda:1");
  EXPECT_EQ(s.threads, 3);
  EXPECT_EQ(s.precision, "bfloat16");
  EXPECT_EQ(s.keep_alive, (KeepAlive{KeepAlive::Kind::duration, 0}));
  EXPECT_TRUE(s.preload);
  EXPECT_EQ(s.memory_short, "cpu");
  EXPECT_EQ(s.memory_reserve_bytes, 1u);
  EXPECT_EQ(s.engine_growth_bytes, 2u);
  EXPECT_EQ(s.engine_timeout_s, 10);
  EXPECT_EQ(s.max_attempts, 20);
  EXPECT_EQ(s.max_script_bytes, 200'000'000u);
  EXPECT_EQ(s.max_model_wait_s, 0.5);
  EXPECT_TRUE(s.test_models);
  EXPECT_EQ(s.log_level, "debug");
}

// The example with its comment signs removed: what a reader of it would have in his file.
std::string example_in_force() {
  std::string text;
  std::istringstream lines(read_file(CONFIG_EXAMPLE));
  for (std::string line; std::getline(lines, line);)
    if (line.size() > 1 && line[0] == '#' && line.find(':') != std::string::npos &&
        (std::islower(line[1]) || line[2] == ' '))
      if (line[1] != ' ' || line[2] == ' ') text += line.substr(1) + "\n";
  return text;
}

TEST(Settings, TheExampleFileHoldsEveryKeyWithItsDefault) {
  const std::string yaml = example_in_force();
  for (const std::string& key : setting_keys()) {
    const std::string word = key.substr(key.rfind('.') + 1);
    EXPECT_THAT("\n" + yaml, testing::ContainsRegex("\n *" + word + ":")) << "config.example.yaml lacks " << key;
  }
  const Settings s = parse_settings(yaml, "config.example.yaml"), d;
  EXPECT_EQ(s.model, d.model);
  EXPECT_EQ(s.voice, d.voice);
  EXPECT_EQ(s.speed, d.speed);
  EXPECT_EQ(s.format, d.format);
  EXPECT_EQ(s.output, d.output);
  EXPECT_EQ(s.pauses.sentence, d.pauses.sentence);
  EXPECT_EQ(s.pauses.paragraph, d.pauses.paragraph);
  EXPECT_EQ(s.pauses.section, d.pauses.section);
  EXPECT_EQ(s.pauses.chapter, d.pauses.chapter);
  EXPECT_EQ(s.device, d.device);
  EXPECT_EQ(s.threads, d.threads);
  EXPECT_EQ(s.precision, d.precision);
  EXPECT_EQ(s.keep_alive, d.keep_alive);
  EXPECT_EQ(s.preload, d.preload);
  EXPECT_EQ(s.memory_short, d.memory_short);
  EXPECT_EQ(s.memory_reserve_bytes, d.memory_reserve_bytes);
  EXPECT_EQ(s.engine_growth_bytes, d.engine_growth_bytes);
  EXPECT_EQ(s.engine_timeout_s, d.engine_timeout_s);
  EXPECT_EQ(s.max_attempts, d.max_attempts);
  EXPECT_EQ(s.max_script_bytes, d.max_script_bytes);
  EXPECT_EQ(s.max_model_wait_s, d.max_model_wait_s);
  EXPECT_EQ(s.test_models, d.test_models);
  EXPECT_EQ(s.log_level, d.log_level);
}

TEST_F(Environment, AMissingFileMeansTheDefaults) { EXPECT_EQ(load().model, "kokoro-82m"); }

TEST_F(Environment, AFileThatCannotBeReadIsNamed) {
  fs::create_directory(home_ / "config.yaml");
  try {
    load();
    FAIL() << "a folder was read as settings";
  } catch (const Fault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr((home_ / "config.yaml").string()));
  }
}

TEST_F(Environment, TheVariablesOverrideTheFile) {
  write_file(home_ / "config.yaml", "log_level: warn\nspeed: 1.5\n");
  EXPECT_EQ(load().log_level, "warn");
  setenv("LECTERN_LOG_LEVEL", "error", 1);
  setenv("LECTERN_TEST_MODELS", "1", 1);
  EXPECT_EQ(load().log_level, "error");
  EXPECT_TRUE(load().test_models);
  EXPECT_EQ(load().speed, 1.5);
}

TEST_F(Environment, AWrongVariableIsRefused) {
  setenv("LECTERN_LOG_LEVEL", "shout", 1);
  EXPECT_THROW(load(), Fault);
  unsetenv("LECTERN_LOG_LEVEL");
  setenv("LECTERN_TEST_MODELS", "perhaps", 1);
  EXPECT_THROW(load(), Fault);
}

TEST(NearestWord, FindsTyposAndNothingElse) {
  const std::vector<std::string> known = {"voice", "speed", "format"};
  EXPECT_EQ(nearest_word("voise", known), "voice");
  EXPECT_EQ(nearest_word("sped", known), "speed");
  EXPECT_EQ(nearest_word("fromat", known), "format");
  EXPECT_EQ(nearest_word("banana", known), "");
  EXPECT_EQ(nearest_word("", known), "");
  EXPECT_EQ(nearest_word("x", {"a"}), "");
  EXPECT_EQ(nearest_word(std::string(1'000'000, 'v'), known), "");
}

}  // namespace
}  // namespace lectern
