// A model whose hashes the catalogue does not have: they are recorded at the first pull. Its voice is optional.
#include <fstream>

#include "cli/model_staging.h"
#include "config/file.h"
#include "config/sha256.h"
#include "tests/cli/model_fixture.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr char kCatalogue[] = R"(
models:
  tiny:
    title: Tiny
    licence: MIT
    needs: nothing
    engine: chatterbox
    revision: 1
    sample_rate_hz: 24000
    max_segment_chars: 280
    default_voice: built-in
    files:
      - path: net.safetensors
      - {path: conds.pt, optional: true}
    sources:
      - {kind: hub, name: owner/tiny, revision: abc123,
         members: {net.safetensors: net.safetensors, conds.pt: conds.pt}}
    voices:
      - {language: en-US, spoken_as: en-us, file: conds.pt, names: [built-in]}
)";

// A whole file with one tensor.
std::string safetensors(const std::string& data) {
  const std::string size = std::to_string(data.size());
  const std::string header = R"({"w":{"dtype":"U8","shape":[)" + size + R"(],"data_offsets":[0,)" + size + "]}}";
  return std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + data;
}

class UnpinnedModel : public ModelFixture {
 protected:
  UnpinnedModel() {
    model_ = Catalogue::parse(kCatalogue, "models.yaml").model("tiny");
    net_ = safetensors(net_);
    offer({{"net.safetensors", net_}, {"conds.pt", anna_}});
  }
  void offer(const std::map<std::string, std::string>& files) {
    server_.answer_with([files](const FaultRequest& request) {
      const std::string base = "/hub/owner/tiny/resolve/abc123/";
      const auto file = request.path.starts_with(base) ? files.find(request.path.substr(base.size())) : files.end();
      if (file == files.end()) return FaultAnswer{.status = 404};
      FaultAnswer answer{.body = file->second, .headers = {{"ETag", "\"" + sha256(file->second) + "\""}}};
      const auto asked = request.headers.find("if-range");
      answer.ignore_range = asked == request.headers.end() || asked->second != answer.headers["ETag"];
      return answer;
    });
  }
  // As huggingface_hub lays its cache out: blobs by hash, and snapshots of links to them.
  fs::path cached(const std::string& revision, const std::map<std::string, std::string>& files) {
    const fs::path repository = home_ / "hf/hub/models--owner--tiny";
    fs::create_directories(repository / "blobs");
    fs::create_directories(repository / "snapshots" / revision);
    for (const auto& [name, bytes] : files) {
      write_file(repository / "blobs" / sha256(bytes), bytes);
      const fs::path link = repository / "snapshots" / revision / name;
      fs::remove(link);
      fs::create_symlink("../../blobs/" + sha256(bytes), link);
    }
    return repository;
  }
  void expect_no_network() {
    server_.answer_with([](const FaultRequest& request) {
      ADD_FAILURE() << "asked the network for " << request.path;
      return FaultAnswer{.status = 404};
    });
  }
  void write_damaged(const std::string& name) {
    fs::remove(in_model(name));  // a hard link's other name must not change
    write_file(in_model(name), "damaged");
  }
};

TEST_F(UnpinnedModel, HashesAreRecordedAtTheFirstPull) {
  const Pulled pulled = pull();
  EXPECT_EQ(pulled.model.source, "hub owner/tiny");
  EXPECT_EQ(pulled.model.file_hash("net.safetensors"), sha256(net_));
  EXPECT_EQ(pulled.model.file_hash("conds.pt"), sha256(anna_));
  EXPECT_TRUE(installed());
  EXPECT_FALSE(fs::exists(paths_.downloads() / "tiny"));
  expect_no_network();
  EXPECT_TRUE(pull().already);
}

TEST_F(UnpinnedModel, TheTokenGoesWithEveryRequest) {
  setenv("HF_TOKEN", "hf_secret", 1);
  pull();
  for (const FaultRequest& request : server_.requests())
    EXPECT_EQ(request.headers.at("authorization"), "Bearer hf_secret");
  unsetenv("HF_TOKEN");
}

TEST_F(UnpinnedModel, DamageIsFoundByTheRecordedHashAndOnlyThatIsFetched) {
  pull();
  write_damaged("conds.pt");
  ASSERT_EQ(find_damage(paths_, model_, record()).size(), 1u);
  offer({{"conds.pt", anna_}});  // the other is not asked for
  pull();
  EXPECT_TRUE(installed());
  EXPECT_EQ(read_file(in_model("net.safetensors")), net_);
}

