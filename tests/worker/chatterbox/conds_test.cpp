#include "worker/chatterbox/conds.h"

#include <ATen/ATen.h>
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <functional>

#include "config/fault.h"
#include "config/file.h"
#include "worker/chatterbox/tensor_pickle.h"

namespace lectern::chatterbox {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Members = std::vector<std::pair<std::string, std::string>>;

const fs::path kSample = fs::path(TEST_DATA) / "chatterbox" / "sample_conds.pt";

Members read_zip(const fs::path& file) {
  Members members;
  archive* zip = archive_read_new();
  archive_read_support_format_zip(zip);
  EXPECT_EQ(archive_read_open_filename(zip, file.c_str(), 1 << 16), ARCHIVE_OK);
  for (archive_entry* entry; archive_read_next_header(zip, &entry) == ARCHIVE_OK;) {
    std::string bytes(static_cast<std::size_t>(archive_entry_size(entry)), 0);
    EXPECT_EQ(archive_read_data(zip, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    members.emplace_back(archive_entry_pathname(entry), bytes);
  }
  archive_read_free(zip);
  return members;
}

void write_zip(const fs::path& file, const Members& members) {
  archive* zip = archive_write_new();
  archive_write_set_format_zip(zip);
  archive_write_zip_set_compression_store(zip);
  ASSERT_EQ(archive_write_open_filename(zip, file.c_str()), ARCHIVE_OK);
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(zip, entry);
    archive_write_data(zip, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(zip);
  archive_write_free(zip);
}

class CondsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder);
    fs::create_directories(folder);
    file = folder / "conds.pt";
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string refusal(const fs::path& path) const {
    try {
      Conditionals::load(path);
    } catch (const Fault& fault) {
      EXPECT_THAT(fault.what(), HasSubstr(path.string()));
      return fault.what();
    }
    return "accepted";
  }
  std::string refusal_of_pickle(const std::string& pickle) const {
    write_zip(file, {{"conds/data.pkl", pickle}});
    return refusal(file);
  }
  // The sample with something else in its pickle, of the same length or not.
  std::string refusal_of_sample_with(const std::string& from, const std::string& to) const {
    Members members = read_zip(kSample);
    std::string& pickle = members[0].second;
    const auto at = pickle.find(from);
    EXPECT_NE(at, std::string::npos);
    pickle.replace(at, from.size(), to);
    write_zip(file, members);
    return refusal(file);
  }

  fs::path folder, file;
};

TEST_F(CondsTest, RefusesEveryInstructionThatDoesMoreThanBuildTensors) {
  using namespace std::string_literals;
  EXPECT_THAT(refusal_of_pickle("\x80\x02"s + "cos\nsystem\n(X\x04\0\0\0truetR."s), HasSubstr("'os.system'"));
  EXPECT_THAT(refusal_of_pickle("\x80\x04\x8c\x02os\x8c\x06system\x93)R."s), HasSubstr("'os.system'"));
  EXPECT_THAT(refusal_of_pickle("\x80\x02"s + "cbuiltins\neval\n(X\x01\0\0\0"s + "1tR."s),
              HasSubstr("'builtins.eval'"));
  EXPECT_THAT(refusal_of_pickle("\x80\x02"s + "ctorch._utils\n_rebuild_parameter\n)R."s),
              HasSubstr("_rebuild_parameter"));
  // INST, OBJ, NEWOBJ, NEWOBJ_EX, BUILD, PERSID, EXT1, NEXT_BUFFER, REDUCE of no function
  for (const std::string& program :
       {"(ios\nsystem\n."s, "(o."s, "))\x81."s, ")}}\x92."s, "})b."s, "Px\n."s, "\x82\x01."s, "\x97."s}) {
    EXPECT_THAT(refusal_of_pickle("\x80\x02"s + program), HasSubstr("does more than build tensors"));
  }
  EXPECT_THAT(refusal_of_pickle("\x80\x02"s + "}})R."s), HasSubstr("a function must stand"));
  EXPECT_THAT(refusal_of_pickle("\x80\x02"s + "ctorch\nFloatStorage\n)R."s), HasSubstr("the pickle calls"));
}

TEST_F(CondsTest, RefusesAPickleThatBreaksItsOwnStack) {
  using namespace std::string_literals;
  for (const std::string& program : {""s, "."s, "t."s, "(."s, "}u."s, "(u."s, "h\1."s, "R."s, "Q."s, "\x85."s,
                                     "}("s + "NNu."s, "X\xff\xff\xff\xff."s, "cos"s, "N."s, "q\1."s, "s."s}) {
    EXPECT_THAT(refusal_of_pickle(program), HasSubstr("not a plain file of tensors"))
        << testing::PrintToString(program);
  }
}

TEST_F(CondsTest, RefusesDictionariesThatHoldEachOther) {
  using namespace std::string_literals;
  EXPECT_THAT(refusal_of_pickle("\x80\x02}q\0X\1\0\0\0ah\0s."s), HasSubstr("hold each other"));
}

TEST_F(CondsTest, RefusesATensorOutsideItsStorage) {
  using namespace std::string_literals;
  // speaker_emb: 256 elements from offset 0 become 256 from offset 1.
  EXPECT_THAT(refusal_of_sample_with("QK\0K\1M\0\1\x86"s, "QK\1K\1M\0\1\x86"s), HasSubstr("outside its storage"));
  EXPECT_THAT(refusal_of_sample_with("QK\0K\1M\0\1\x86"s, "QK\0K\1M\1\1\x86"s), HasSubstr("outside its storage"));
  EXPECT_THAT(refusal_of_sample_with("QK\0K\1M\0\1\x86"s, "QJ\xff\xff\xff\xffK\1M\0\1\x86"s),
              HasSubstr("outside its storage"));
}

TEST_F(CondsTest, RefusesAStorageOfAnotherSize) {
  Members members = read_zip(kSample);
  members[1].second.pop_back();
  write_zip(file, members);
  EXPECT_THAT(refusal(file), HasSubstr("storage '0' does not have the bytes"));
}

TEST_F(CondsTest, RefusesAFileCutShortAnywhere) {
  const std::string whole = read_file(kSample);
  for (std::size_t size = 0; size < whole.size(); size += 2003) {
    write_file(file, std::string_view(whole).substr(0, size));
    EXPECT_THAT(refusal(file), HasSubstr("not a plain file of tensors")) << size;
  }
}

TEST_F(CondsTest, SurvivesEveryChangedByteOfThePickle) {
  Members members = read_zip(kSample);
  const std::string pickle = members[0].second;
  for (std::size_t i = 0; i < pickle.size(); ++i) {
    for (const char value : {'\xff', '(', 'R'}) {
      members[0].second = pickle;
      members[0].second[i] = value;
      write_zip(file, members);
      try {
        Conditionals::load(file);
      } catch (const Fault&) {
      }
    }
  }
}

TEST_F(CondsTest, NamesTheTensorThatIsMissing) {
  EXPECT_THAT(refusal_of_sample_with("embedding", "embeddinx"), HasSubstr("has no tensor 'gen.embedding'"));
}

TEST_F(CondsTest, ReadsWhatTheReferenceSaved) {
  const auto conds = Conditionals::load(kSample);
  EXPECT_EQ(conds.t3.speaker_emb.sizes(), (at::IntArrayRef{1, 256}));
  EXPECT_EQ(conds.t3.cond_prompt_speech_tokens.sizes(), (at::IntArrayRef{1, 163}));
  EXPECT_EQ(conds.gen.prompt_token.sizes(), (at::IntArrayRef{1, 162}));  // a view of a longer storage
  EXPECT_EQ(conds.gen.prompt_feat.sizes(), (at::IntArrayRef{1, 325, 80}));
  EXPECT_EQ(conds.gen.embedding.sizes(), (at::IntArrayRef{1, 192}));
  EXPECT_NEAR(conds.t3.speaker_emb.norm().item<float>(), 1, 1e-5);
  EXPECT_EQ(conds.t3.prompt().scalar_type(), at::kLong);
}

TEST_F(CondsTest, GivesTheSameBackFromSafetensors) {
  const auto conds = Conditionals::load(kSample);
  conds.save(folder / "conds.safetensors");
  const auto again = Conditionals::load(folder / "conds.safetensors");
  EXPECT_TRUE(again.t3.speaker_emb.equal(conds.t3.speaker_emb));
  EXPECT_TRUE(again.t3.cond_prompt_speech_tokens.equal(conds.t3.cond_prompt_speech_tokens));
  EXPECT_TRUE(again.gen.prompt_token.equal(conds.gen.prompt_token));
  EXPECT_TRUE(again.gen.prompt_feat.equal(conds.gen.prompt_feat));
  EXPECT_TRUE(again.gen.embedding.equal(conds.gen.embedding));
  EXPECT_FALSE(fs::exists(folder / "conds.safetensors.part"));
}

}  // namespace
}  // namespace lectern::chatterbox
