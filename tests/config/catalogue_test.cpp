#include "config/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/fault.h"
#include "config/file.h"
#include "config/sha256.h"

namespace lectern {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kDigest(64, 'a');

// A catalogue of one model, with one of its lines replaced.
std::string with(const std::string& line = "", const std::string& other = "") {
  std::string yaml =
      "models:\n"
      "  tiny:\n"
      "    title: Tiny\n"
      "    licence: MIT\n"
      "    needs: nothing\n"
      "    engine: sine\n"
      "    revision: 1\n"
      "    sample_rate_hz: 24000\n"
      "    max_segment_chars: 300\n"
      "    default_voice: anna\n"
      "    files:\n"
      "      - {path: net.onnx, bytes: 3, sha256: " +
      kDigest +
      "}\n"
      "      - {path: table.json, shipped: kokoro-tokenizer.json}\n"
      "    voice_file: {path: voices/*.bin, bytes: 2}\n"
      "    sources:\n"
      "      - kind: hub\n"
      "        name: owner/name\n"
      "        revision: main\n"
      "        members: {onnx/net.onnx: net.onnx, v/*.bin: voices/*.bin}\n"
      "    voices:\n"
      "      - language: en-US\n"
      "        spoken_as: en-us\n"
      "        female: {anna: " +
      kDigest +
      "}\n"
      "        male: {bert: " +
      kDigest +
      "}\n"
      "      - language: ja\n"
      "        refusal: no phonemes\n"
      "        female: {yuki: " +
      kDigest + "}\n";
  if (line.empty()) return yaml;
  const std::size_t at = yaml.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return yaml.replace(at, line.size(), other);
}

std::string refusal(const std::string& yaml) {
  try {
    Catalogue::parse(yaml, "models.yaml");
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    return fault.what();
  }
  return {};
}

class Installed : public testing::Test {
 protected:
  Installed() : paths_(Paths::locate(testing::TempDir() + "catalogue-" + std::to_string(getpid()))) {
    folder_ = paths_.model("tiny");
    fs::create_directories(folder_);
  }
  ~Installed() override { fs::remove_all(paths_.home()); }
  void record(const std::string& json) { write_file(folder_ / "installed.json", json); }
  Paths paths_;
  fs::path folder_;
  CatalogueModel model_ = Catalogue::parse(with(), "models.yaml").model("tiny");
};

TEST(Catalogue, MistakesAreRefusedWithTheirLine) {
  const std::map<std::string, std::pair<std::string, std::string>> mistakes = {
      {"unknown key 'titel'", {"    title: Tiny", "    title: Tiny\n    titel: Tiny"}},
      {"key 'licence' is missing", {"    licence: MIT\n", ""}},
      {"'engine' is empty", {"engine: sine", "engine: \"\""}},
      {"'revision' must be a whole number", {"revision: 1", "revision: one"}},
      {"'sample_rate_hz' is out of range", {"sample_rate_hz: 24000", "sample_rate_hz: 24"}},
      {"is not a SHA-256", {kDigest, std::string(64, 'G')}},
      {"is not a SHA-256: 'abc'", {"anna: " + kDigest, "anna: abc"}},
      {"'path' leaves the folder: '../net.onnx'", {"path: net.onnx", "path: ../net.onnx"}},
      {"'path' leaves the folder: '/net.onnx'", {"path: net.onnx", "path: /net.onnx"}},
      {"leaves the folder: '../voices/*.bin'", {"v/*.bin: voices", "v/*.bin: ../voices"}},
      {"does not give 'net.onnx'", {"onnx/net.onnx: net.onnx, ", ""}},
      {"does not give 'voices/anna.bin'", {", v/*.bin: voices/*.bin", ""}},
      {"'kind' cannot be 'ftp'", {"kind: hub", "kind: ftp"}},
      {"default_voice 'carl' is not a voice", {"default_voice: anna", "default_voice: carl"}},
      {"default_voice 'yuki' is not a voice", {"default_voice: anna", "default_voice: yuki"}},
      {"voice 'anna' stands twice", {"bert: ", "anna: "}},
      {"need either 'spoken_as' or 'refusal'", {"        refusal: no phonemes\n", ""}},
      {"cannot name a voice", {"bert: ", "a/b: "}},
      {"'path' has no '*'", {"path: voices/*.bin", "path: voices/a.bin"}},
      {"'sources' must be a list", {"    sources:\n      - kind: hub", "    sources:\n        kind: hub"}},
      {"file 'net.onnx' of model 'tiny' stands twice", {"path: table.json", "path: net.onnx"}},
  };
  for (const auto& [what, change] : mistakes) {
    const std::string told = refusal(with(change.first, change.second));
    EXPECT_THAT(told, HasSubstr(what));
    EXPECT_THAT(told, testing::ContainsRegex("^models.yaml:[0-9]+: ")) << what;
  }
  EXPECT_THAT(refusal("models:\n"), "") << "an empty list of models is no mistake";
  EXPECT_THAT(refusal(""), HasSubstr("key 'models' is missing"));
}

TEST(Catalogue, AStarStandsForEachVoice) {
  const CatalogueModel model = Catalogue::parse(with(), "models.yaml").model("tiny");
  ASSERT_EQ(model.files.size(), 5u);
  EXPECT_EQ(model.files[2].path, "voices/anna.bin");
  EXPECT_EQ(model.files[2].bytes, 2u);
  EXPECT_EQ(model.files[2].sha256, kDigest);
  EXPECT_EQ(model.sources[0].members.size(), 4u);
  EXPECT_EQ(model.sources[0].members.back(), std::make_pair(std::string("v/yuki.bin"), std::string("voices/yuki.bin")));
  EXPECT_EQ(model.find_voice("bert")->sex, "male");
  EXPECT_EQ(model.find_voice("nobody"), nullptr);
}

TEST(Catalogue, AnUnknownModelIsAnsweredWithTheNearest) {
  const Catalogue catalogue = Catalogue::load(true);
  try {
    catalogue.model("kokoro-28m");
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_EQ(fault.hint(),
              "did you mean 'kokoro-82m'? known models: kokoro-82m, chatterbox-turbo, chatterbox-nano, sine");
  }
}

TEST(Catalogue, TheInstalledOneHoldsKokoroWithItsVoices) {
  const CatalogueModel kokoro = Catalogue::load(false).model("kokoro-82m");
  std::map<std::string, int> languages, served;
  for (const CatalogueVoice& voice : kokoro.voices) {
    ++languages[voice.language];
    served[voice.language] += !voice.spoken_as.empty();
    EXPECT_EQ(voice.sex, voice.name[1] == 'f' ? "female" : "male") << voice.name;
  }
  const std::map<std::string, int> expected = {{"en-US", 20}, {"en-GB", 8}, {"es", 3},    {"fr-FR", 1}, {"hi", 4},
                                               {"it", 2},     {"ja", 5},    {"pt-BR", 3}, {"zh", 8}};
  EXPECT_EQ(languages, expected);
  EXPECT_EQ(served["ja"], 0);
  EXPECT_EQ(served["zh"], 0);
  EXPECT_EQ(kokoro.voices.size(), 54u);
  EXPECT_EQ(kokoro.files.size(), 56u);
  EXPECT_EQ(kokoro.default_voice, "af_heart");
  for (const CatalogueFile& file : kokoro.files) {
    EXPECT_EQ(file.sha256.size(), 64u) << file.path;
    EXPECT_GT(file.bytes, 0u) << file.path;
    if (file.shipped.empty()) continue;
    EXPECT_EQ(sha256_file(installed_file(file.shipped)), file.sha256) << file.shipped;
    EXPECT_EQ(fs::file_size(installed_file(file.shipped)), file.bytes) << file.shipped;
  }
}

TEST(Catalogue, TheInstalledOneHoldsChatterboxOfAFixedRevision) {
  for (const std::string name : {"chatterbox-turbo", "chatterbox-nano"}) {
    const CatalogueModel model = Catalogue::load(false).model(name);
    EXPECT_EQ(model.engine, "chatterbox");
    EXPECT_GE(model.max_segment_chars, 280);
    EXPECT_LE(model.max_segment_chars, 300);
    EXPECT_EQ(model.tags.size(), 19u);
    EXPECT_THAT(model.tags, testing::Contains("[clear throat]"));
    ASSERT_EQ(model.sources.size(), 1u);
    EXPECT_EQ(model.sources[0].name, "ResembleAI/" + name);
    EXPECT_EQ(model.sources[0].revision.size(), 40u) << "a name could come to mean other files";
    EXPECT_EQ(require_voice(model, "").file, "conds.pt");
    for (const CatalogueFile& file : model.files)
      EXPECT_EQ(file.optional, file.path == "conds.pt" || file.path == "tokenizer_config.json") << file.path;
  }
}

TEST(Voices, OneWhoseFileIsNotInstalledIsNotLoaded) {
  const CatalogueModel model = Catalogue::load(false).model("chatterbox-nano");
  const CatalogueVoice& voice = require_voice(model, "");
  InstalledModel installed;
  installed.files = {{"ve.safetensors", 1, "a"}};
  try {
    require_voice_file(model, voice, installed);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_EQ(std::string(fault.what()),
              "no voice loaded: model 'chatterbox-nano' was installed without conds.pt, its voice 'built-in'");
    EXPECT_EQ(fault.hint(), "fetch it: lectern model pull chatterbox-nano");
  }
  installed.files.push_back({"conds.pt", 1, "b"});
  require_voice_file(model, voice, installed);
}

TEST(Catalogue, TestModelsAreOfferedOnlyWhenAskedFor) {
  EXPECT_EQ(Catalogue::load(false).models().size() + 1, Catalogue::load(true).models().size());
  const Catalogue catalogue = Catalogue::load(true);
  const CatalogueModel& sine = catalogue.model("sine");
  EXPECT_TRUE(sine.built_in);
  EXPECT_EQ(sine.voices.size(), 3u);
  EXPECT_EQ(require_voice(sine, "").name, "middle");
}

TEST(Voices, AnUnknownOneIsAnsweredWithTheNearest) {
  const CatalogueModel kokoro = Catalogue::load(false).model("kokoro-82m");
  try {
    require_voice(kokoro, "af_hart");
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_THAT(fault.hint(), HasSubstr("the nearest: af_heart"));
  }
}

TEST(Voices, OneThatCannotBeServedIsRefusedWithTheReason) {
  const CatalogueModel kokoro = Catalogue::load(false).model("kokoro-82m");
  try {
    require_voice(kokoro, "jf_alpha");
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    EXPECT_THAT(fault.what(), HasSubstr("espeak-ng's Japanese"));
  }
  EXPECT_EQ(require_voice(kokoro, "").name, "af_heart");
  EXPECT_EQ(require_voice(kokoro, "bf_emma").spoken_as, "en-gb");
}

TEST_F(Installed, AFolderWithoutARecordIsNotAModel) {
  write_file(folder_ / "net.onnx", "abc");
  EXPECT_FALSE(installed_model(paths_, model_));
  try {
    require_model(paths_, model_);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::not_found);
    EXPECT_STREQ(fault.what(), "model 'tiny' is not installed");
    EXPECT_EQ(fault.hint(), "lectern model pull tiny");
  }
}

