#include "config/sha256.h"

#include <gtest/gtest.h>

#include "config/fault.h"
#include "config/file.h"

namespace lectern {
namespace {

constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2, B.1

TEST(Sha256, GivesThePublishedValues) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), kAbc);
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheHashOfTheWholeAndFinishStartsAfresh) {
  Sha256 hash;
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(hash.finish(), kAbc);
  hash.update("abc");
  EXPECT_EQ(hash.finish(), kAbc);
}

TEST(Sha256, AFileHasTheHashOfItsBytes) {
  const std::filesystem::path file = testing::TempDir() + "sha256-" + std::to_string(getpid());
  write_file(file, std::string(1'000'000, 'a') + std::string(200'000, '\0') + "x");
  EXPECT_EQ(sha256_file(file), sha256(read_file(file)));
  std::filesystem::remove(file);
}

TEST(Sha256, AFileThatCannotBeReadIsNamed) {
  for (const char* file : {"/nonexistent/file", "/"}) try {
      sha256_file(file);
      FAIL() << file;
    } catch (const Fault& fault) {
      EXPECT_NE(std::string(fault.what()).find(file), std::string::npos);
    }
}

}  // namespace
}  // namespace lectern
