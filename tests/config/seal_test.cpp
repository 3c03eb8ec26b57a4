#include "config/seal.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lectern {
namespace {

const std::string kText = sealed("{\n \"a\": 1,\n \"b\": \"}\"\n}");

TEST(Seal, AChangedByteBreaksIt) {
  for (std::size_t at = 0; at < kText.size(); ++at) {
    std::string changed = kText;
    changed[at] ^= 1;
    EXPECT_FALSE(seal_holds(changed)) << at;
  }
}

TEST(Seal, ACutOrLongerTextBreaksIt) {
  for (std::size_t bytes = 0; bytes < kText.size(); ++bytes) EXPECT_FALSE(seal_holds(kText.substr(0, bytes))) << bytes;
  EXPECT_FALSE(seal_holds(kText + "\n"));
  EXPECT_FALSE(seal_holds(" " + kText));
}

TEST(Seal, AnUntouchedTextBearsOneThatHoldsAndIsJsonWithItsFields) {
  EXPECT_TRUE(seal_holds(kText));
  const auto content = nlohmann::json::parse(kText);
  EXPECT_EQ(content["a"], 1);
  EXPECT_EQ(content["b"], "}");
  EXPECT_EQ(content.size(), 3u);
}

}  // namespace
}  // namespace lectern
