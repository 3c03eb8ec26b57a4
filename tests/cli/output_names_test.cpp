#include "cli/output_names.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/as_nobody.h"
#include "tests/cli/temporary_folder.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

class OutputNamesTest : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (folder.path() / name).string(); }
  std::string wished(const std::string& output, const std::string& format, const std::string& script) {
    const OutputNames names(output, format, settings, 1);
    return names.wished({at(script)}, "job").lexically_relative(folder.path()).string();
  }
  Fault fault(const std::string& output, const std::string& format = "", std::size_t scripts = 1) {
    try {
      OutputNames names(output, format, settings, scripts);
    } catch (const Fault& refused) {
      return refused;
    }
    ADD_FAILURE() << "accepted " << output;
    return {Exit::done, ""};
  }

  TemporaryFolder folder;
  Settings settings;
};

TEST_F(OutputNamesTest, AFolderWhoseParentIsMissingIsNotFound) {
  const Fault refused = fault(at("typo/audio/"));
  EXPECT_EQ(refused.exit(), Exit::not_found);
  EXPECT_NE(refused.hint().find("create"), std::string::npos);
}

TEST_F(OutputNamesTest, AFileInAMissingFolderFollowsTheSameRule) {
  EXPECT_EQ(fault(at("typo/audio/a.flac")).exit(), Exit::not_found);
  EXPECT_EQ(wished(at("audio/a.flac"), "", "s.txt"), "audio/a.flac");
}

TEST_F(OutputNamesTest, AFileWhereAFolderShouldBeIsBadInput) {
  folder.file("audio");
  EXPECT_EQ(fault(at("audio")).exit(), Exit::bad_input);
  EXPECT_EQ(fault(at("audio/a.mp3")).exit(), Exit::bad_input);
}

TEST_F(OutputNamesTest, AFolderWithoutPermissionIsBadInput) {
  fs::create_directory(folder.path() / "closed");
  chmod(at("closed").c_str(), 0555);
  const AsNobody nobody(folder.path());
  EXPECT_EQ(fault(at("closed")).exit(), Exit::bad_input);
  EXPECT_EQ(fault(at("closed/new/")).exit(), Exit::bad_input);
  EXPECT_THROW(OutputNames("", "", settings, 1).wished({at("closed/a.txt")}, ""), Fault) << "beside the script";
}

TEST_F(OutputNamesTest, AnUnknownExtensionIsWrongUsage) {
  const Fault refused = fault(at("book.aac"));
  EXPECT_EQ(refused.exit(), Exit::usage);
  EXPECT_NE(std::string(refused.what()).find("'aac'"), std::string::npos);
}

TEST_F(OutputNamesTest, AFileForSeveralScriptsIsWrongUsage) {
  EXPECT_EQ(fault(at("all.mp3"), "", 2).exit(), Exit::usage);
}

TEST_F(OutputNamesTest, AnExtensionAgainstTheFormatIsWrongUsage) {
  EXPECT_EQ(fault(at("a.mp3"), "flac").exit(), Exit::usage);
}

TEST_F(OutputNamesTest, TheAudioStandsBesideItsScriptByDefault) {
  EXPECT_EQ(wished("", "", "chapter one.txt"), "chapter one.flac");
  EXPECT_EQ(wished("", "opus", "notes.v1.md"), "notes.v1.opus");
}

TEST_F(OutputNamesTest, TheSettingsFolderComesBeforeTheScripts) {
  settings.output = folder.path() / "all";
  settings.format = "mp3";
  EXPECT_EQ(wished("", "", "a.txt"), "all/a.mp3");
  EXPECT_EQ(wished(at("here"), "wav", "a.txt"), "here/a.wav");
}

TEST_F(OutputNamesTest, AFolderIsKnownByItsSlashItsLookOrItsBeing) {
  fs::create_directory(folder.path() / "is.mp3");
  EXPECT_EQ(wished(at("new"), "", "a.txt"), "new/a.flac");
  EXPECT_EQ(wished(at("v1.mp3/"), "", "a.txt"), "v1.mp3/a.flac");
  EXPECT_EQ(wished(at("is.mp3"), "", "a.txt"), "is.mp3/a.flac");
}

TEST_F(OutputNamesTest, AFilesExtensionDecidesTheFormat) {
  const OutputNames names(at("Final.MP3"), "", settings, 1);
  EXPECT_EQ(names.format(), "mp3");
  EXPECT_EQ(names.wished({at("a.txt")}, "").filename(), "Final.MP3");
}

TEST_F(OutputNamesTest, AStreamIsCalledAfterItsJob) {
  const OutputNames names(at("audio/"), "", settings, 1);
  const Script input{"-", true};
  EXPECT_EQ(names.wished(input, "My talk").filename(), "My talk.flac");
  EXPECT_EQ(names.wished(input, "../etc/passwd").string(), at("audio/_..-etc-passwd.flac"));
  EXPECT_EQ(names.wished(input, std::string(150, 'x') + "世界世界世界世界世界世界世界世界世界世界")
                .filename()
                .string()
                .size(),
            150 + 48 + 5u);
}

TEST_F(OutputNamesTest, ANameThatIsNotUtf8IsBadInput) {
  const OutputNames names("", "", settings, 1);
  EXPECT_THROW(names.wished({at("caf\xE9.txt")}, ""), Fault);
}

TEST_F(OutputNamesTest, ARelativeFolderBecomesAbsolute) {
  const OutputNames names("audio-of-this-test", "", settings, 1);
  EXPECT_EQ(names.wished({"a.txt"}, ""), fs::current_path() / "audio-of-this-test/a.flac");
}

}  // namespace
}  // namespace lectern::cli
