// Ops whose values are known by hand. The fixtures hold the rest against PyTorch.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/linear.h"
#include "attention/ops/loss.h"
#include "attention/ops/norm.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resample.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

TEST(Patches, AreRowsOfPixelsAndLeaveOutTheRest) {
  const Tensor p = patches(counting({1, 3, 5, 1}), 2, 2);
  EXPECT_EQ(p.shape(), (Shape{1, 2, 4}));
  EXPECT_EQ(list(p), (std::vector<float>{0, 1, 5, 6, 2, 3, 7, 8}));
}

TEST(Concat, JoinsAlongAnyAxis) {
  const Tensor a = counting({2, 1, 2}), b = scale(counting({2, 1, 2}), 10);
  EXPECT_EQ(list(concat(a, b, 1)), (std::vector<float>{0, 1, 0, 10, 2, 3, 20, 30}));
  EXPECT_EQ(list(concat(a, b, -1)), (std::vector<float>{0, 1, 0, 10, 2, 3, 20, 30}));
  EXPECT_THROW(concat(a, counting({3, 1, 2}), 1), Error);
}

TEST(Channels, MoveLastAndBack) {
  const Tensor x = counting({2, 3, 2, 2});
  EXPECT_EQ(list(channels_last(x))[1], 4);
  EXPECT_TRUE(same_bits(channels_first(channels_last(x)), x));
}

TEST(ResampleGrid, OfTheSameSizeIsTheSame) {
  const Tensor grid = random_tensor({12, 5}, 1);
  for (GridResample how :
       {GridResample::kBicubic, GridResample::kBicubicAntialias, GridResample::kBicubicAlignCorners})
    EXPECT_TRUE(same_bits(resample_grid(grid, 3, 4, 3, 4, how), grid));
}

TEST(ResampleGrid, KeepsAConstantAndAlignsCorners) {
  const Tensor grid = counting({9, 1});
  const Tensor wide = resample_grid(grid, 3, 3, 7, 5, GridResample::kBicubicAlignCorners);
  EXPECT_FLOAT_EQ(wide.data()[0], 0);
  EXPECT_FLOAT_EQ(wide.data()[34], 8);
  for (GridResample how :
       {GridResample::kBicubic, GridResample::kBicubicAntialias, GridResample::kBicubicAlignCorners})
    for (float v : list(resample_grid(Tensor::full({9, 1}, 2.5f), 3, 3, 2, 6, how))) EXPECT_FLOAT_EQ(v, 2.5f);
}

TEST(CrossEntropy, OfEqualLogitsIsTheLogarithmOfTheClasses) {
  EXPECT_FLOAT_EQ(cross_entropy(Tensor::full({2, 8}, 3), std::vector<int>{1, 7}).data()[0], std::log(8.f));
  EXPECT_THROW(cross_entropy(Tensor::full({1, 8}, 3), std::vector<int>{8}), Error);
}

TEST(Linear, WithPackedAndPlainWeightsIsTheSame) {
  const Tensor x = random_tensor({3, 50}, 1), w = random_tensor({40, 50}, 2), b = random_tensor({40}, 3);
  const Then then{.activation = Activation::kGelu, .residual = random_tensor({3, 40}, 4)};
  EXPECT_TRUE(same_bits(linear(x, w, b, then), linear(x, pack_linear(w), b, then)));
  EXPECT_THROW(linear(random_tensor({3, 49}, 1), w, b), Error);
}

TEST(Linear, OfNoRowsIsEmpty) {
  EXPECT_EQ(linear(Tensor(Shape{0, 4}), random_tensor({3, 4}, 1), {}).shape(), (Shape{0, 3}));
}

TEST(LogSumExp, DoesNotCancel) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor y = log_sum_exp(Tensor({2, 2}, std::vector<float>{-1e8f, 3.7f, -inf, 0}), -1);
  EXPECT_FLOAT_EQ(y.data()[0], 3.7f);
  EXPECT_FLOAT_EQ(y.data()[1], 0);
  for (const float other : {inf, -inf}) {
    const Tensor damaged = log_sum_exp(Tensor({1, 2}, std::vector<float>{other, std::nanf("")}), -1);
    EXPECT_TRUE(std::isnan(damaged.data()[0])) << other;
  }
  const Tensor of_none = log_sum_exp(Tensor(Shape{3, 0, 5}), 1);
  for (const float v : of_none.values()) EXPECT_EQ(v, -inf);
}

TEST(MeanTokens, SumsInDouble) {
  const Tensor tokens({1, 4, 1}, std::vector<float>{1e8f, 3, -1e8f, 1});
  EXPECT_EQ(mean_tokens(tokens).data()[0], 1);
}

// As torch.std; a ReLU leaves such channels.
TEST(StandardDeviation, OfEqualValuesHasNoGradient) {
  Tensor x({2, 3}, std::vector<float>{4, 4, 4, 1, 2, 3});
  watch(x);
  static constexpr int kLast[] = {-1};
  const Tensor y = standard_deviation(x, kLast, true);
  EXPECT_EQ(y.data()[0], 0);
  const Gradients gradients = backward(sum_all(y));
  const float want[] = {0, 0, 0, -0.5f, 0, 0.5f};
  for (int i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(gradients[x].data()[i], want[i]);
}

TEST(Ops, RefuseShapesTheyWouldMisread) {
  EXPECT_THROW(mean_tokens(counting({1, 2, 3, 4})), Error);
  EXPECT_THROW(cross_entropy(counting({1, 2, 3}), std::vector<int>{0}), Error);
  EXPECT_THROW(layer_norm(counting({2, 3}), {}, {}, 1e-5f), Error);
  EXPECT_THROW(linear(counting({1, 4}), pack_linear(counting({3, 4})), counting({2})), Error);
  static constexpr int kFarBack[] = {-5};
  EXPECT_THROW(variance(counting({2, 2, 2}), kFarBack, false), Error);
}

TEST(Linear, WithoutInputsIsItsBias) {
  const Tensor bias = random_tensor({3}, 1);
  const Tensor y = linear(Tensor(Shape{2, 0}), Tensor(Shape{3, 0}), bias);
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(y.data()[i], bias.data()[i % 3]);
}

TEST(Linear, OfAnEmptyBatchHasZeroWeightGradient) {
  Tensor w = random_tensor({3, 4}, 1);
  watch(w);
  const Gradients gradients = backward(sum_all(linear(Tensor(Shape{0, 4}), w, {})));
  for (int64_t i = 0; i < 12; ++i) EXPECT_EQ(gradients[w].data()[i], 0);
}

TEST(Variance, NeedsNeighbouringAxes) {
  static constexpr int kApart[] = {0, 2};
  EXPECT_THROW(variance(counting({2, 2, 2}), kApart, false), Error);
}

}  // namespace
}  // namespace fovea
