// Curves of deletion and insertion against pictures made anew for each step.
#include "attention/explain/faithfulness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/base/error.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

// A score that sees where and in which channel a value lies.
double slow_score(const Tensor& frames, int64_t picture) {
  const int64_t size = frames.count() / frames.dim(0);
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += std::sin(1.0 + i) * frames.data()[picture * size + i];
  return std::tanh(sum / 10);
}

std::vector<double> scores(const Tensor& frames) {
  std::vector<double> out;
  for (int64_t b = 0; b < frames.dim(0); ++b) out.push_back(slow_score(frames, b));
  return out;
}

// How many pixels go before this one: those of greater cells, of equal earlier cells, and earlier ones of its
// own cell.
int64_t slow_rank(const Tensor& map, int64_t height, int64_t width, int64_t pixel) {
  const auto cell = [&](int64_t p) {
    const double y = (static_cast<double>(p / width) + 0.5) * static_cast<double>(map.dim(0));
    const double x = (static_cast<double>(p % width) + 0.5) * static_cast<double>(map.dim(1));
    return static_cast<int64_t>(std::floor(y / static_cast<double>(height))) * map.dim(1) +
           static_cast<int64_t>(std::floor(x / static_cast<double>(width)));
  };
  const int64_t own = cell(pixel);
  int64_t rank = 0;
  for (int64_t p = 0; p < height * width; ++p) {
    const int64_t other = cell(p);
    const float a = map.data()[other], b = map.data()[own];
    if (a > b || (a == b && (other < own || (other == own && p < pixel)))) ++rank;
  }
  return rank;
}

using Ranks = std::vector<int64_t>;
Ranks slow_ranks(const Tensor& map, int64_t height, int64_t width) {
  Ranks ranks;
  for (int64_t p = 0; p < height * width; ++p) ranks.push_back(slow_rank(map, height, width, p));
  return ranks;
}

std::vector<double> slow_curve(const Tensor& from, const Tensor& to, const Ranks& ranks, int64_t steps) {
  const int64_t pixels = std::ssize(ranks);
  std::vector<double> curve;
  for (int64_t step = 0; step <= steps; ++step) {
    Tensor frame = from.clone();
    for (int64_t p = 0; p < pixels; ++p)
      if (ranks[static_cast<size_t>(p)] * steps < step * pixels)
        for (int64_t c = 0; c < 3; ++c) frame.mutable_data()[p * 3 + c] = to.data()[p * 3 + c];
    curve.push_back(slow_score(frame, 0));
  }
  return curve;
}

double slow_area(const std::vector<double>& curve) {
  double area = 0;
  for (size_t i = 1; i < curve.size(); ++i)
    area += (curve[i - 1] + curve[i]) / 2 / static_cast<double>(curve.size() - 1);
  return area;
}

Tensor with_ties(const Shape& shape) {
  Tensor map = random_tensor(shape, 3, 2);
  for (int64_t i = 0; i < map.count(); ++i) map.mutable_data()[i] = std::round(map.data()[i]);
  return map;
}

TEST(Faithfulness, CurvesOfManyMaps) {
  const Tensor image = random_tensor({1, 9, 14, 3}, 1), blank = random_tensor({1, 9, 14, 3}, 2);
  for (const Shape& shape : {Shape{9, 14}, {3, 7}, {4, 5}, {1, 1}, {2, 30}, {20, 3}}) {
    const Tensor map = with_ties(shape);
    const Ranks ranks = slow_ranks(map, 9, 14);
    for (const int64_t steps : {1, 4, 28, 200}) {
      SCOPED_TRACE(shape[1] * 1000 + steps);
      const Faithfulness got = faithfulness(image, blank, map, scores, {.steps = steps});
      EXPECT_EQ(got.deletion, slow_curve(image, blank, ranks, steps));
      EXPECT_EQ(got.insertion, slow_curve(blank, image, ranks, steps));
      EXPECT_NEAR(got.deletion_area, slow_area(got.deletion), 1e-12);
      EXPECT_NEAR(got.insertion_area, slow_area(got.insertion), 1e-12);
    }
  }
}

TEST(Faithfulness, OnePixelAtATime) {
  Tensor image = Tensor::full({1, 1, 4, 3}, 0);
  for (const int pixel : {0, 1, 2, 3}) image.mutable_data()[3 * pixel + 1] = std::ldexp(1.0f, pixel);
  const auto brightness = [](const Tensor& frames) {
    std::vector<double> sums(static_cast<size_t>(frames.dim(0)));
    for (int64_t i = 0; i < frames.count(); ++i) sums[static_cast<size_t>(i / 12)] += frames.data()[i];
    return sums;
  };
  const Tensor map({1, 4}, std::vector<float>{5, -1, 5, 7});
  const Faithfulness got =
      faithfulness(image, Tensor::full(image.shape(), 0), map, brightness, {.steps = 4, .batch = 3});
  EXPECT_EQ(got.deletion, (std::vector<double>{15, 7, 6, 2, 0}));
  EXPECT_EQ(got.insertion, (std::vector<double>{0, 8, 9, 13, 15}));
  EXPECT_EQ(got.deletion_area, 22.5 / 4);
  EXPECT_EQ(got.insertion_area, 37.5 / 4);
}

