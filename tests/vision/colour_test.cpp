#include "vision/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/vision/picture_data.h"

namespace fovea {
namespace {

double gray(const cv::Vec3b& p) {
  return std::floor(0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2] + 0.5);
}

// Every value is within one level of base + factor * (value - base), cut to 8 bits; `base` by pixel.
template <class Base>
void expect_blend(const cv::Mat& rgb, const cv::Mat& out, double factor, const Base& base) {
  ASSERT_EQ(out.size(), rgb.size());
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      for (int c = 0; c < 3; ++c) {
        const double b = base(y, x, c), v = rgb.at<cv::Vec3b>(y, x)[c];
        ASSERT_NEAR(out.at<cv::Vec3b>(y, x)[c], std::clamp(b + factor * (v - b), 0.0, 255.0), 2.01)
            << x << "," << y << " factor " << factor;
      }
}

TEST(Colour, FactorsBlendFromBlackGrayMeanAndSmoothed) {
  const cv::Mat rgb = noise_picture(11, 13, 1);
  double mean = 0;
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      mean += gray(rgb.at<cv::Vec3b>(y, x)) / static_cast<double>(rgb.total());
  const cv::Mat weights = (cv::Mat_<double>(3, 3) << 1, 1, 1, 1, 5, 1, 1, 1, 1);
  cv::Mat smooth;
  cv::filter2D(rgb, smooth, CV_8U, weights / 13);
  rgb.row(0).copyTo(smooth.row(0)), rgb.row(10).copyTo(smooth.row(10));
  rgb.col(0).copyTo(smooth.col(0)), rgb.col(12).copyTo(smooth.col(12));
  for (const double factor : {0.0, 0.3, 1.0, 1.7}) {
    expect_blend(rgb, with_brightness(rgb, factor), factor, [](int, int, int) { return 0; });
    expect_blend(rgb, with_contrast(rgb, factor), factor, [&](int, int, int) { return std::round(mean); });
    expect_blend(rgb, with_saturation(rgb, factor), factor,
                 [&](int y, int x, int) { return gray(rgb.at<cv::Vec3b>(y, x)); });
    expect_blend(rgb, with_sharpness(rgb, factor), factor,
                 [&](int y, int x, int c) { return smooth.at<cv::Vec3b>(y, x)[c]; });
  }
  for (const auto change : {with_brightness, with_contrast, with_saturation, with_sharpness})
    EXPECT_TRUE(same_pixels(change(rgb, 1), rgb));
}

TEST(Colour, HueTurnsTheCircle) {
  const auto turned = [](cv::Vec3b colour, double share) {
    cv::Mat one(1, 1, CV_8UC3);
    one.at<cv::Vec3b>(0, 0) = colour;
    return with_hue_turned(one, share).at<cv::Vec3b>(0, 0);
  };
  const auto near = [](cv::Vec3b a, cv::Vec3b b) { return cv::norm(a, b, cv::NORM_INF) <= 6; };
  EXPECT_TRUE(near(turned({255, 0, 0}, 1.0 / 3), {0, 255, 0}));
  EXPECT_TRUE(near(turned({255, 0, 0}, -1.0 / 3), {0, 0, 255}));
  EXPECT_TRUE(near(turned({200, 100, 0}, 0.5), {0, 100, 200}));
  EXPECT_EQ(turned({90, 90, 90}, 0.25), cv::Vec3b(90, 90, 90));
  const cv::Mat rgb = noise_picture(9, 9, 2);
  cv::Mat hsv;
  for (const double share : {-0.4, -0.1, 0.2, 0.5}) {  // against OpenCV's HSV in floats
    rgb.convertTo(hsv, CV_32F, 1.0 / 255);
    cv::cvtColor(hsv, hsv, cv::COLOR_RGB2HSV);
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 9; ++x) {
        float& h = hsv.at<cv::Vec3f>(y, x)[0];
        h = static_cast<float>(std::fmod(h + 360 + 360 * share, 360));
      }
    cv::cvtColor(hsv, hsv, cv::COLOR_HSV2RGB);
    cv::Mat want;
    hsv.convertTo(want, CV_8U, 255);
    EXPECT_LE(cv::norm(with_hue_turned(rgb, share), want, cv::NORM_INF), 12)
        << share;  // 8-bit hue: 1.4 degrees
  }
}

TEST(ColourJitter, DrawsFactorsWithinItsRange) {
  cv::Mat rgb(1, 1, CV_8UC3);
  rgb.at<cv::Vec3b>(0, 0) = {100, 100, 100};
  Rng rng(3);
  int low = 255, high = 0;
  for (int i = 0; i < 1000; ++i) {
    const int value = colour_jitter(rgb, {.brightness = 0.4}, rng).at<cv::Vec3b>(0, 0)[0];
    low = std::min(low, value), high = std::max(high, value);
  }
  EXPECT_NEAR(low, 60, 1);
  EXPECT_NEAR(high, 140, 2);
  for (int i = 0; i < 200; ++i) {
    const int value = colour_jitter(rgb, {.brightness = 3}, rng).at<cv::Vec3b>(0, 0)[0];  // no factor below 0
    EXPECT_GE(value, 0);
  }
  EXPECT_TRUE(same_pixels(colour_jitter(rgb, {}, rng), rgb));
}

TEST(ColourJitter, DrawsTheOrder) {
  const cv::Mat rgb = noise_picture(8, 8, 4);
  const Augmentation how = {.brightness = 1, .saturation = 1};
  int saturation_first = 0, brightness_first = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed), same(seed);
    const cv::Mat out = colour_jitter(rgb, how, rng);
    for (int i = 0; i < 3; ++i) same.next();  // the shuffle of four
    const double first = 2 * same.uniform(), second = 2 * same.uniform();
    const bool s = same_pixels(out, with_brightness(with_saturation(rgb, first), second));
    const bool b = same_pixels(out, with_saturation(with_brightness(rgb, first), second));
    EXPECT_TRUE(s || b) << seed;
    saturation_first += s && !b;
    brightness_first += b && !s;
  }
  EXPECT_GT(saturation_first, 8);
  EXPECT_GT(brightness_first, 8);
}

}  // namespace
}  // namespace fovea
