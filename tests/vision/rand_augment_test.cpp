#include "vision/rand_augment.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "tests/vision/picture_data.h"

namespace fovea {
namespace {

const RandomOperation& operation(std::string_view name) {
  for (const RandomOperation& one : random_operations())
    if (one.name == name) return one;
  ADD_FAILURE() << "no operation " << name;
  return random_operations()[0];
}

cv::Mat apply(std::string_view name, const cv::Mat& rgb, double strength) {
  return operation(name).apply(rgb, strength);
}

TEST(RandAugment, HasTheFourteenOperationsAtTorchvisionsStrengths) {
  const cv::Size size(331, 662);
  std::set<std::string_view> names;
  for (const RandomOperation& one : random_operations()) names.insert(one.name);
  EXPECT_EQ(names.size(), 14u);
  struct Case {
    const char* name;
    double at_0, at_9, at_30;
  };
  for (const Case& c :
       {Case{"shear_x", 0, 0.09, 0.3}, Case{"translate_x", 0, 45, 150}, Case{"translate_y", 0, 90, 300},
        Case{"rotate", 0, 9, 30}, Case{"contrast", 0, 0.27, 0.9}, Case{"posterize", 8, 7, 4},
        Case{"solarize", 255, 178.5, 0}}) {
    EXPECT_NEAR(operation(c.name).strength(0, size), c.at_0, 1e-9) << c.name;
    EXPECT_NEAR(operation(c.name).strength(9, size), c.at_9, 1e-9) << c.name;
    EXPECT_NEAR(operation(c.name).strength(30, size), c.at_30, 1e-9) << c.name;
  }
}

TEST(RandAugment, MovesPixelsAsPillowDoes) {
  const cv::Mat rgb = noise_picture(9, 12, 1);
  const auto moved = [&](const char* name, double strength, const auto& source) {
    const cv::Mat out = apply(name, rgb, strength);
    for (int y = 0; y < rgb.rows; ++y)
      for (int x = 0; x < rgb.cols; ++x) {
        const cv::Point from = source(x, y);
        const bool inside = from.x >= 0 && from.y >= 0 && from.x < rgb.cols && from.y < rgb.rows;
        EXPECT_EQ(out.at<cv::Vec3b>(y, x), inside ? rgb.at<cv::Vec3b>(from) : cv::Vec3b())
            << name << x << "," << y;
      }
  };
  const auto whole = [](double x) { return static_cast<int>(std::floor(x)); };
  moved("translate_x", 3.9, [](int x, int y) { return cv::Point(x - 3, y); });
  moved("translate_x", -3.9, [](int x, int y) { return cv::Point(x + 3, y); });
  moved("translate_y", 2, [](int x, int y) { return cv::Point(x, y - 2); });
  moved("shear_x", 0.3, [&](int x, int y) { return cv::Point(whole(x + 0.5 + 0.3 * (y + 0.5)), y); });
  moved("shear_y", -0.3, [&](int x, int y) { return cv::Point(x, whole(y + 0.5 - 0.3 * (x + 0.5))); });
  cv::Mat quarter;
  const cv::Mat square = noise_picture(8, 8, 2);
  cv::rotate(square, quarter, cv::ROTATE_90_COUNTERCLOCKWISE);
  EXPECT_TRUE(same_pixels(apply("rotate", square, 90), quarter));
  EXPECT_TRUE(same_pixels(apply("rotate", square, 0), square));
}

TEST(RandAugment, ChangesValuesByTheirTables) {
  cv::Mat ramp(2, 128, CV_8UC3);
  for (int i = 0; i < 256; ++i)
    ramp.at<cv::Vec3b>(i / 128, i % 128) =
        cv::Vec3b(static_cast<uint8_t>(i), static_cast<uint8_t>(50 + i / 4), uint8_t{77});
  const cv::Mat posterized = apply("posterize", ramp, 3), solarized = apply("solarize", ramp, 100);
  const cv::Mat stretched = apply("auto_contrast", ramp, 0);
  for (int i = 0; i < 256; ++i) {
    const cv::Point at(i % 128, i / 128);
    EXPECT_EQ(posterized.at<cv::Vec3b>(at)[0], i / 32 * 32);
    EXPECT_EQ(solarized.at<cv::Vec3b>(at)[0], i < 100 ? i : 255 - i);
    EXPECT_EQ(stretched.at<cv::Vec3b>(at)[0], i);
    EXPECT_NEAR(stretched.at<cv::Vec3b>(at)[1], (i / 4) * 255.0 / 63, 1);
    EXPECT_EQ(stretched.at<cv::Vec3b>(at)[2], 77);  // one value cannot be stretched
  }
}

TEST(RandAugment, EqualizeEvensTheHistogramOut) {
  cv::Mat rgb(64, 64, CV_8UC3);
  Rng rng(3);
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x) {
      const double u = rng.uniform();
      rgb.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uint8_t>(255 * u * u * u), uint8_t{5}, uint8_t{9});
    }
  const cv::Mat out = apply("equalize", rgb, 0);
  std::vector<uint8_t> values;
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x) {
      values.push_back(out.at<cv::Vec3b>(y, x)[0]);
      EXPECT_EQ(out.at<cv::Vec3b>(y, x)[1], 5);  // one value stays
    }
  std::ranges::sort(values);
  for (size_t i = 2048; i < values.size(); i += 256)
    EXPECT_NEAR(values[i], 255.0 * static_cast<double>(i) / 4096, 14);
}

TEST(RandAugment, DrawsOperationsAndSigns) {
  const cv::Mat rgb = noise_picture(16, 16, 4);
  Rng rng(5);
  EXPECT_TRUE(same_pixels(rand_augment(rgb, 0, 9, rng), rgb));
  std::vector<cv::Mat> wanted;
  for (const RandomOperation& one : random_operations()) {
    const double strength = one.strength(9, rgb.size());
    wanted.push_back(one.apply(rgb, strength));
    if (one.with_sign) wanted.push_back(one.apply(rgb, -strength));
  }
  std::vector<int> seen(wanted.size());
  for (int i = 0; i < 1000; ++i) {
    const cv::Mat out = rand_augment(rgb, 1, 9, rng);
    const auto found = std::ranges::find_if(wanted, [&](const cv::Mat& w) { return same_pixels(w, out); });
    ASSERT_NE(found, wanted.end());
    ++seen[static_cast<size_t>(found - wanted.begin())];
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool twin =
        std::ranges::count_if(wanted, [&](const cv::Mat& w) { return same_pixels(w, wanted[i]); }) > 1;
    EXPECT_TRUE(twin || seen[i] > 10) << i;
  }
}

}  // namespace
}  // namespace fovea
