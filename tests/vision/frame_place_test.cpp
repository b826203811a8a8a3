#include "vision/frame_place.h"

#include <cmath>

#include "tests/vision/picture_data.h"
#include "vision/framed_batch.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

Recipe recipe_of(Recipe::Fit fit, int64_t height, int64_t width) {
  Recipe recipe;
  recipe.fit = fit;
  recipe.resize_height = height;
  recipe.resize_width = width;
  recipe.filter = Filter::kBilinear;
  recipe.rescale = 1;
  recipe.normalise = false;
  return recipe;
}

Recipe cropped(Recipe recipe, int64_t height, int64_t width,
               Recipe::CropRounding rounding = Recipe::CropRounding::kFloor) {
  recipe.crop = true;
  recipe.crop_height = height;
  recipe.crop_width = width;
  recipe.crop_rounding = rounding;
  return recipe;
}

// The middle of what is bright, in pixels from the frame's edge.
cv::Point2d middle(const float* values, cv::Size frame) {
  double sum = 0, x = 0, y = 0;
  for (int row = 0; row < frame.height; ++row)
    for (int column = 0; column < frame.width; ++column) {
      const double value = values[3 * (row * frame.width + column)];
      sum += value;
      x += value * (column + 0.5);
      y += value * (row + 0.5);
    }
  return {x / sum, y / sum};
}

// A bright square goes through the recipe and is found where the place says.
void expect_found(cv::Size picture, const Recipe& recipe, cv::Rect square) {
  cv::Mat rgb(picture, CV_8UC3, cv::Scalar(0, 0, 0));
  rgb(square).setTo(cv::Scalar(255, 255, 255));
  const FramedBatch batch = make_framed_batch({&rgb, 1}, recipe);
  const FramePlace place = place_in_frame(picture, recipe);
  ASSERT_EQ(place.picture, picture);
  ASSERT_EQ(place.frame,
            cv::Size(static_cast<int>(batch.images.dim(2)), static_cast<int>(batch.images.dim(1))));
  const cv::Point2d centre(square.x + square.width / 2.0, square.y + square.height / 2.0);
  const cv::Point2d found = middle(batch.images.data(), place.frame), told = place.to_frame(centre);
  EXPECT_NEAR(told.x, found.x, 0.1) << picture;
  EXPECT_NEAR(told.y, found.y, 0.1) << picture;
  const cv::Point2d back = place.to_picture(told);
  EXPECT_NEAR(back.x, centre.x, 1e-9);
  EXPECT_NEAR(back.y, centre.y, 1e-9);
}

TEST(FramePlace, FindsABrightSquareInEveryFit) {
  using Fit = Recipe::Fit;
  const Recipe fits[] = {recipe_of(Fit::kKeep, 1, 1),
                         recipe_of(Fit::kSquash, 60, 90),
                         recipe_of(Fit::kShortestEdge, 71, 71),
                         recipe_of(Fit::kCover, 80, 60),
                         recipe_of(Fit::kBorder, 80, 60),
                         recipe_of(Fit::kWithin, 77, 63),
                         recipe_of(Fit::kShortestLongest, 90, 110)};
  for (const cv::Size size : {cv::Size(131, 97), cv::Size(90, 143), cv::Size(64, 64)})
    for (const Recipe& recipe : fits)
      for (const cv::Rect square : {cv::Rect(30, 40, 10, 10), cv::Rect(11, 21, 7, 5)})
        expect_found(size, recipe, square);
}

TEST(FramePlace, FollowsTheRoundingOfTheCropAndItsFill) {
  for (const auto rounding : {Recipe::CropRounding::kFloor, Recipe::CropRounding::kHalfToEven})
    for (const int64_t side : {40, 41, 42, 43}) {
      const Recipe edge = recipe_of(Recipe::Fit::kShortestEdge, 48, 48);
      expect_found({131, 97}, cropped(edge, side, side + 1, rounding), {60, 45, 9, 9});
      expect_found({50, 33}, cropped(recipe_of(Recipe::Fit::kKeep, 1, 1), side, 71, rounding),
                   {20, 12, 6, 6});
    }
}

