#include "attention/ops/grid_sample.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/rearrange.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

constexpr Sampling kSamplings[] = {Sampling::kNearest, Sampling::kLinear, Sampling::kCubic};
constexpr Outside kOutsides[] = {Outside::kZeros, Outside::kBorder, Outside::kReflection};

// Every combination, in turn.
template <class Body>
void for_each_way(const Body& body) {
  for (const Sampling sampling : kSamplings)
    for (const Outside outside : kOutsides)
      for (const bool align_corners : {false, true}) {
        SCOPED_TRACE(testing::Message() << "sampling " << static_cast<int>(sampling) << ", outside "
                                        << static_cast<int>(outside) << ", corners " << align_corners);
        body(GridSample{sampling, outside, align_corners});
      }
}

Tensor identity(int64_t batch, int64_t height, int64_t width, bool align_corners) {
  Tensor theta = Tensor::full({batch, 2, 3}, 0);
  for (int64_t b = 0; b < batch; ++b) theta.mutable_data()[b * 6] = theta.mutable_data()[b * 6 + 4] = 1;
  return affine_grid(theta, height, width, align_corners);
}

TEST(GridSample, OfTheMapsOwnPixelsIsTheMap) {
  const Tensor x = random_tensor({2, 4, 5, 3}, 1);
  for_each_way([&](const GridSample& how) {
    const Tensor y = grid_sample(x, identity(2, 4, 5, how.align_corners), how);
    ASSERT_EQ(y.shape(), x.shape());
    for (int64_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.data()[i], x.data()[i], 2e-6);
  });
}

// Pixel (row, column) of a map that goes on for ever.
double beyond(const Tensor& x, int64_t row, int64_t column, const GridSample& how) {
  int64_t at[] = {row, column};
  for (int i : {0, 1}) {
    const int64_t n = x.dim(1 + i);
    int64_t& p = at[i];
    if (how.outside == Outside::kZeros && (p < 0 || p >= n)) return 0;
    while (how.outside == Outside::kReflection && (p < 0 || p >= n)) {
      const int64_t twice = how.align_corners ? 0 : 1;  // whether the end pixel is repeated
      p = p < 0 ? -p - twice : 2 * (n - 1) - p + twice;
    }
    p = std::clamp<int64_t>(p, 0, n - 1);
  }
  return x.data()[at[0] * x.dim(2) + at[1]];
}

// Keys' kernel by its pieces, and the triangle.
double kernel(double d, Sampling sampling) {
  d = std::abs(d);
  if (sampling == Sampling::kLinear) return std::max(0.0, 1 - d);
  if (d < 1) return 1.25 * d * d * d - 2.25 * d * d + 1;
  return d < 2 ? -0.75 * (d * d * d - 5 * d * d + 8 * d - 4) : 0;
}

TEST(GridSample, WeighsTheNeighboursOfAMapThatGoesOn) {
  const Tensor x = random_tensor({1, 4, 5, 1}, 1), grid = random_tensor({1, 9, 9, 2}, 2);
  for_each_way([&](const GridSample& how) {
    if (how.sampling == Sampling::kNearest) return;
    const Tensor y = grid_sample(x, grid, how);
    for (int64_t i = 0; i < y.count(); ++i) {
      double at[2];
      for (int axis : {0, 1}) {
        const auto n = static_cast<double>(x.dim(1 + axis));
        const double g = grid.data()[2 * i + 1 - axis];
        at[axis] = how.align_corners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
      }
      const auto row = static_cast<int64_t>(std::floor(at[0])),
                 column = static_cast<int64_t>(std::floor(at[1]));
      double want = 0;
      for (int64_t r = row - 1; r <= row + 2; ++r)
        for (int64_t c = column - 1; c <= column + 2; ++c)
          want += kernel(at[0] - static_cast<double>(r), how.sampling) *
                  kernel(at[1] - static_cast<double>(c), how.sampling) * beyond(x, r, c, how);
      EXPECT_NEAR(y.data()[i], want, 2e-5) << i;
    }
  });
}

