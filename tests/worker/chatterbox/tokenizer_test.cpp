#include "worker/chatterbox/tokenizer.h"

#include <gtest/gtest.h>

#include "config/fault.h"
#include "tests/worker/chatterbox/tokenizer_folder.h"
#include "worker/chatterbox/punc_norm.h"

namespace lectern::chatterbox {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int64_t>;

class TokenizerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder);
    write_tokenizer_folder(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string refusal() const {
    try {
      const Tokenizer tokenizer(folder);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "accepted";
  }

  void change(const char* file, const std::function<void(nlohmann::json&)>& edit) const {
    auto json = nlohmann::json::parse(read_file(folder / file));
    edit(json);
    write_file(folder / file, json.dump());
  }

  void flag_laugh(const char* flag) const {
    nlohmann::json token = {{"content", "[laugh]"}};
    token[flag] = true;
    nlohmann::json config;
    config["added_tokens_decoder"]["50275"] = token;
    write_file(folder / "tokenizer_config.json", config.dump());
  }

  fs::path folder;
};

TEST_F(TokenizerTest, NamesAMissingFile) {
  fs::remove(folder / "merges.txt");
  EXPECT_NE(refusal().find("merges.txt"), std::string::npos) << refusal();
}

TEST_F(TokenizerTest, RefusesAFileThatIsCutShort) {
  for (const char* file : {"vocab.json", "added_tokens.json"}) {
    const std::string whole = read_file(folder / file);
    write_file(folder / file, std::string_view(whole).substr(0, whole.size() / 2));
    EXPECT_NE(refusal().find(file), std::string::npos) << refusal();
    write_file(folder / file, whole);
  }
}

TEST_F(TokenizerTest, RefusesAVocabularyOfAnotherSize) {
  change("added_tokens.json", [](auto& json) { json.erase("[laugh]"); });
  EXPECT_NE(refusal().find("have 50275 tokens, the network knows 50276"), std::string::npos) << refusal();
}

TEST_F(TokenizerTest, RefusesAnIdThatTheNetworkDoesNotKnow) {
  change("added_tokens.json", [](auto& json) { json["[laugh]"] = 50276; });
  EXPECT_NE(refusal().find("token '[laugh]' has the id 50276"), std::string::npos) << refusal();
}

TEST_F(TokenizerTest, RefusesAMergeOfUnknownTokensWithItsLine) {
  write_file(folder / "merges.txt", "#version: 0.2\nh e\nq qqq\n");
  EXPECT_NE(refusal().find("merges.txt:3: 'q qqq' merges"), std::string::npos) << refusal();
  write_file(folder / "merges.txt", "#version: 0.2\nh e l\n");
  EXPECT_NE(refusal().find("merges.txt:2: a merge must be two tokens"), std::string::npos) << refusal();
}

TEST_F(TokenizerTest, EncodesEveryRecordedCase) {
  const Tokenizer tokenizer(folder);
  const auto recorded = test_json("tokenizer.json");
  for (const char* part : {"base_cases", "added_cases"}) {
    ASSERT_GT(recorded.at(part).size(), 10u);
    for (const auto& wanted : recorded.at(part)) {
      EXPECT_EQ(tokenizer.encode(wanted.at("in").get<std::string>()), wanted.at("ids").get<Ids>()) << wanted.at("in");
    }
  }
}

TEST_F(TokenizerTest, ReadsTheTagsFromTheFile) {
  change("added_tokens.json", [](auto& json) { std::swap(json["[laugh]"], json["[cough]"]); });
  const Tokenizer tokenizer(folder);
  EXPECT_EQ(tokenizer.encode("[laugh]"), Ids{50270});
  EXPECT_EQ(tokenizer.tags().size(), 19u);
}

TEST_F(TokenizerTest, KeepsToTheFlagsOfATag) {
  flag_laugh("lstrip");
  EXPECT_EQ(Tokenizer(folder).encode(" [laugh] "), (Ids{50275, 220}));
  flag_laugh("rstrip");
  EXPECT_EQ(Tokenizer(folder).encode(" [laugh] "), (Ids{220, 50275}));
  flag_laugh("single_word");
  EXPECT_EQ(Tokenizer(folder).encode(" [laugh] "), (Ids{220, 50275, 220}));
  EXPECT_NE(Tokenizer(folder).encode("a[laugh]").back(), 50275);
}

TEST_F(TokenizerTest, TakesBytesThatAreNoTextOneByOne) { EXPECT_EQ(Tokenizer(folder).encode("\xff\xc3").size(), 2u); }

TEST(PuncNorm, GivesEveryRecordedCase) {
  const auto recorded = test_json("punc_norm.json").at("cases");
  ASSERT_GT(recorded.size(), 50u);
  for (const auto& wanted : recorded) {
    EXPECT_EQ(punc_norm(wanted.at("in").get<std::string>()), wanted.at("out").get<std::string>()) << wanted.at("in");
  }
}

}  // namespace
}  // namespace lectern::chatterbox