TEST(FramePlace, HasTheFrameOfItsBatchOrOfThePadding) {
  Recipe recipe = recipe_of(Recipe::Fit::kShortestLongest, 40, 60);
  recipe.pad = true;
  const FramePlace alone = place_in_frame({80, 100}, recipe);
  EXPECT_EQ(alone.frame, cv::Size(40, 50));
  const FramePlace shared = place_in_frame({80, 100}, recipe, {60, 50});
  EXPECT_EQ(shared.frame, cv::Size(60, 50));
  EXPECT_EQ(shared.to_frame({80, 100}), cv::Point2d(40, 50));  // the padding begins there
  EXPECT_EQ(shared.seen(), cv::Rect2d(0, 0, 80, 100));
  recipe.pad_height = recipe.pad_width = 64;
  EXPECT_EQ(place_in_frame({80, 100}, recipe).frame, cv::Size(64, 64));
  expect_found({80, 100}, recipe, {30, 40, 10, 10});
  EXPECT_EQ(complaint([&] {
              place_in_frame({80, 100}, recipe, {30, 64});
            }),
            "place_in_frame: a picture that becomes 40 x 50 does not fit into a frame of 30 x 64");
}

TEST(FramePlace, SeesWhatTheCropLeaves) {
  const Recipe recipe = cropped(recipe_of(Recipe::Fit::kShortestEdge, 50, 50), 40, 40);
  const FramePlace place = place_in_frame({200, 100}, recipe);  // 100 x 50, from (30, 5) on
  EXPECT_EQ(place.seen(), cv::Rect2d(60, 10, 80, 80));
  const FramePlace small = place_in_frame({20, 10}, cropped(recipe_of(Recipe::Fit::kKeep, 1, 1), 40, 40));
  EXPECT_EQ(small.seen(), cv::Rect2d(0, 0, 20, 10));
  EXPECT_EQ(small.to_frame({0, 0}), cv::Point2d(10, 15));
}

// Bilinear between cells' centres, one pixel at a time, as the words say.
double slow_value(const cv::Mat& grid, const FramePlace& place, int x, int y) {
  const cv::Point2d at = place.to_frame(cv::Point2d(x + 0.5, y + 0.5));
  if (at.x < 0 || at.y < 0 || at.x > place.frame.width || at.y > place.frame.height) return NAN;
  const double u = at.x * grid.cols / place.frame.width - 0.5,
               v = at.y * grid.rows / place.frame.height - 0.5;
  double sum = 0;
  for (int row = -1; row <= grid.rows; ++row)
    for (int column = -1; column <= grid.cols; ++column) {
      const double weight = std::max(0.0, 1 - std::abs(u - column)) * std::max(0.0, 1 - std::abs(v - row));
      sum += weight * grid.at<float>(std::clamp(row, 0, grid.rows - 1), std::clamp(column, 0, grid.cols - 1));
    }
  return sum;
}

TEST(GridToPicture, IsBilinearBetweenCentresAndNanWhereNothingIsSeen) {
  cv::Mat grid(3, 5, CV_32F);
  Rng rng(7);
  for (int i = 0; i < 15; ++i) grid.at<float>(i / 5, i % 5) = static_cast<float>(rng.next() % 1000) / 1000;
  const Recipe edge = recipe_of(Recipe::Fit::kShortestEdge, 30, 30);
  for (const Recipe& recipe : {edge, cropped(edge, 24, 28), cropped(edge, 64, 64)})
    for (const cv::Size size : {cv::Size(61, 43), cv::Size(20, 33)}) {
      const FramePlace place = place_in_frame(size, recipe);
      const cv::Mat values = grid_to_picture(grid, place);
      ASSERT_EQ(values.size(), size);
      for (int y = 0; y < size.height; ++y)
        for (int x = 0; x < size.width; ++x) {
          const double slow = slow_value(grid, place, x, y), fast = values.at<float>(y, x);
          ASSERT_EQ(std::isnan(fast), std::isnan(slow)) << x << "," << y;
          ASSERT_EQ(std::isnan(fast), !place.seen().contains({x + 0.5, y + 0.5})) << x << "," << y;
          if (!std::isnan(slow)) {
            ASSERT_NEAR(fast, slow, 1e-6) << x << "," << y;
          }
        }
    }
  EXPECT_FALSE(complaint([&] {
                 grid_to_picture(cv::Mat(2, 2, CV_8U), place_in_frame({4, 4}, edge));
               }).empty());
  EXPECT_FALSE(complaint([&] { grid_to_picture(grid, {}); }).empty());
}

}  // namespace
}  // namespace fovea
