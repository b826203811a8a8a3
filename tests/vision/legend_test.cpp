#include "vision/legend.h"

#include "tests/vision/picture_data.h"

namespace fovea {
namespace {

TEST(Legend, HasTheColoursOfTheirAuthors) {
  // Both ends of matplotlib's maps and of Google's, red first.
  const std::tuple<ColourMap, cv::Vec3b, cv::Vec3b> known[] = {
      {ColourMap::kViridis, {68, 1, 84}, {253, 231, 36}},
      {ColourMap::kInferno, {0, 0, 3}, {252, 254, 164}},
      {ColourMap::kMagma, {0, 0, 3}, {251, 252, 191}},
      {ColourMap::kCividis, {0, 34, 78}, {254, 232, 56}},
      {ColourMap::kTurbo, {48, 18, 59}, {122, 4, 3}}};
  for (const auto& [map, first, last] : known) {
    const cv::Mat table = colour_table(map);
    for (int c = 0; c < 3; ++c) {
      EXPECT_NEAR(colour_of(table, -1)[2 - c], first[c], 3) << static_cast<int>(map) << " " << c;
      EXPECT_NEAR(colour_of(table, 1.5)[2 - c], last[c], 3) << static_cast<int>(map) << " " << c;
    }
  }
}

TEST(Legend, WritesTrueValues) {
  EXPECT_EQ(true_value(0.0123456), "0.01235");
  EXPECT_EQ(true_value(-0.0), "0");
  EXPECT_EQ(true_value(1.0 / 3, 2), "0.33");
  EXPECT_EQ(true_value(0.00000123456), "1.235e-06");
  EXPECT_EQ(true_value(-123), "-123");
}

TEST(Legend, WrapsAtWordsAndShortensWhatIsTooLong) {
  const std::string text = "relevance of class 'Chesapeake Bay retriever' in " + std::string(400, 'W') +
                           " and more and more words that nobody needs to read to the end";
  const DrawingScale scale{1, 0.45, 1};
  for (const int width : {40, 150, 300, 900}) {
    const auto lines = wrapped(text, width, scale, 3);
    ASSERT_EQ(lines.size(), 3u);
    for (const std::string& line : lines) EXPECT_LE(letters_size(line, scale).width, width) << line;
    EXPECT_TRUE(lines.back().ends_with("..."));
  }
  const auto lines = wrapped("one two three", letters_size("one two", scale).width, scale, 3);
  EXPECT_EQ(lines, (std::vector<std::string>{"one two", "three"}));
  EXPECT_TRUE(wrapped("", 100, scale, 3).empty());
  EXPECT_EQ(wrapped("\xC3\xA4\n", 100, scale, 3), std::vector<std::string>{"a?"});
}

}  // namespace
}  // namespace fovea