TEST(GridSample, TakesTheNearestAndTheEvenOfTwo) {
  const Tensor x({1, 1, 4, 1}, std::vector<float>{10, 20, 30, 40});
  const Tensor grid({1, 1, 5, 2}, std::vector<float>{-0.5f, 0, 0, 0, 0.7f, 0, 1.3f, 0, NAN, 0});
  const Tensor zeros = grid_sample(x, grid, {.sampling = Sampling::kNearest});
  const Tensor border = grid_sample(x, grid, {.sampling = Sampling::kNearest, .outside = Outside::kBorder});
  const float want[] = {10, 30, 40, 0, 0};  // at 0.5, 1.5, 2.9, 4.1 and nowhere
  for (int64_t i = 0; i < 5; ++i) EXPECT_EQ(zeros.data()[i], want[i]) << i;
  EXPECT_EQ(border.data()[3], 40);
}

TEST(GridSample, HasGradientsByTheMapAndByThePoints) {
  const Tensor x = random_tensor({2, 4, 5, 3}, 1), grid = random_tensor({2, 3, 4, 2}, 7, 0.8);
  for_each_way([&](const GridSample& how) {
    const auto by_x = [&](const Inputs& t) { return grid_sample(t[0], grid, how); };
    EXPECT_LT(gradient_error({x}, by_x), 1e-3);
    const auto by_grid = [&](const Inputs& t) { return grid_sample(x, t[0], how); };
    if (how.sampling == Sampling::kCubic) {
      EXPECT_LT(gradient_error({grid}, by_grid), 2e-3);
    }
    if (how.sampling != Sampling::kLinear) return;
    // Piecewise linear: at points that are no pixel of either alignment.
    Tensor calm(grid.shape());
    for (int64_t i = 0; i < calm.count(); ++i)
      calm.mutable_data()[i] =
          -0.72f + 0.2f * static_cast<float>(i * 5 % 8) + 0.03f * static_cast<float>(i % 2);
    EXPECT_LT(gradient_error({calm}, by_grid), 2e-3);
  });
}

TEST(GridSample, HasTheSameBitsOnAnyNumberOfThreads) {
  const Tensor map = random_tensor({2, 9, 8, 70}, 1), points = random_tensor({2, 12, 11, 2}, 2);
  std::vector<Tensor> one;
  for (const int threads : {1, 3}) {
    std::vector<Tensor> all;
    Threads(threads).run([&] {
      Tensor x = map.clone(), grid = points.clone();
      watch(x), watch(grid);
      const Tensor y = grid_sample(x, grid);
      const Gradients gradients = backward(to_loss(y));
      all = {y, gradients[x], gradients[grid]};
    });
    if (one.empty()) one = all;
    for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(same_bits(all[i], one[i])) << i;
  }
}

TEST(AffineGrid, TurnsAndMovesThePixels) {
  const Tensor theta({1, 2, 3}, std::vector<float>{0, 2, 0.5f, -1, 0, 0.25f});
  const Tensor edges = affine_grid(theta, 2, 4), corners = affine_grid(theta, 2, 4, true);
  ASSERT_EQ(edges.shape(), (Shape{1, 2, 4, 2}));
  // The pixel in row 1, column 0 is at (-0.75, 0.5) between edges, at (-1, 1) between corners.
  EXPECT_FLOAT_EQ(edges.data()[8], 1.5f);
  EXPECT_FLOAT_EQ(edges.data()[9], 1.0f);
  EXPECT_FLOAT_EQ(corners.data()[8], 2.5f);
  EXPECT_FLOAT_EQ(corners.data()[9], 1.25f);
  EXPECT_LT(gradient_error({theta}, [](const Inputs& t) { return affine_grid(t[0], 3, 4); }), 1e-3);
  EXPECT_THROW(affine_grid(random_tensor({2, 3}, 1), 2, 2), Error);
}

TEST(GridSample, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({2, 4, 5, 3}, 1);
  EXPECT_THROW(grid_sample(x, random_tensor({1, 4, 5, 2}, 1)), Error);
  EXPECT_THROW(grid_sample(x, random_tensor({2, 4, 5, 3}, 1)), Error);
  EXPECT_THROW(grid_sample(Tensor(Shape{2, 0, 5, 3}), random_tensor({2, 4, 5, 2}, 1)), Error);
}

}  // namespace
}  // namespace fovea
