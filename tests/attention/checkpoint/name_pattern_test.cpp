#include "attention/checkpoint/name_pattern.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TEST(NamePattern, Matches) {
  EXPECT_TRUE(match_pattern("a.b", "a.b"));
  EXPECT_FALSE(match_pattern("a.b", "a.bc"));
  EXPECT_FALSE(match_pattern("a.b", "a."));
  EXPECT_TRUE(match_pattern("a.", "a.weight"));
  EXPECT_FALSE(match_pattern("a.", "a."));
  EXPECT_FALSE(match_pattern("a.", "ab.weight"));
  EXPECT_FALSE(match_pattern("a.*.b", "a.x.b"));
  EXPECT_FALSE(match_pattern("a.*.b", "a..b"));
  EXPECT_TRUE(match_pattern("a.*", "a.12"));
  EXPECT_FALSE(match_pattern("a.*", "a.1.b"));
}

TEST(NamePattern, CarriesNumbersInOrderAndTheSubtree) {
  const auto match = match_pattern("stages.*.blocks.*.mlp.", "stages.3.blocks.12.mlp.fc1.bias");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->numbers, (std::vector<std::string>{"3", "12"}));
  EXPECT_EQ(match->subtree, "fc1.bias");
  EXPECT_EQ(fill_pattern("s*.b*.", *match), "s3.b12.fc1.bias");
}

TEST(NamePattern, Alternatives) {
  EXPECT_EQ(alternatives("a.b."), (std::vector<std::string>{"a.b."}));
  EXPECT_EQ(alternatives("a.{q,k,v}.w"), (std::vector<std::string>{"a.q.w", "a.k.w", "a.v.w"}));
}

}  // namespace
}  // namespace fovea
