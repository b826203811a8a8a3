#include "vision/preprocess.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "vision/resize.h"

namespace fovea {
namespace {

cv::Mat noise(int height, int width, uint64_t seed) {
  Rng rng(seed);
  cv::Mat image(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x) image.ptr(y)[x] = static_cast<uint8_t>(rng.next());
  return image;
}

// Keeps pixel values, so that a test can count them.
Recipe plain(Recipe::Fit fit, int64_t resize, int64_t crop) {
  Recipe recipe;
  recipe.fit = fit;
  recipe.resize_height = recipe.resize_width = resize;
  recipe.crop = crop > 0;
  recipe.crop_height = recipe.crop_width = crop;
  recipe.rescale = 1;
  recipe.normalise = false;
  return recipe;
}

std::vector<float> run(const cv::Mat& image, const Recipe& recipe) {
  std::vector<float> out(static_cast<size_t>(recipe.height() * recipe.width() * 3));
  preprocess(image, recipe, out.data());
  return out;
}

// What the recipe makes of a picture when `resized`, from (left, top) on, is what lies under the crop.
void expect_window(const cv::Mat& image, const Recipe& recipe, cv::Size resized, int left, int top) {
  const cv::Mat whole = resize_pillow(image, resized, recipe.filter);
  const std::vector<float> got = run(image, recipe);
  size_t i = 0;
  for (int y = top; y < top + recipe.height(); ++y)
    for (int x = left; x < left + recipe.width(); ++x)
      for (int c = 0; c < 3; ++c, ++i) {
        const bool inside = x >= 0 && y >= 0 && x < whole.cols && y < whole.rows;
        const auto fill = recipe.fill[static_cast<size_t>(c)];
        ASSERT_EQ(got[i], inside ? whole.at<cv::Vec3b>(y, x)[c] : fill) << x << "," << y;
      }
}

TEST(Preprocess, PutsTheCropWhereTheReferenceDoes) {
  using Fit = Recipe::Fit;
  const cv::Mat wide = noise(61, 97, 1), small = noise(5, 8, 2);
  Recipe hf = plain(Fit::kShortestEdge, 45, 40);
  expect_window(wide, hf, {71, 45}, 15, 2);  // int(45 * 97 / 61); margins 31 and 5 rounded down
  Recipe timm = hf;
  timm.crop_rounding = Recipe::CropRounding::kHalfToEven;
  expect_window(wide, timm, {71, 45}, 16, 2);  // 15.5 -> 16, 2.5 -> 2
  hf = plain(Fit::kKeep, 0, 10);
  expect_window(small, hf, {8, 5}, -1, -3);  // transformers pads more above
  timm = hf;
  timm.crop_rounding = Recipe::CropRounding::kHalfToEven;
  expect_window(small, timm, {8, 5}, -1, -2);  // torchvision pads more below
  Recipe border = plain(Fit::kBorder, 71, 64);
  border.crop_rounding = Recipe::CropRounding::kHalfToEven;
  border.fill = {124, 116, 104};
  expect_window(wide, border, {71, 45}, 4, -9);
  Recipe cover = plain(Fit::kCover, 73, 64);
  cover.resize_width = 54;
  cover.crop_width = 48;
  cover.crop_rounding = Recipe::CropRounding::kHalfToEven;
  expect_window(wide, cover, {116, 73}, 34, 4);
}

TEST(Preprocess, NormalisesInTheReferencesOrder) {
  cv::Mat levels(1, 256, CV_8UC3);
  for (int i = 0; i < 256; ++i) levels.at<cv::Vec3b>(0, i) = cv::Vec3b::all(static_cast<uint8_t>(i));
  Recipe recipe;
  recipe.resize_height = 1;
  recipe.resize_width = 256;
  recipe.mean = {0.485, 0.456, 0.406};
  recipe.stddev = {0.229, 0.224, 0.225};
  const std::vector<float> got = run(levels, recipe);
  for (size_t i = 0; i < got.size(); ++i) {
    const auto scaled = static_cast<float>(static_cast<double>(i / 3) / 255);
    EXPECT_EQ(got[i],
              (scaled - static_cast<float>(recipe.mean[i % 3])) / static_cast<float>(recipe.stddev[i % 3]));
  }
}

TEST(Preprocess, ABatchIsItsPicturesForAnyNumberOfThreads) {
  const std::vector<cv::Mat> images = {noise(33, 50, 1), noise(80, 21, 2), noise(40, 40, 3)};
  const Recipe recipe = recipe_from_transformers(R"({"image_processor_type": "DeiTImageProcessor"})");
  std::vector<float> want;
  for (const cv::Mat& image : images) {
    const std::vector<float> one = run(image, recipe);
    want.insert(want.end(), one.begin(), one.end());
  }
  for (int count : {1, 2, 3, 8}) {
    Tensor batch;
    Threads(count).run([&] { batch = make_batch(images, recipe); });
    EXPECT_EQ(batch.shape(), (Shape{3, 224, 224, 3}));
    EXPECT_TRUE(std::equal(want.begin(), want.end(), batch.data())) << count << " threads";
  }
}

TEST(Preprocess, RefusesWhatDoesNotFit) {
  EXPECT_THROW(run(cv::Mat(), Recipe()), Error);
  EXPECT_THROW(run(cv::Mat(4, 4, CV_8UC1), Recipe()), Error);
  EXPECT_THROW(run(noise(9, 9, 1), plain(Recipe::Fit::kKeep, 8, 0)), Error);
  EXPECT_THROW(run(noise(1, 3000, 1), plain(Recipe::Fit::kBorder, 64, 64)), Error);  // no row would be left
  EXPECT_THROW(make_batch({}, Recipe()), Error);
}

}  // namespace
}  // namespace fovea
