#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/canvas.h"
#include "vision/confusion_matrix.h"
#include "vision/curves.h"

namespace fovea {
namespace {

int pixels_of(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat mask;
  cv::inRange(picture, colour, colour, mask);
  return cv::countNonZero(mask);
}

// Nothing that was drawn touches the edge, so nothing was cut off there.
void expect_white_edge(const cv::Mat& picture) {
  const cv::Scalar white(255, 255, 255);
  EXPECT_EQ(pixels_of(picture.row(0), white), picture.cols);
  EXPECT_EQ(pixels_of(picture.row(picture.rows - 1), white), picture.cols);
  EXPECT_EQ(pixels_of(picture.col(0), white), picture.rows);
  EXPECT_EQ(pixels_of(picture.col(picture.cols - 1), white), picture.rows);
}

TEST(Curves, DrawsEachInItsColour) {
  const Panel panel{"loss", {{"training", {1, 2, 3}, {3, 2, 1}}, {"held out", {1, 2, 3}, {3, NAN, 2}}}};
  const cv::Mat picture = draw_curves(std::span(&panel, 1), "epoch");
  EXPECT_GT(pixels_of(picture, kPalette[0]), 300);
  EXPECT_GT(pixels_of(picture, kPalette[1]), 50);
  EXPECT_EQ(pixels_of(picture, kPalette[2]), 0);
  expect_white_edge(picture);
}

TEST(Curves, TakesWhatARunCanGive) {
  const std::vector<Panel> panels = {{"nothing", {{"none", {}, {}}}},
                                     {"one", {{"one", {1}, {0.5}}}},
                                     {"not a number", {{"nan", {1, 2}, {NAN, NAN}}}},
                                     {"flat and large", {{"flat", {1, 2}, {1e30, 1e30}}}},
                                     {"tiny", {{"tiny", {1, 2}, {1e-12, 3e-12}}}}};
  const cv::Mat picture = draw_curves(panels, "epoch");
  EXPECT_GT(pixels_of(picture, kPalette[0]), 20);
  EXPECT_THROW(draw_curves({}, "epoch"), Error);
  const Panel odd{"odd", {{"odd", {1, 2}, {1}}}};
  EXPECT_THROW(draw_curves(std::span(&odd, 1), "epoch"), Error);
}

TEST(ConfusionMatrix, ShadesByShareOfTheRow) {
  const std::vector<std::string> names = {"cat", "a dog with a very long name indeed", "na\xC3\xAFve"};
  const std::vector<int64_t> counts = {7, 0, 0, 0, 123456, 0, 5, 0, 5};
  const cv::Mat picture = draw_confusion_matrix(counts, names, names);
  expect_white_edge(picture);
  EXPECT_GT(pixels_of(picture, cv::Scalar(107, 48, 8)), 500);     // two full cells but for their text
  EXPECT_GT(pixels_of(picture, cv::Scalar(181, 152, 132)), 500);  // two half ones
}

TEST(ConfusionMatrix, ManyClassesKeepTheirLabels) {
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("class " + std::to_string(i));
  const std::vector<int64_t> counts(10'000, 1);
  const cv::Mat picture = draw_confusion_matrix(counts, names, names);
  expect_white_edge(picture);
  EXPECT_GE(picture.rows, 100 * Canvas::text_size("class 99").height);
  EXPECT_THROW(draw_confusion_matrix(counts, names, std::span(names).first(3)), Error);
}

TEST(Canvas, ShortNumbers) {
  EXPECT_EQ(short_number(0.5, 2), "0.5");
  EXPECT_EQ(short_number(1e-9, 3), "0");
  EXPECT_EQ(short_number(-1e-9, 3), "0");
  EXPECT_EQ(short_number(100, 0), "100");
}

}  // namespace
}  // namespace fovea
