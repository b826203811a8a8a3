#include "attention/ops/resize.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

std::vector<float> resized(std::vector<float> values, int64_t size, const Resize& how) {
  const Tensor y = resize(Tensor({static_cast<int64_t>(values.size())}, values), 0, size, how);
  return {y.values().begin(), y.values().end()};
}

void expect_near(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6) << i;
}

const Resize kAll[] = {
    {.filter = Interpolation::kNearest},
    {.filter = Interpolation::kNearestExact},
    {.filter = Interpolation::kLinear},
    {.filter = Interpolation::kLinear, .align_corners = true},
    {.filter = Interpolation::kLinear, .antialias = true},
    {.filter = Interpolation::kCubic},
    {.filter = Interpolation::kCubic, .align_corners = true},
    {.filter = Interpolation::kCubic, .antialias = true},
    {.filter = Interpolation::kArea},
};

TEST(Resize, HasTheValuesOfItsFilters) {
  EXPECT_EQ(resized({1, 2, 3}, 5, {.filter = Interpolation::kNearest}), (std::vector<float>{1, 1, 2, 2, 3}));
  EXPECT_EQ(resized({1, 2, 3}, 5, {.filter = Interpolation::kNearestExact}),
            (std::vector<float>{1, 1, 2, 3, 3}));
  EXPECT_EQ(resized({1, 2, 3, 4}, 2, {.filter = Interpolation::kNearest}), (std::vector<float>{1, 3}));
  EXPECT_EQ(resized({1, 2, 3, 4}, 2, {.filter = Interpolation::kNearestExact}), (std::vector<float>{2, 4}));
  expect_near(resized({0, 4}, 4, {.filter = Interpolation::kLinear}), {0, 1, 3, 4});
  expect_near(resized({0, 3}, 4, {.filter = Interpolation::kLinear, .align_corners = true}), {0, 1, 2, 3});
  expect_near(resized({7, 3}, 1, {.filter = Interpolation::kLinear, .align_corners = true}), {7});
  expect_near(resized({1, 2, 3, 4, 5}, 2, {.filter = Interpolation::kArea}), {2, 4});
  expect_near(resized({1, 2, 6}, 2, {.filter = Interpolation::kArea}), {1.5f, 4});
  // Keys' kernel is 0.59375 at a distance of 0.5, and -0.09375 at 1.5.
  expect_near(resized({0, 0, 1, 0}, 2, {.filter = Interpolation::kCubic}), {-0.09375f, 0.59375f});
  // A triangle four values wide, cut at the ends: 3, 3 and 1 sevenths.
  expect_near(resized({7, 14, 21, 28}, 2, {.filter = Interpolation::kLinear, .antialias = true}), {12, 23});
}

TEST(Resize, TakesItsStepFromTheCaller) {
  expect_near(resized({0, 1, 2, 3}, 2, {.filter = Interpolation::kLinear, .step = 1}), {0, 1});
  expect_near(resized({0, 1, 2, 3, 4, 5}, 4, {.filter = Interpolation::kLinear, .step = 1.4}),
              {0.2f, 1.6f, 3.0f, 4.4f});
  EXPECT_EQ(resized({0, 1, 2, 3}, 3, {.filter = Interpolation::kNearest, .step = 0.5}),
            (std::vector<float>{0, 0, 1}));
}

TEST(Resize, KeepsAConstantAndTheSameSize) {
  const Tensor x = random_tensor({2, 5, 3}, 1);
  for (const Resize& how : kAll) {
    EXPECT_TRUE(same_bits(resize(x, 1, 5, how), x)) << static_cast<int>(how.filter);
    for (const int64_t size : {1, 3, 13})
      for (const float value : resized({2.5f, 2.5f, 2.5f, 2.5f, 2.5f}, size, how))
        EXPECT_FLOAT_EQ(value, 2.5f) << static_cast<int>(how.filter);
  }
}

TEST(Resize, TreatsEachAxisAlike) {
  const Tensor x = random_tensor({3, 4, 5}, 1);
  const Resize how{.filter = Interpolation::kCubic};
  for (const int axis : {0, 1, 2, -1}) {
    const Tensor y = resize(x, axis, 6, how);
    const int64_t n = x.dim(axis), inner = axis == 0 ? 20 : axis == 1 ? 5 : 1, outer = 60 / n / inner;
    for (int64_t line = 0; line < outer * inner; ++line) {
      std::vector<float> values;
      const int64_t from = line / inner * n * inner + line % inner;
      for (int64_t i = 0; i < n; ++i) values.push_back(x.data()[from + i * inner]);
      const std::vector<float> want = resized(values, 6, how);
      for (int64_t i = 0; i < 6; ++i)
        EXPECT_NEAR(y.data()[line / inner * 6 * inner + i * inner + line % inner],
                    want[static_cast<size_t>(i)], 1e-6);
    }
  }
}

TEST(Resize, OfAMapIsThatOfItsRowsAndColumns) {
  const Tensor x = random_tensor({2, 4, 5, 3}, 1);
  const Resize how{.filter = Interpolation::kLinear};
  const Tensor y = resize_map(x, 7, 2, how);
  ASSERT_EQ(y.shape(), (Shape{2, 7, 2, 3}));
  const Tensor other = resize(resize(x, 2, 2, how), 1, 7, how);
  for (int64_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.data()[i], other.data()[i], 1e-6);
}

TEST(Resize, HasGradients) {
  const Tensor x = random_tensor({2, 6, 3}, 1);
  for (const Resize& how : kAll)
    for (const int64_t size : {1, 4, 9})
      EXPECT_LT(gradient_error({x}, [&](const Inputs& t) { return resize(t[0], 1, size, how); }), 1e-3)
          << static_cast<int>(how.filter) << " to " << size;
}

TEST(Resize, RefusesWhatMakesNoSense) {
  const Tensor x = random_tensor({2, 6, 3}, 1);
  EXPECT_THROW(resize(x, 1, 0, {}), Error);
  EXPECT_THROW(resize(x, 3, 4, {}), Error);
  EXPECT_THROW(resize(Tensor(Shape{0}), 0, 4, {}), Error);
  EXPECT_THROW(resize(x, 1, 4, {.filter = Interpolation::kNearest, .align_corners = true}), Error);
  EXPECT_THROW(resize(x, 1, 4, {.align_corners = true, .antialias = true}), Error);
  EXPECT_THROW(resize_map(x, 4, 4, {}), Error);
}

}  // namespace
}  // namespace fovea