TEST_F(Installed, EveryTruncationOfTheRecordIsRefused) {
  const std::string json = R"({"model":"tiny","source":"here","files":[{"path":"a","bytes":1,"sha256":"x"}]})";
  for (std::size_t length = 0; length < json.size(); ++length) {
    record(json.substr(0, length));
    EXPECT_THROW(installed_model(paths_, model_), Fault) << length;
  }
  record(json);
  EXPECT_TRUE(installed_model(paths_, model_));
}

TEST_F(Installed, ARecordOfAnotherModelOrOfAnotherShapeIsRefused) {
  for (const std::string json : {R"({"model":"other","source":"","files":[]})", "[]", "null", "3",
                                 R"({"model":"tiny","source":"","files":[{"path":1}]})",
                                 R"({"model":"tiny","source":"","files":{"path":"a"}})"}) {
    record(json);
    EXPECT_THROW(installed_model(paths_, model_), Fault) << json;
  }
}

TEST_F(Installed, AMissingFileOrAWrongSizeIsNamed) {
  record(R"({"model":"tiny","source":"","files":[{"path":"net.onnx","bytes":3,"sha256":"x"}]})");
  for (const char* bytes : {"", "ab", "abcd"}) {
    if (*bytes) write_file(folder_ / "net.onnx", bytes);
    try {
      require_model(paths_, model_);
      FAIL() << bytes;
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.exit(), Exit::bad_input);
      EXPECT_THAT(fault.what(), HasSubstr((folder_ / "net.onnx").string()));
    }
  }
  write_file(folder_ / "net.onnx", "abc");
  EXPECT_EQ(require_model(paths_, model_).file_hash("net.onnx"), "x");
}

TEST_F(Installed, TheHashDependsOnTheFilesAndNotOnTheirOrderOrSource) {
  const InstalledModel one{"m", "here", {{"a", 1, "x"}, {"b", 2, "y"}}},
      other{"m", "there", {{"b", 2, "y"}, {"a", 1, "x"}}};
  const InstalledModel swapped{"m", "here", {{"a", 1, "y"}, {"b", 2, "x"}}};
  EXPECT_EQ(one.hash(), other.hash());
  EXPECT_NE(one.hash(), swapped.hash());
}

TEST_F(Installed, ABuiltInModelIsAlwaysInstalled) {
  const Catalogue catalogue = Catalogue::load(true);
  EXPECT_TRUE(require_model(paths_, catalogue.model("sine")).files.empty());
}

}  // namespace
}  // namespace lectern
