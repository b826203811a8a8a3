#include "vision/precision_recall_chart.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "tests/vision/annotated.h"
#include "vision/canvas.h"

namespace fovea {
namespace {

int pixels_of(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat mask;
  cv::inRange(picture, colour, colour, mask);
  return cv::countNonZero(mask);
}

// `count` classes with an object each, found with an IoU of `share`.
CocoEvaluation evaluated(int64_t count, double share) {
  std::vector<Category> categories;
  std::vector<Annotation> objects;
  std::vector<ScoredBox> found;
  for (int64_t c = 0; c < count; ++c) {
    categories.push_back({c + 1, "a rather long name of class " + std::to_string(c)});
    Annotation object;
    object.box = {0, 0, 100, 100};
    object.category = c;
    object.area = 10'000;
    objects.push_back(object);
    found.push_back({0, c, {0, 0, 100, 100 * share}, 0.5});
  }
  return evaluate_detections(data_set(categories, {shown_objects(1, objects)}), found);
}

void expect_white_edge(const cv::Mat& picture) {
  const cv::Scalar white(255, 255, 255);
  EXPECT_EQ(pixels_of(picture.row(0), white), picture.cols);
  EXPECT_EQ(pixels_of(picture.row(picture.rows - 1), white), picture.cols);
  EXPECT_EQ(pixels_of(picture.col(0), white), picture.rows);
  EXPECT_EQ(pixels_of(picture.col(picture.cols - 1), white), picture.rows);
}

TEST(PrecisionRecallChart, DrawsBothLevelsOfOverlap) {
  const cv::Mat both = draw_precision_recall(evaluated(2, 0.9)),
                one = draw_precision_recall(evaluated(2, 0.6));
  expect_white_edge(both);
  EXPECT_EQ(both.size(), one.size());
  // At IoU 0.75 nothing is found in the second: of that line only its mark in three legends is left.
  EXPECT_GT(pixels_of(both, kPalette[1]), 1000);
  EXPECT_LT(pixels_of(one, kPalette[1]), 300);
  EXPECT_GT(pixels_of(one, kPalette[0]), 1000);
}

TEST(PrecisionRecallChart, TakesAnyNumberOfClasses) {
  const int one = draw_precision_recall(evaluated(1, 1)).cols;
  EXPECT_EQ(one, 600);
  for (const int64_t count : {0, 3, 80}) expect_white_edge(draw_precision_recall(evaluated(count, 1)));
  const cv::Mat many = draw_precision_recall(evaluated(1200, 1));
  expect_white_edge(many);
  EXPECT_LT(many.rows, 12'000);
  EXPECT_EQ(many.size(), draw_precision_recall(evaluated(119, 1)).size());
}

TEST(PrecisionRecallChart, NamesThatCannotBeDrawnAreNumbers) {
  const auto drawn = [](const std::string& name) {
    CocoEvaluation evaluation = evaluated(2, 0.9);
    evaluation.categories[1].name = name;
    return draw_precision_recall(evaluation);
  };
  const cv::Mat chinese = drawn("赤血球");
  EXPECT_EQ(cv::norm(chinese, drawn("category 2"), cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(chinese, drawn("category 1"), cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(drawn("größer"), drawn("grosser"), cv::NORM_INF), 0);
}

TEST(PrecisionRecallChart, ThresholdsThatWereNotAskedForAreEmpty) {
  const CocoEvaluation evaluation =
      evaluate_detections(data_set({{1, "a"}}, {shown_objects(1)}), {}, {.iou_thresholds = {0.6}});
  const cv::Mat picture = draw_precision_recall(evaluation);
  EXPECT_GT(picture.rows, 100);
  EXPECT_LT(pixels_of(picture, kPalette[0]), 200);
}

}  // namespace
}  // namespace fovea
