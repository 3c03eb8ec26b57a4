#include "broker/publish/folder_listing.h"

#include <chrono>
#include <thread>

#include "broker/publish/publisher.h"
#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

class Listing : public Studio {
 protected:
  static void a_while() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }
  void make_old(const fs::path& folder) {
    fs::last_write_time(folder, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  FolderListing listing;
};

TEST_F(Listing, KnowsFilesFoldersAndDanglingLinks) {
  write_text(out / "a.flac", "x");
  fs::create_directory(out / "b");
  fs::create_symlink(out / "nowhere", out / "c.flac");
  for (const char* name : {"a.flac", "b", "c.flac"}) EXPECT_TRUE(listing.stands(out / name)) << name;
  for (const char* name : {"a.fla", "a.flac2", "c", "nowhere"}) EXPECT_FALSE(listing.stands(out / name)) << name;
}

TEST_F(Listing, SeesWhatComesAndWhatGoes) {
  for (const bool old : {false, true}) {
    if (old) make_old(out);
    a_while();
    EXPECT_FALSE(listing.stands(out / "late.flac"));
    write_text(out / "late.flac", "x");
    a_while();
    EXPECT_TRUE(listing.stands(out / "late.flac")) << old;
    fs::remove(out / "late.flac");
    a_while();
    EXPECT_FALSE(listing.stands(out / "late.flac")) << old;
  }
}

TEST_F(Listing, SeesWhatCameWithinTheSameTickAsThatBeforeIt) {
  write_text(out / "a.flac", "x");
  const auto time = fs::last_write_time(out);
  EXPECT_FALSE(listing.stands(out / "b.flac"));
  write_text(out / "b.flac", "x");
  fs::last_write_time(out, time);
  a_while();
  EXPECT_TRUE(listing.stands(out / "b.flac"));
}

TEST_F(Listing, IsOfTheFolderThatIsAskedFor) {
  fs::create_directory(root / "other");
  write_text(root / "other" / "a.flac", "x");
  make_old(out);
  make_old(root / "other");
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(listing.stands(out / "a.flac"));
    EXPECT_TRUE(listing.stands(root / "other" / "a.flac"));
  }
}

TEST_F(Listing, OfAFolderThatIsNotThereYet) {
  EXPECT_FALSE(listing.stands(root / "new" / "a.flac"));
  fs::create_directory(root / "new");
  write_text(root / "new" / "a.flac", "x");
  EXPECT_TRUE(listing.stands(root / "new" / "a.flac"));
  fs::remove_all(root / "new");
  a_while();
  EXPECT_FALSE(listing.stands(root / "new" / "a.flac"));
}

TEST_F(Listing, OfALargeFolderIsRightToo) {
  for (int i = 0; i < 2100; ++i) write_text(out / (std::to_string(i) + ".flac"), "");
  for (int i = 0; i < 2100; ++i) ASSERT_TRUE(listing.stands(out / (std::to_string(i) + ".flac"))) << i;
  EXPECT_FALSE(listing.stands(out / "2100.flac"));
  write_text(out / "2100.flac", "");
  EXPECT_TRUE(listing.stands(out / "2100.flac")) << "each name is asked for";
}

TEST_F(Listing, GivesFreeNames) {
  write_text(out / "a.flac", "x");
  write_text(out / "a (2).json", "x");
  EXPECT_EQ(free_name(out / "a.flac", {}, {}, &listing), out / "a (3).flac");
}

}  // namespace
}  // namespace lectern::publish
