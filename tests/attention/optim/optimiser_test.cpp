#include "attention/optim/optimiser.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

std::vector<std::string> names(const ParameterGroup& group) {
  std::vector<std::string> all;
  for (const Parameter& p : group.parameters) all.push_back(p.name);
  return all;
}

TEST(DecayGroups, SpareVectorsTokensPositionsAndWhatIsNamed) {
  ParameterStore store(1, Purpose::kTraining);
  const Weights w(store);
  w.get("class_token", {1, 4}, Init::kZeros);
  w.get("position", {5, 4}, Init::kZeros);
  (w / "stem").get("weight", {4, 3, 3, 3}, Init::kZeros);
  (w / "norm").get("weight", {4}, Init::kOnes);
  (w / "attn").get("bias_k", {1, 4}, Init::kZeros);
  (w / "fc").get("weight", {4, 4}, Init::kZeros);
  (w / "fc").get("bias", {4}, Init::kZeros);
  (w / "fc2").get("weight", {4, 4}, Init::kZeros);
  const auto groups = decay_groups(store.parameters(), 0.05f);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].weight_decay, 0.05f);
  EXPECT_EQ(groups[1].weight_decay, 0);
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(groups[0]), (Names{"stem.weight", "fc.weight", "fc2.weight"}));
  EXPECT_EQ(names(groups[1]), (Names{"class_token", "position", "norm.weight", "attn.bias_k", "fc.bias"}));
  const auto fewer = decay_groups(store.parameters(), 0.05f, {"fc"});
  EXPECT_EQ(names(fewer[0]), (Names{"stem.weight", "fc2.weight"}));
}

}  // namespace
}  // namespace fovea
