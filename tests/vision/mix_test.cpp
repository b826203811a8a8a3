#include "vision/mix.h"

#include <algorithm>
#include <cmath>

#include "tests/vision/picture_data.h"

namespace fovea {
namespace {

TEST(DrawBeta, HasItsMeanAndVariance) {
  struct Case {
    double a, b;
  };
  for (const Case& c : {Case{1, 1}, Case{0.2, 0.2}, Case{2, 5}, Case{0.5, 3}, Case{40, 40}}) {
    Rng rng(1);
    constexpr int kDraws = 40'000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw_beta(c.a, c.b, rng);
      ASSERT_TRUE(x >= 0 && x <= 1);
      sum += x, squares += x * x;
    }
    const double mean = c.a / (c.a + c.b), variance = mean * (1 - mean) / (c.a + c.b + 1);
    EXPECT_NEAR(sum / kDraws, mean, 5 * std::sqrt(variance / kDraws)) << c.a << " " << c.b;
    EXPECT_NEAR(squares / kDraws - sum / kDraws * (sum / kDraws), variance, 0.03 * variance)
        << c.a << " " << c.b;
  }
  Rng rng(2);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(std::isnan(draw_beta(1e-4, 1e-4, rng)));
}

TEST(DrawLogGamma, HasItsMean) {
  for (const double shape : {0.3, 1.0, 4.5}) {
    Rng rng(3);
    double sum = 0;
    for (int i = 0; i < 40'000; ++i) sum += std::exp(draw_log_gamma(shape, rng));
    EXPECT_NEAR(sum / 40'000, shape, 5 * std::sqrt(shape / 40'000));
  }
}

TEST(OneHot, MarksTheLabel) {
  const Tensor t = one_hot(std::vector<int>{2, 0}, 3);
  EXPECT_EQ(t.shape(), (Shape{2, 3}));
  EXPECT_EQ(std::vector<float>(t.values().begin(), t.values().end()), (std::vector<float>{0, 0, 1, 1, 0, 0}));
  EXPECT_THROW(one_hot(std::vector<int>{3}, 3), Error);
  EXPECT_THROW(one_hot(std::vector<int>{-1}, 3), Error);
}

Tensor random_images(int64_t count) {
  Tensor images({count, 6, 8, 3});
  Rng rng(4);
  for (int64_t i = 0; i < images.count(); ++i) images.mutable_data()[i] = static_cast<float>(rng.normal());
  return images;
}

TEST(MixUp, IsTheWeightedSumWithTheOneBefore) {
  const Tensor images = random_images(3);
  const Tensor out = mixed_up(images, 0.7);
  for (int64_t b = 0; b < 3; ++b)
    for (int64_t i = 0; i < 144; ++i)
      EXPECT_NEAR(out.data()[b * 144 + i],
                  0.7 * images.data()[b * 144 + i] + 0.3 * images.data()[(b + 2) % 3 * 144 + i], 1e-6);
}

TEST(CutMix, TakesTheBoxFromTheOneBefore) {
  const Tensor images = random_images(3);
  const cv::Rect box(2, 1, 4, 3);
  const Tensor out = cut_mixed(images, box);
  for (int64_t i = 0; i < out.count(); ++i) {
    const int64_t b = i / 144, y = i / 24 % 6, x = i / 3 % 8;
    const bool inside = box.contains(cv::Point(static_cast<int>(x), static_cast<int>(y)));
    EXPECT_EQ(out.data()[i], images.data()[inside ? (b + 2) % 3 * 144 + i % 144 : i]);
  }
}

// How much of its own picture each element kept, judged by the images alone: each is one constant.
double kept_share(const Augmentation& how, Rng& rng, bool& whole_numbers) {
  Tensor images({2, 10, 10, 3});
  std::fill_n(images.mutable_data(), 300, 1.0f);
  std::fill_n(images.mutable_data() + 300, 300, 0.0f);
  Tensor targets = one_hot(std::vector<int>{1, 0}, 2);
  mix(images, targets, how, rng);
  double sum = 0;
  whole_numbers = true;
  for (int i = 0; i < 300; ++i) {
    sum += images.data()[i] / 300;
    whole_numbers = whole_numbers && (images.data()[i] == 0 || images.data()[i] == 1);
  }
  EXPECT_NEAR(targets.data()[1], sum, 1e-5);
  EXPECT_NEAR(targets.data()[0], 1 - sum, 1e-5);
  EXPECT_NEAR(targets.data()[2], sum, 1e-5);
  return sum;
}

TEST(Mix, TargetsFollowThePictures) {
  Rng rng(5);
  bool cut = false;
  double sum = 0, cuts = 0;
  for (int i = 0; i < 300; ++i) {
    sum += kept_share({.mixup = 1}, rng, cut);
    EXPECT_FALSE(cut);
    kept_share({.cutmix = 1}, rng, cut);
    EXPECT_TRUE(cut);
    kept_share({.mixup = 1, .cutmix = 1}, rng, cut);
    cuts += cut;
  }
  EXPECT_NEAR(sum / 300, 0.5, 0.085);
  EXPECT_NEAR(cuts / 300, 0.5, 0.15);
}

}  // namespace
}  // namespace fovea
