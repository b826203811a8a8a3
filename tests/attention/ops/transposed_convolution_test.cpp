#include "attention/ops/transposed_convolution.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/winograd.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

struct Case {
  const char* name;
  Shape x, weight;
  TransposedConvolution how = {};
};

const Case kCases[] = {
    {"plain", {2, 4, 5, 6}, {6, 7, 3, 3}},
    {"stride 2", {2, 4, 5, 3}, {3, 5, 4, 4}, {.spread = {.stride = {2, 2}, .padding = {1, 1}}}},
    {"stride 2, output padding",
     {1, 5, 4, 4},
     {4, 3, 3, 3},
     {.spread = {.stride = {2, 2}, .padding = {1, 1}}, .output_padding = {1, 1}}},
    {"stride beyond the window", {1, 3, 4, 2}, {2, 3, 2, 1}, {.spread = {.stride = {3, 2}}}},
    {"groups, dilation",
     {2, 4, 3, 6},
     {6, 2, 3, 2},
     {.spread = {.stride = {1, 2}, .padding = {1, 0}, .dilation = {2, 3}, .groups = 3}}},
    {"depthwise", {1, 4, 5, 5}, {5, 1, 3, 3}, {.spread = {.stride = {2, 2}, .padding = {1, 1}, .groups = 5}}},
    {"output padding beyond the stride",
     {2, 4, 3, 3},
     {3, 4, 2, 3},
     {.spread = {.padding = {0, 2}, .dilation = {3, 2}}, .output_padding = {2, 1}}},
    {"3x3 of many channels", {2, 6, 7, 32}, {32, 16, 3, 3}, {.spread = {.padding = {1, 1}}}},
};

// Calls visit(at x, at weight, at y) for every product.
template <class Visit>
void each_product(const Case& c, const Shape& y, const Visit& visit) {
  const Convolution& spread = c.how.spread;
  const int64_t ins = c.x[3] / spread.groups, outs = c.weight[1], kh = c.weight[2], kw = c.weight[3];
  for (int64_t at_x = 0; at_x < c.x.count(); ++at_x) {
    const int64_t k = at_x % c.x[3], column = at_x / c.x[3] % c.x[2], row = at_x / c.x[3] / c.x[2] % c.x[1];
    const int64_t picture = at_x / (c.x[1] * c.x[2] * c.x[3]);
    for (int64_t tap = 0; tap < kh * kw; ++tap) {
      const int64_t i = row * spread.stride[0] + tap / kw * spread.dilation[0] - spread.padding[0];
      const int64_t j = column * spread.stride[1] + tap % kw * spread.dilation[1] - spread.padding[1];
      if (i < 0 || i >= y[1] || j < 0 || j >= y[2]) continue;
      for (int64_t n = 0; n < outs; ++n)
        visit(at_x, (k * outs + n) * kh * kw + tap,
              ((picture * y[1] + i) * y[2] + j) * y[3] + k / ins * outs + n);
    }
  }
}

void expect_close(const Tensor& got, const std::vector<double>& want, const char* what) {
  ASSERT_EQ(got.count(), static_cast<int64_t>(want.size())) << what;
  double most = 0, worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_FALSE(std::isnan(got.data()[i])) << what << " at " << i;
    most = std::max(most, std::abs(want[i]));
    worst = std::max(worst, std::abs(got.data()[i] - want[i]));
  }
  EXPECT_LE(worst, 5e-6 * most) << what;
}

std::vector<double> zeros(int64_t n) {
  return std::vector<double>(static_cast<size_t>(n));
}

void expect_double_precision(const Case& c) {
  Tensor x = random_tensor(c.x, 1), weight = random_tensor(c.weight, 2);
  Tensor bias = random_tensor({c.weight[1] * c.how.spread.groups}, 3);
  watch(x), watch(weight), watch(bias);
  const Tensor y = transposed_convolution(x, weight, bias, c.how), dy = random_tensor(y.shape(), 99);
  std::vector<double> want = zeros(y.count()), dx = zeros(x.count()), dw = zeros(weight.count()),
                      db = zeros(bias.count());
  for (size_t i = 0; i < want.size(); ++i) {
    want[i] = bias.data()[i % db.size()];
    db[i % db.size()] += dy.data()[i];
  }
  each_product(c, y.shape(), [&](int64_t at_x, int64_t at_w, int64_t at_y) {
    want[static_cast<size_t>(at_y)] += static_cast<double>(x.data()[at_x]) * weight.data()[at_w];
    dx[static_cast<size_t>(at_x)] += static_cast<double>(dy.data()[at_y]) * weight.data()[at_w];
    dw[static_cast<size_t>(at_w)] += static_cast<double>(dy.data()[at_y]) * x.data()[at_x];
  });
  const Gradients gradients = backward(to_loss(y));
  expect_close(y, want, "y");
  expect_close(gradients[x], dx, "dx");
  expect_close(gradients[weight], dw, "dw");
  expect_close(gradients[bias], db, "db");
}

TEST(TransposedConvolution, AndItsGradientsEqualDoublePrecision) {
  for_each_isa([] {
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.name);
      expect_double_precision(c);
    }
  });
}

TEST(TransposedConvolution, TakesTheFastWayWhereItSuits) {
  EXPECT_TRUE(winograd_suits({2, 6, 7, 16}, {32, 16, 3, 3}, {.padding = {1, 1}}));  // the last case
}

TEST(TransposedConvolution, HasTheSizesOfItsFormula) {
  const Tensor x = random_tensor({1, 5, 4, 2}, 1), weight = random_tensor({2, 3, 3, 5}, 2);
  const TransposedConvolution how{.spread = {.stride = {3, 2}, .padding = {1, 2}, .dilation = {2, 1}},
                                  .output_padding = {2, 1}};
  EXPECT_EQ(transposed_convolution(x, weight, {}, how).shape(), (Shape{1, 17, 8, 3}));
}

TEST(TransposedConvolution, HasTheSameBitsOnAnyNumberOfThreads) {
  for (const Case& c : kCases) {
    Tensor one;
    for (const int threads : {1, 3}) {
      Tensor y;
      Threads(threads).run(
          [&] { y = transposed_convolution(random_tensor(c.x, 1), random_tensor(c.weight, 2), {}, c.how); });
      if (!one) one = y;
      EXPECT_TRUE(same_bits(y, one)) << c.name;
    }
  }
}

TEST(TransposedConvolution, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({1, 3, 3, 4}, 1), weight = random_tensor({4, 2, 3, 3}, 2);
  EXPECT_THROW(transposed_convolution(random_tensor({1, 3, 3, 5}, 1), weight, {}), Error);
  EXPECT_THROW(transposed_convolution(x, weight, random_tensor({4}, 1)), Error);
  EXPECT_THROW(transposed_convolution(x, weight, {}, {.spread = {.groups = 3}}), Error);
  EXPECT_THROW(transposed_convolution(x, weight, {}, {.output_padding = {1, 0}}), Error);
  EXPECT_THROW(transposed_convolution(x, weight, {}, {.spread = {.stride = {0, 1}}}), Error);
  EXPECT_THROW(transposed_convolution(x, weight, {}, {.spread = {.padding = {4, 4}}}), Error);
}

}  // namespace
}  // namespace fovea