TEST_F(UnpinnedModel, AVoiceThatTheHubLacksIsDoneWithoutAndFetchedLater) {
  offer({{"net.safetensors", net_}});
  EXPECT_EQ(pull().model.files.size(), 1u);
  EXPECT_TRUE(installed());
  const InstalledModel without = record();
  EXPECT_THROW(require_voice_file(model_, model_.voices[0], without), Fault);
  offer({{"conds.pt", anna_}});
  const Pulled mended = pull();  // the mend that the error names
  EXPECT_FALSE(mended.already);
  EXPECT_EQ(mended.model.files.size(), 2u);
  require_voice_file(model_, model_.voices[0], mended.model);
}

TEST_F(UnpinnedModel, AFileThatIsNeededAndMissingFailsThePull) {
  offer({{"conds.pt", anna_}});
  EXPECT_EQ(refusal().exit(), Exit::not_found);
  EXPECT_FALSE(looks_installed());
  EXPECT_THAT(said_, Contains(HasSubstr("net.safetensors: the server answers HTTP 404")));
}

TEST_F(UnpinnedModel, AnInterruptedPullGoesOnWhereItBroke) {
  std::uint64_t stop_after = 100'000;
  server_.answer_with([&, this](const FaultRequest& request) {
    if (!request.path.ends_with("net.safetensors")) return FaultAnswer{.status = 500};
    FaultAnswer answer{.body = net_, .headers = {{"ETag", "\"x\""}}, .stop_after = stop_after};
    stop_after = UINT64_MAX;
    return answer;
  });
  EXPECT_EQ(refusal().exit(), Exit::not_found) << "the voice could not be had";
  EXPECT_FALSE(looks_installed());
  offer({{"conds.pt", anna_}});
  pull();  // the network is complete already and is not asked for again
  EXPECT_TRUE(installed());
  EXPECT_EQ(read_file(in_model("net.safetensors")), net_);
}

TEST_F(UnpinnedModel, ASnapshotInTheHubsCacheIsTakenWithoutNetwork) {
  cached("abc123", {{"net.safetensors", net_}, {"conds.pt", anna_}});
  expect_no_network();
  const Pulled pulled = pull();
  EXPECT_THAT(pulled.model.source, HasSubstr("hub cache"));
  EXPECT_TRUE(installed());
  EXPECT_FALSE(fs::is_symlink(in_model("net.safetensors")));
}

TEST_F(UnpinnedModel, OfSeveralSnapshotsTheCataloguesIsTakenElseTheLatestElseAnyWholeOne) {
  const std::string other = safetensors(test_bytes(1'000, 8)), third = safetensors(test_bytes(1'000, 9));
  const fs::path repository = cached("zzz", {{"net.safetensors", other}, {"conds.pt", anna_}});
  cached("aaa", {{"net.safetensors", third}});
  cached("bbb", {{"conds.pt", bert_}});  // not whole
  fs::create_directories(repository / "refs");
  write_file(repository / "refs/main", "zzz\n");
  expect_no_network();
  EXPECT_EQ(pull().model.file_hash("net.safetensors"), sha256(other));
  remove_model(paths_, "tiny");
  fs::remove(repository / "refs/main");
  EXPECT_EQ(pull((home_ / "hf").string()).model.file_hash("net.safetensors"), sha256(third));
  remove_model(paths_, "tiny");
  cached("abc123", {{"net.safetensors", net_}, {"conds.pt", anna_}});
  EXPECT_EQ(pull().model.file_hash("net.safetensors"), sha256(net_));
  EXPECT_EQ(record().files.size(), 2u);
}

TEST_F(UnpinnedModel, ACacheWithBrokenLinksIsPassedOver) {
  const fs::path repository = cached("abc123", {{"net.safetensors", net_}});
  fs::remove_all(repository / "blobs");
  EXPECT_EQ(pull().model.source, "hub owner/tiny");
}

