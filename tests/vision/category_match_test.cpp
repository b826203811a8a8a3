#include "vision/category_match.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Matches = std::vector<int64_t>;

// A head with COCO's 91 places: "c1" to "c90" by category id, with gaps.
std::vector<std::string> coco_labels() {
  std::vector<std::string> labels;
  for (int id = 0; id < 91; ++id) labels.push_back(id % 12 == 0 ? "N/A" : "c" + std::to_string(id));
  return labels;
}

TEST(CategoryMatch, ByNameWhateverTheOrder) {
  const std::vector<std::string> labels = {"WBC", "RBC", "Platelets"};
  const std::vector<Category> categories = {{1, "Platelets"}, {2, "RBC"}, {3, "WBC"}};
  EXPECT_EQ(match_categories(labels, categories), (Matches{2, 1, 0}));
}

TEST(CategoryMatch, TheSameLettersGoBeforeTheSameButForCase) {
  const std::vector<std::string> labels = {"Dog", "cat", "DOG", "fish"};
  const std::vector<Category> categories = {{0, "Cat"}, {1, "dog"}, {2, "Dog"}};
  EXPECT_EQ(match_categories(labels, categories), (Matches{2, 0, 1, -1}));
  EXPECT_TRUE(unmatched(Matches{2, 0, 1, -1}, categories).empty());
  EXPECT_EQ(unmatched(Matches{2, -1, -1, -1}, categories), (Matches{0, 1}));
}

TEST(CategoryMatch, ByCocosIdsIfMostNamesAgree) {
  const std::vector<Category> categories = {{1, "c1"}, {3, "another name"}, {90, "C90"}};
  const Matches matches = match_categories(coco_labels(), categories);
  EXPECT_EQ(matches[1], 0);
  EXPECT_EQ(matches[3], 1);
  EXPECT_EQ(matches[90], 2);
  EXPECT_EQ(std::count(matches.begin(), matches.end(), -1), 88);
}

TEST(CategoryMatch, OtherIdsAreNotTakenForCocos) {
  const std::vector<Category> categories = {{1, "c90"}, {2, "c1"}, {3, "n/a of ours"}};
  const Matches matches = match_categories(coco_labels(), categories);
  EXPECT_EQ(matches[90], 0);
  EXPECT_EQ(matches[1], 1);
  EXPECT_EQ(matches[3], -1);
}

TEST(CategoryMatch, NothingMatches) {
  const std::vector<Category> categories = {{1, "WBC"}, {2, "RBC"}};
  try {
    match_categories(coco_labels(), categories);
    FAIL() << "it is taken";
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "the model's classes (c1, c2, c3, c4, c5, ...) are none of the data's categories (WBC, RBC); "
        "choose data with the classes that the model was trained for");
  }
}

}  // namespace
}  // namespace fovea
