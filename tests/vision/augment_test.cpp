#include "vision/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "tests/vision/picture_data.h"
#include "vision/resize.h"

namespace fovea {
namespace {

using Border = Augmentation::Border;

TEST(CropPadded, IsThePartOfThePaddedPicture) {
  const cv::Mat rgb = noise_picture(7, 9, 1);
  for (const auto& [border, of_opencv] :
       {std::pair{Border::kZero, cv::BORDER_CONSTANT}, {Border::kReflect, cv::BORDER_REFLECT_101}}) {
    cv::Mat padded;
    cv::copyMakeBorder(rgb, padded, 6, 6, 6, 6, of_opencv);
    for (int y = -6; y <= 6; ++y)
      for (int x = -6; x <= 6; ++x)
        EXPECT_TRUE(same_pixels(crop_padded(rgb, {x, y, 9, 7}, border), padded({x + 6, y + 6, 9, 7})))
            << x << "," << y;
  }
  EXPECT_TRUE(same_pixels(crop_padded(rgb, {20, 0, 9, 7}, Border::kZero), cv::Mat::zeros(7, 9, CV_8UC3)));
  EXPECT_TRUE(same_pixels(crop_padded(rgb, {2, 3, 5, 4}, Border::kZero), rgb({2, 3, 5, 4})));
}

TEST(Flipped, TurnsLeftAndRight) {
  const cv::Mat rgb = noise_picture(5, 6, 2), once = flipped(rgb);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 6; ++x) EXPECT_EQ(once.at<cv::Vec3b>(y, x), rgb.at<cv::Vec3b>(y, 5 - x));
  EXPECT_TRUE(same_pixels(flipped(once), rgb));
}

TEST(DrawCrop, KeepsToItsAreaAndRatio) {
  Rng rng(3);
  const cv::Size size(200, 150);
  std::set<int> widths;
  for (int i = 0; i < 500; ++i) {
    const cv::Rect part = draw_crop(size, {0.2, 0.6}, {0.5, 2}, rng);
    EXPECT_EQ(part & cv::Rect({0, 0}, size), part);
    EXPECT_NEAR(part.area() / 30000.0, 0.4, 0.21);
    EXPECT_NEAR(std::log(static_cast<double>(part.width) / part.height), 0, std::log(2.0) + 0.03);
    widths.insert(part.width);
  }
  EXPECT_GT(widths.size(), 50u);
  EXPECT_EQ(draw_crop({100, 10}, {1, 1}, {0.5, 2}, rng), cv::Rect(40, 0, 20, 10));  // none fits: the middle
  EXPECT_EQ(draw_crop({10, 100}, {1, 1}, {0.5, 2}, rng), cv::Rect(0, 40, 10, 20));
}

TEST(Augment, DoesNothingUnlessAsked) {
  const cv::Mat rgb = noise_picture(8, 8, 4);
  Rng rng(1);
  EXPECT_TRUE(same_pixels(augment(rgb, {8, 8}, Filter::kBilinear, {}, rng), rgb));
  EXPECT_EQ(rng.next(), Rng(1).next());  // draws nothing either
}

TEST(Augment, PaddedCropsReachEveryPlaceAlike) {
  cv::Mat rgb = cv::Mat::zeros(8, 8, CV_8UC3);
  rgb.at<cv::Vec3b>(4, 4) = {255, 255, 255};
  Rng rng(5);
  std::array<std::array<int, 8>, 8> seen{};
  for (int i = 0; i < 4900; ++i) {
    const cv::Mat out = augment(rgb, {8, 8}, Filter::kBilinear, {.pad = 3}, rng);
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x)
        seen[static_cast<size_t>(y)][static_cast<size_t>(x)] += out.ptr(y, x)[0] == 255;
  }
  for (size_t y = 0; y < 8; ++y)
    for (size_t x = 0; x < 8; ++x) {
      if (y >= 1 && x >= 1)
        EXPECT_NEAR(seen[y][x], 100, 45) << x << "," << y;  // 49 places, 4.5 standard deviations
      else
        EXPECT_EQ(seen[y][x], 0);
    }
}

TEST(Augment, FlipsAsOftenAsAsked) {
  const cv::Mat rgb = noise_picture(2, 4, 6);
  for (const double flip : {0.0, 0.25, 1.0}) {
    Rng rng(7);
    int flips = 0;
    for (int i = 0; i < 1000; ++i)
      flips += same_pixels(augment(rgb, {4, 2}, Filter::kBilinear, {.flip = flip}, rng), flipped(rgb));
    EXPECT_NEAR(flips, 1000 * flip, flip == 0.25 ? 60 : 0);
  }
}