TEST(Faithfulness, BatchesOnlyGroup) {
  const Tensor image = random_tensor({1, 6, 5, 3}, 1), blank = Tensor::full({1, 6, 5, 3}, 0);
  const Tensor map = random_tensor({3, 5}, 5);
  const Faithfulness one = faithfulness(image, blank, map, scores, {.steps = 10, .batch = 1});
  for (const int64_t batch : {3, 8, 100}) {
    std::vector<int64_t> sizes;
    const auto counted = [&](const Tensor& frames) {
      sizes.push_back(frames.dim(0));
      return scores(frames);
    };
    const Faithfulness got = faithfulness(image, blank, map, counted, {.steps = 10, .batch = batch});
    EXPECT_EQ(got.deletion, one.deletion);
    EXPECT_EQ(got.insertion, one.insertion);
    EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), batch);
    EXPECT_EQ(sizes.size(), static_cast<size_t>((20 + batch - 1) / batch));
  }
}

TEST(Faithfulness, TellsAGoodMapFromItsOpposite) {
  Tensor image = Tensor::full({1, 8, 8, 3}, 0), good = Tensor::full({8, 8}, 0);
  for (const int64_t pixel : {18, 19, 26, 27}) {
    good.mutable_data()[pixel] = 1;
    image.mutable_data()[3 * pixel] = 1;
  }
  Tensor bad = good.clone();
  for (int64_t i = 0; i < 64; ++i) bad.mutable_data()[i] *= -1;
  const auto found = [](const Tensor& frames) {
    std::vector<double> out;
    for (int64_t b = 0; b < frames.dim(0); ++b) {
      const auto own = frames.values().subspan(static_cast<size_t>(b * 192), 192);
      out.push_back(static_cast<double>(std::count(own.begin(), own.end(), 1.0f)) / 4);
    }
    return out;
  };
  const Tensor blank = Tensor::full(image.shape(), 0);
  const Faithfulness a = faithfulness(image, blank, good, found, {.steps = 16});
  const Faithfulness b = faithfulness(image, blank, bad, found, {.steps = 16});
  EXPECT_DOUBLE_EQ(a.deletion_area, 0.5 / 16);
  EXPECT_DOUBLE_EQ(a.insertion_area, 15.5 / 16);
  EXPECT_DOUBLE_EQ(b.deletion_area, 15.5 / 16);
  EXPECT_DOUBLE_EQ(b.insertion_area, 0.5 / 16);
}

TEST(Faithfulness, RefusesWhatDoesNotFit) {
  const Tensor image = random_tensor({1, 4, 4, 3}, 1), map = random_tensor({2, 2}, 2);
  const auto run = [&](const Tensor& x, const Tensor& blank, const Tensor& m, FaithfulnessConfig config) {
    return faithfulness(x, blank, m, scores, config);
  };
  EXPECT_NO_THROW(run(image, image, map, {}));
  EXPECT_THROW(run(image, random_tensor({1, 4, 5, 3}, 1), map, {}), Error);
  EXPECT_THROW(run(random_tensor({2, 4, 4, 3}, 1), random_tensor({2, 4, 4, 3}, 1), map, {}), Error);
  EXPECT_THROW(run(image, image, random_tensor({1, 2, 2}, 2), {}), Error);
  EXPECT_THROW(run(image, image, map, {.steps = 0}), Error);
  EXPECT_THROW(run(image, image, map, {.batch = 0}), Error);
  Tensor broken = map.clone();
  broken.mutable_data()[3] = std::nanf("");
  EXPECT_THROW(run(image, image, broken, {}), Error);
  EXPECT_THROW(
      faithfulness(image, image, map, [](const Tensor&) { return std::vector<double>{1}; }, {.steps = 2}),
      Error);
  const auto not_finite = [](const Tensor& frames) {
    return std::vector<double>(static_cast<size_t>(frames.dim(0)), std::nan(""));
  };
  EXPECT_THROW(faithfulness(image, image, map, not_finite), Error);
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  return rank_correlation(a, b);
}

TEST(RankCorrelation, IsSpearmans) {
  // The two with ties by scipy.stats.spearmanr.
  EXPECT_NEAR(correlation({1, 2, 3, 4, 5}, {5, 6, 7, 8, 7}), 0.8207826816681233, 1e-14);
  EXPECT_NEAR(correlation({0.5f, 0.5f, 2, -1, 3, 3, 3}, {1, 4, 4, 0, 2, 2, -7}), -0.009527699174583825,
              1e-14);
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3, 4}, {1, 10, 100, 1e30f}), 1);
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3, 4}, {4, 3, -3, -4}), -1);
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {2, 1, 3}), 0.5);  // 1 - 6 * 2 / (3 * 8)
}

TEST(RankCorrelation, OfConstantsIsNone) {
  EXPECT_EQ(correlation({2, 2, 2}, {1, 2, 3}), 0);
  EXPECT_EQ(correlation({1, 2, 3}, {0, -0.0f, 0}), 0);
  EXPECT_EQ(correlation({1}, {2}), 0);
  EXPECT_EQ(correlation({}, {}), 0);
}

TEST(RankCorrelation, RefusesWhatHasNoRank) {
  EXPECT_THROW(correlation({1, 2}, {1, 2, 3}), Error);
  EXPECT_THROW(correlation({1, std::numeric_limits<float>::quiet_NaN()}, {1, 2}), Error);
}

}  // namespace
}  // namespace fovea