TEST_F(UnpinnedModel, EveryFormOfACacheIsUnderstoodAsAFolder) {
  const fs::path repository = cached("abc123", {{"net.safetensors", net_}});
  expect_no_network();
  for (const fs::path& from : {home_ / "hf", home_ / "hf/hub", repository, repository / "snapshots/abc123"}) {
    remove_model(paths_, "tiny");
    EXPECT_EQ(pull(from.string()).model.file_hash("net.safetensors"), sha256(net_)) << from;
    EXPECT_TRUE(installed());
  }
}

TEST_F(UnpinnedModel, AFolderThatIsNamedReplacesWhatIsInstalled) {
  const std::string other = safetensors(test_bytes(1'000, 8));
  pull(folder_with("first", {{"net.safetensors", other}, {"conds.pt", anna_}}).string());
  expect_no_network();
  const std::string second = folder_with("second", {{"net.safetensors", net_}}).string();
  EXPECT_FALSE(pull(second).already);
  EXPECT_EQ(read_file(in_model("net.safetensors")), net_);
  EXPECT_EQ(read_file(in_model("conds.pt")), anna_) << "what the folder lacks stays";
  EXPECT_EQ(record().source, second);
  EXPECT_TRUE(installed());
}

TEST_F(UnpinnedModel, WhatWasRecordedAndIsWrongIsFetchedAnewWhenThatIsAsked) {
  const std::string other = safetensors(test_bytes(1'000, 8));
  cached("abc123", {{"net.safetensors", other}, {"conds.pt", anna_}});  // where the wrong file came from
  pull();
  ASSERT_EQ(record().file_hash("net.safetensors"), sha256(other));
  EXPECT_TRUE(pull().already);
  EXPECT_FALSE(pull("", true).already);
  EXPECT_EQ(read_file(in_model("net.safetensors")), net_);
  EXPECT_EQ(record().source, "hub owner/tiny");
  EXPECT_TRUE(installed());
}

TEST_F(UnpinnedModel, WhatCannotBeFetchedAnewStaysAsItIs) {
  pull();
  server_.answer_with([](const FaultRequest&) { return FaultAnswer{.status = 404}; });
  EXPECT_THROW(pull("", true), Fault);
  EXPECT_TRUE(installed());
}

TEST_F(UnpinnedModel, AFileThatIsNotWholeIsRefusedAndChangesNothing) {
  pull();
  expect_no_network();
  const std::string lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 5\n";
  for (const auto& [bytes, why] :
       std::map<std::string, std::string>{{net_.substr(0, net_.size() - 1), "is not whole"},
                                          {net_ + "x", "is not whole"},
                                          {net_.substr(0, 30), "is not a safetensors file"},
                                          {"", "is not a safetensors file"},
                                          {"<!doctype html>", "is not a safetensors file"},
                                          {std::string("\2\0\0\0\0\0\0\0{{", 10), "is not a safetensors file"},
                                          {lfs, "is a Git LFS pointer"}}) {
    const fs::path given = folder_with("given", {{"net.safetensors", bytes}});
    const Fault fault = refusal(given.string());
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    EXPECT_THAT(fault.what(), HasSubstr((given / "net.safetensors").string() + " " + why));
    EXPECT_FALSE(fault.hint().empty());
    EXPECT_TRUE(installed());
    EXPECT_EQ(read_file(in_model("net.safetensors")), net_);
  }
  EXPECT_EQ(record().source, "hub owner/tiny");
}

TEST_F(UnpinnedModel, ADownloadThatIsNotWholeIsFetchedAgain) {
  offer({{"net.safetensors", "<!doctype html>"}, {"conds.pt", anna_}});
  EXPECT_EQ(refusal().exit(), Exit::not_found);
  EXPECT_THAT(said_, Contains(HasSubstr("is not a safetensors file")));
  EXPECT_FALSE(looks_installed());
  offer({{"net.safetensors", net_}, {"conds.pt", anna_}});
  pull();
  EXPECT_TRUE(installed());
}

TEST_F(UnpinnedModel, AFolderMayLackTheVoiceButNotTheNetwork) {
  expect_no_network();
  pull(folder_with("given", {{"net.safetensors", net_}}).string());
  EXPECT_TRUE(installed());
  const Fault fault = [&] {
    remove_model(paths_, "tiny");
    return refusal(folder_with("poor", {{"conds.pt", anna_}}).string());
  }();
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_THAT(fault.what(), HasSubstr("holds no net.safetensors"));
}

}  // namespace
}  // namespace lectern::cli
