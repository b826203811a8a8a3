#include "attention/ops/unfold.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;
using kernels::Window;

const Window kWindows[] = {
    {.size = {2, 3}},
    {.size = {3, 2}, .stride = {2, 1}, .dilation = {1, 2}, .padding = {1, 0}},
    {.size = {2, 2}, .stride = {3, 4}, .padding = {2, 1}},
    {.size = {3, 3}, .stride = {2, 3}, .dilation = {2, 2}, .padding = {2, 3}},
};
const Shape kMap{2, 7, 6, 3};

TEST(Unfold, SeesTheMapThroughWindows) {
  const Tensor x = random_tensor(kMap, 1);
  for (const Window& w : kWindows) {
    const Tensor y = unfold(x, w);
    const int64_t rows = (7 + 2 * w.padding[0] - w.dilation[0] * (w.size[0] - 1) - 1) / w.stride[0] + 1;
    const int64_t columns = (6 + 2 * w.padding[1] - w.dilation[1] * (w.size[1] - 1) - 1) / w.stride[1] + 1;
    ASSERT_EQ(y.shape(), (Shape{2, rows * columns, w.taps(), 3}));
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t tap = i / 3 % w.taps(), at = i / 3 / w.taps() % (rows * columns);
      const int64_t r = at / columns * w.stride[0] + tap / w.size[1] * w.dilation[0] - w.padding[0];
      const int64_t c = at % columns * w.stride[1] + tap % w.size[1] * w.dilation[1] - w.padding[1];
      const bool inside = r >= 0 && r < 7 && c >= 0 && c < 6;
      const int64_t picture = i / (3 * w.taps() * rows * columns);
      ASSERT_EQ(y.data()[i], inside ? x.data()[((picture * 7 + r) * 6 + c) * 3 + i % 3] : 0);
    }
    EXPECT_LT(gradient_error({x}, [&](const Inputs& t) { return unfold(t[0], w); }), 1e-3);
  }
}

// <unfold(x), z> = <x, fold(z)> for all x and z.
TEST(Fold, IsTheAdjointOfUnfold) {
  const Tensor x = random_tensor(kMap, 1);
  for (const Window& w : kWindows) {
    const Tensor seen = unfold(x, w), z = random_tensor(seen.shape(), 2), laid = fold(z, 7, 6, w);
    ASSERT_EQ(laid.shape(), kMap);
    double left = 0, right = 0;
    for (int64_t i = 0; i < z.count(); ++i) left += static_cast<double>(seen.data()[i]) * z.data()[i];
    for (int64_t i = 0; i < x.count(); ++i) right += static_cast<double>(x.data()[i]) * laid.data()[i];
    EXPECT_NEAR(left, right, 1e-4);
    EXPECT_LT(gradient_error({z}, [&](const Inputs& t) { return fold(t[0], 7, 6, w); }), 1e-3);
  }
}

TEST(Fold, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor(kMap, 1);
  EXPECT_THROW(unfold(x, {.size = {8, 1}}), Error);
  EXPECT_THROW(unfold(x, {.stride = {0, 1}}), Error);
  EXPECT_THROW(unfold(random_tensor({7, 6, 3}, 1), {}), Error);
  EXPECT_THROW(fold(unfold(x, kWindows[0]), 7, 7, kWindows[0]), Error);
}

}  // namespace
}  // namespace fovea
