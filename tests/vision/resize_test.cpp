#include "vision/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>

#include "attention/base/error.h"
#include "attention/base/isa.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"

namespace fovea {
namespace {

constexpr Filter kFilters[] = {Filter::kNearest, Filter::kLanczos, Filter::kBilinear,
                               Filter::kBicubic, Filter::kBox,     Filter::kHamming};

cv::Mat noise(int height, int width, int type, uint64_t seed) {
  Rng rng(seed);
  cv::Mat image(height, width, type);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width * image.channels(); ++x) {
      if (image.depth() == CV_32F)
        image.ptr<float>(y)[x] = static_cast<float>(rng.normal());
      else  // many extremes, so that clipping matters
        image.ptr(y)[x] = static_cast<uint8_t>(rng.next() % 3 == 0 ? rng.next() : rng.next() % 2 * 255);
    }
  return image;
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  if (a.size() != b.size() || a.type() != b.type()) return false;
  for (int y = 0; y < a.rows; ++y)
    if (!std::equal(a.ptr(y), a.ptr(y) + static_cast<size_t>(a.cols) * a.elemSize(), b.ptr(y))) return false;
  return true;
}

double support_of(Filter filter) {
  switch (filter) {
    case Filter::kBox:
      return 0.5;
    case Filter::kBicubic:
      return 2;
    case Filter::kLanczos:
      return 3;
    default:
      return 1;
  }
}

double filter_value(Filter filter, double x) {
  const auto sinc = [](double v) {
    v *= std::numbers::pi;
    return v == 0 ? 1 : std::sin(v) / v;
  };
  const double d = std::abs(x);
  switch (filter) {
    case Filter::kBox:
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    case Filter::kBilinear:
      return d < 1 ? 1 - d : 0;
    case Filter::kHamming:
      return d == 0 ? 1 : d >= 1 ? 0 : sinc(d) * (0.54f + 0.46f * std::cos(d * std::numbers::pi));
    case Filter::kBicubic:
      return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? (((d - 5) * d + 8) * d - 4) * -0.5 : 0;
    case Filter::kLanczos:
      return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    default:
      return 0;
  }
}

// One axis of Pillow's algorithm, output by output: `input(k)` are the values along the axis.
template <class Input>
double plain_output(int inputs, int outputs, int i, Filter filter, bool fixed, const Input& input) {
  const double scale = static_cast<double>(inputs) / outputs, stretch = std::max(scale, 1.0);
  const double centre = (i + 0.5) * scale, support = support_of(filter) * stretch;
  const int low = std::max(static_cast<int>(centre - support + 0.5), 0);
  const int high = std::min(static_cast<int>(centre + support + 0.5), inputs);
  std::vector<double> weights;
  double total = 0, sum = 0;
  for (int k = low; k < high; ++k) {
    weights.push_back(filter_value(filter, (k - centre + 0.5) * (1.0 / stretch)));
    total += weights.back();
  }
  for (int k = low; k < high; ++k) {
    double w = weights[static_cast<size_t>(k - low)] / total;
    if (fixed) w = std::trunc(w * (1 << 22) + (w < 0 ? -0.5 : 0.5));
    sum += input(k) * w;
  }
  return fixed ? std::clamp(std::floor((sum + (1 << 21)) / (1 << 22)), 0.0, 255.0) : sum;
}

template <class T>
cv::Mat plain_pass(const cv::Mat& image, int outputs, bool across, Filter filter) {
  const int inputs = across ? image.cols : image.rows, channels = image.channels();
  if (inputs == outputs) return image;
  cv::Mat out(across ? image.rows : outputs, across ? outputs : image.cols, image.type());
  for (int y = 0; y < out.rows; ++y)
    for (int x = 0; x < out.cols; ++x)
      for (int c = 0; c < channels; ++c) {
        const auto input = [&](int k) {
          return static_cast<double>(image.ptr<T>(across ? y : k)[(across ? k : x) * channels + c]);
        };
        out.ptr<T>(y)[x * channels + c] = static_cast<T>(
            plain_output(inputs, outputs, across ? x : y, filter, std::is_same_v<T, uint8_t>, input));
      }
  return out;
}

cv::Mat plain_nearest(const cv::Mat& image, cv::Size size) {
  cv::Mat out = cv::Mat::zeros(size, image.type());
  const double step_y = static_cast<double>(image.rows) / size.height,
               step_x = static_cast<double>(image.cols) / size.width;
  double v = step_y * 0.5;
  for (int y = 0; y < size.height; ++y, v += step_y) {
    double u = step_x * 0.5;
    for (int x = 0; x < size.width; ++x, u += step_x)
      if (v < image.rows && u < image.cols)
        image(cv::Rect(static_cast<int>(u), static_cast<int>(v), 1, 1)).copyTo(out(cv::Rect(x, y, 1, 1)));
  }
  return out;
}

cv::Mat plain_resize(const cv::Mat& image, cv::Size size, Filter filter) {
  if (size == image.size()) return image;
  if (filter == Filter::kNearest) return plain_nearest(image, size);
  if (image.depth() == CV_32F)
    return plain_pass<float>(plain_pass<float>(image, size.width, true, filter), size.height, false, filter);
  return plain_pass<uint8_t>(plain_pass<uint8_t>(image, size.width, true, filter), size.height, false,
                             filter);
}

struct Case {
  int height, width, out_height, out_width;
};

std::vector<Case> cases() {
  std::vector<Case> all = {{1, 1, 1, 1},    {1, 1, 9, 7},     {1, 40, 3, 5},     {40, 1, 5, 3},
                           {5, 3, 1, 1},    {61, 97, 33, 40}, {61, 97, 90, 150}, {31, 20, 31, 7},
                           {31, 20, 7, 20}, {3, 2000, 3, 2}};
  Rng rng(7);
  for (int i = 0; i < 12; ++i) {
    const auto side = [&](int most) {
      return 1 + static_cast<int>(rng.next() % static_cast<uint64_t>(most));
    };
    all.push_back({side(60), side(60), side(60), side(60)});
  }
  return all;
}

class ForEveryIsa : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { force_isa(GetParam()); }
  void TearDown() override { force_isa(""); }
};