TEST(Augment, ResizesTheCropAsPillowDoes) {
  const cv::Mat rgb = noise_picture(40, 60, 8);
  const Augmentation how = {.random_resized_crop = true, .crop_area = {0.3, 0.9}};
  Rng rng(9), same(9);
  const cv::Mat out = augment(rgb, {16, 12}, Filter::kBicubic, how, rng);
  const cv::Rect part = draw_crop({60, 40}, how.crop_area, how.crop_ratio, same);
  EXPECT_TRUE(same_pixels(out, resize_pillow(rgb(part).clone(), {16, 12}, Filter::kBicubic)));
}

TEST(Augment, TheSameSeedGivesTheSameBytes) {
  const cv::Mat rgb = noise_picture(40, 60, 10);
  const Augmentation how = {.random_resized_crop = true,
                            .pad = 2,
                            .flip = 0.5,
                            .brightness = 0.4,
                            .contrast = 0.4,
                            .saturation = 0.4,
                            .hue = 0.1,
                            .rand_augment = 2};
  std::vector<cv::Mat> seen;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    Rng a(seed), b(seed);
    seen.push_back(augment(rgb, {24, 20}, Filter::kBilinear, how, a));
    EXPECT_EQ(seen.back().size(), cv::Size(24, 20));
    EXPECT_TRUE(same_pixels(seen.back(), augment(rgb, {24, 20}, Filter::kBilinear, how, b)));
    for (size_t i = 0; i + 1 < seen.size(); ++i) EXPECT_FALSE(same_pixels(seen[i], seen.back()));
  }
}

// How many of the pixels are 0, all channels; the others must be 1.
int cleared(const std::vector<float>& values) {
  int count = 0;
  for (size_t i = 0; i < values.size(); i += 3) {
    EXPECT_TRUE(values[i] == values[i + 1] && values[i] == values[i + 2] &&
                (values[i] == 0 || values[i] == 1));
    count += values[i] == 0;
  }
  return count;
}

TEST(Erase, ClearsOneRectangleOfItsArea) {
  Rng rng(11);
  int erased = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<float> values(3 * 30 * 40, 1);
    erase(values.data(), {40, 30}, {.erase = 0.5, .erase_area = {0.1, 0.2}}, rng);
    const int count = cleared(values);
    if (count == 0) continue;
    ++erased;
    EXPECT_GT(count, 100);
    EXPECT_LT(count, 265);
    int left = 40, right = 0, top = 30, bottom = 0;
    for (int p = 0; p < 1200; ++p)
      if (values[static_cast<size_t>(3 * p)] == 0) {
        left = std::min(left, p % 40), right = std::max(right, p % 40);
        top = std::min(top, p / 40), bottom = std::max(bottom, p / 40);
      }
    EXPECT_EQ(count, (right - left + 1) * (bottom - top + 1));
  }
  EXPECT_NEAR(erased, 200, 45);
}

TEST(Erase, CutoutIsASquareThatTheEdgesMayCut) {
  Rng rng(12);
  std::set<int> counts;
  for (int i = 0; i < 400; ++i) {
    std::vector<float> values(3 * 10 * 10, 1);
    erase(values.data(), {10, 10}, {.cutout = 4}, rng);
    counts.insert(cleared(values));
  }
  // The centre is any pixel: 2, 3 or 4 columns and rows are left.
  EXPECT_EQ(counts, (std::set<int>{4, 6, 8, 9, 12, 16}));
}

TEST(Check, RefusesWhatIsOutOfRange) {
  const cv::Size size(32, 32);
  check(Augmentation{.pad = 31, .border = Border::kReflect, .flip = 1, .hue = 0.5, .magnitude = 30}, size);
  for (const Augmentation& wrong :
       {Augmentation{.crop_area = {0, 1}}, Augmentation{.crop_ratio = {2, 1}}, Augmentation{.pad = -1},
        Augmentation{.pad = 32, .border = Border::kReflect}, Augmentation{.flip = 1.5},
        Augmentation{.hue = 0.6}, Augmentation{.magnitude = 31}, Augmentation{.erase = -1},
        Augmentation{.cutout = -2}, Augmentation{.mixup = std::nan("")}, Augmentation{.cutmix = -1}})
    EXPECT_THROW(check(wrong, size), Error);
  EXPECT_EQ(complaint([&] { check({.flip = 2}, size); }), "augmentation: flip is 2; give one from 0 to 1");
}

}  // namespace
}  // namespace fovea
