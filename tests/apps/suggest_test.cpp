#include "apps/suggest.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TEST(Suggest, NearestName) {
  const std::vector<std::string> names = {"classify", "embed", "models show", "run", "bench"};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"clasify", "classify"}, {"emebd", "embed"}, {"models shwo", "models show"},
      {"detect", ""},          {"", ""},           {"xyz", ""},
      {"bnech", "bench"}};
  for (const auto& [typed, expected] : cases) EXPECT_EQ(nearest_name(typed, names), expected) << typed;
}

TEST(Suggest, HintWithoutNearName) {
  EXPECT_EQ(suggestion("--topk", {"--top-k"}, "see help"), "; did you mean '--top-k'?");
  EXPECT_EQ(suggestion("--zzz", {"--top-k"}, "see help"), "; see help");
}

}  // namespace
}  // namespace fovea