TEST_P(ForEveryIsa, EqualsThePlainAlgorithm) {
  uint64_t seed = 1;
  for (const Case& c : cases())
    for (int type : {CV_8UC1, CV_8UC3, CV_32FC1}) {
      const cv::Mat image = noise(c.height, c.width, type, seed++);
      for (Filter filter : kFilters) {
        const cv::Size size(c.out_width, c.out_height);
        EXPECT_TRUE(same(resize_pillow(image, size, filter), plain_resize(image, size, filter)))
            << c.width << " x " << c.height << " -> " << size << ", type " << type << ", filter "
            << static_cast<int>(filter);
      }
    }
}

TEST_P(ForEveryIsa, APartIsCutFromTheWhole) {
  Rng rng(3);
  for (const Case& c : cases())
    for (int type : {CV_8UC1, CV_8UC3, CV_32FC1})
      for (Filter filter : kFilters) {
        const cv::Mat image = noise(c.height, c.width, type, rng.next());
        const auto below = [&](int n) { return static_cast<int>(rng.next() % static_cast<uint64_t>(n)); };
        const int x = below(c.out_width), y = below(c.out_height);
        const cv::Rect part(x, y, 1 + below(c.out_width - x), 1 + below(c.out_height - y));
        const cv::Size size(c.out_width, c.out_height);
        EXPECT_TRUE(same(resize_pillow(image, size, filter, part), resize_pillow(image, size, filter)(part)))
            << image.size() << " -> " << size << ", part " << part << ", filter " << static_cast<int>(filter);
      }
}

INSTANTIATE_TEST_SUITE_P(Resize, ForEveryIsa, testing::ValuesIn(runnable_isas()),
                         [](const auto& isa) { return isa.param; });

TEST(Resize, ReadsViewsOfLargerPictures) {
  const cv::Mat large = noise(50, 70, CV_8UC3, 5);
  const cv::Mat view = large(cv::Rect(11, 7, 41, 29));
  EXPECT_TRUE(same(resize_pillow(view, {16, 16}, Filter::kBicubic),
                   plain_resize(view.clone(), {16, 16}, Filter::kBicubic)));
}

TEST(Resize, ThreadsDoNotChangeABit) {
  const cv::Mat image = noise(301, 203, CV_8UC3, 11);
  cv::Mat one;
  Threads(1).run([&] { one = resize_pillow(image, {97, 121}, Filter::kLanczos); });
  for (int count : {2, 3, 8}) {
    cv::Mat many;
    Threads(count).run([&] { many = resize_pillow(image, {97, 121}, Filter::kLanczos); });
    EXPECT_TRUE(same(one, many)) << count << " threads";
  }
}

TEST(Resize, RefusesWhatItCannotDo) {
  const cv::Mat image = noise(4, 4, CV_8UC3, 1);
  EXPECT_THROW(resize_pillow(cv::Mat(), {2, 2}, Filter::kBox), Error);
  EXPECT_THROW(resize_pillow(cv::Mat(4, 4, CV_16UC1), {2, 2}, Filter::kBox), Error);
  EXPECT_THROW(resize_pillow(image, {0, 2}, Filter::kBox), Error);
  EXPECT_THROW(resize_pillow(image, {2, 2}, Filter::kBox, cv::Rect(1, 1, 2, 1)), Error);
  EXPECT_THROW(resize_pillow(image, {2, 2}, static_cast<Filter>(9)), Error);
}

}  // namespace
}  // namespace fovea
