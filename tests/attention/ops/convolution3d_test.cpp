#include "attention/ops/convolution3d.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

struct Case {
  const char* name;
  Shape x, weight;
  Convolution3d how = {};
};

const Case kCases[] = {
    {"plain", {2, 4, 5, 4, 3}, {5, 3, 2, 3, 2}},
    {"padding and strides", {1, 5, 6, 5, 2}, {3, 2, 3, 3, 3}, {.stride = {2, 1, 2}, .padding = {1, 1, 0}}},
    {"dilation, groups",
     {2, 6, 5, 7, 4},
     {6, 2, 2, 2, 3},
     {.padding = {2, 1, 1}, .dilation = {3, 2, 1}, .groups = 2}},
    {"one frame", {1, 1, 4, 4, 2}, {2, 2, 3, 1, 1}, {.padding = {1, 0, 0}}},
};

double value(const Case& c, const Tensor& x, const Tensor& weight, const Shape& y, int64_t at) {
  int64_t place[3];
  const int64_t n = at % y[4], outs = c.weight[0] / c.how.groups;
  at /= y[4];
  for (int i = 2; i >= 0; at /= y[1 + i], --i) place[i] = at % y[1 + i];
  double sum = 0;
  for (int64_t tap = 0; tap < c.weight[2] * c.weight[3] * c.weight[4]; ++tap) {
    const int64_t taps[] = {tap / c.weight[4] / c.weight[3], tap / c.weight[4] % c.weight[3],
                            tap % c.weight[4]};
    int64_t from = at;
    bool inside = true;
    for (size_t i = 0; i < 3; ++i) {
      const int64_t p = place[i] * c.how.stride[i] + taps[i] * c.how.dilation[i] - c.how.padding[i];
      const int64_t size = c.x[1 + static_cast<int>(i)];
      inside = inside && p >= 0 && p < size;
      from = from * size + p;
    }
    for (int64_t k = 0; inside && k < c.weight[1]; ++k)
      sum += static_cast<double>(x.data()[from * c.x[4] + n / outs * c.weight[1] + k]) *
             weight.data()[(n * c.weight[1] + k) * c.weight[2] * c.weight[3] * c.weight[4] + tap];
  }
  return sum;
}

TEST(Convolution3d, SumsOverFramesAndPixels) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const Tensor x = random_tensor(c.x, 1), weight = random_tensor(c.weight, 2),
                 bias = random_tensor({c.weight[0]}, 3);
    const Tensor y = convolution3d(x, weight, bias, c.how);
    for (int i = 0; i < 3; ++i) {
      const auto k = static_cast<size_t>(i);
      EXPECT_EQ(y.dim(1 + i), (c.x[1 + i] + 2 * c.how.padding[k] - c.how.dilation[k] * (c.weight[2 + i] - 1) -
                               1) / c.how.stride[k] +
                                  1);
    }
    for (int64_t i = 0; i < y.count(); ++i)
      ASSERT_NEAR(y.data()[i], bias.data()[i % bias.count()] + value(c, x, weight, y.shape(), i), 2e-5) << i;
    const auto f = [&](const Inputs& t) { return convolution3d(t[0], t[1], t[2], c.how); };
    EXPECT_LT(gradient_error({x, weight, bias}, f), 2e-3);
  }
}

TEST(Convolution3d, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({1, 2, 4, 4, 3}, 1), weight = random_tensor({2, 3, 3, 1, 1}, 2);
  EXPECT_THROW(convolution3d(x, weight, {}), Error);
  EXPECT_THROW(convolution3d(x, random_tensor({2, 4, 1, 1, 1}, 2), {}), Error);
  EXPECT_THROW(convolution3d(x, random_tensor({2, 3, 1, 1}, 2), {}), Error);
  EXPECT_THROW(convolution3d(random_tensor({2, 4, 4, 3}, 1), weight, {}), Error);
  EXPECT_THROW(convolution3d(x, weight, {}, {.stride = {0, 1, 1}, .padding = {1, 0, 0}}), Error);
}

}  // namespace
}  // namespace fovea
