#include "attention/ops/rearrange.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

TEST(Permute, PutsEachValueWhereItsAxesGo) {
  const Tensor x = counting({2, 3, 4, 5});
  for (const std::vector<int>& axes : {std::vector<int>{3, 0, 2, 1}, {0, 2, 1, 3}, {1, -4, -1, 2}}) {
    const Tensor y = permute(x, axes);
    int64_t at[4];
    for (at[0] = 0; at[0] < y.dim(0); ++at[0])
      for (at[1] = 0; at[1] < y.dim(1); ++at[1])
        for (at[2] = 0; at[2] < y.dim(2); ++at[2])
          for (at[3] = 0; at[3] < y.dim(3); ++at[3]) {
            int64_t from[4];
            for (size_t i = 0; i < 4; ++i) from[(axes[i] + 4) % 4] = at[i];
            ASSERT_EQ(y.data()[((at[0] * y.dim(1) + at[1]) * y.dim(2) + at[2]) * y.dim(3) + at[3]],
                      x.data()[((from[0] * 3 + from[1]) * 4 + from[2]) * 5 + from[3]]);
          }
  }
  EXPECT_EQ(permute(Tensor(Shape{3, 0}), {1, 0}).shape(), (Shape{0, 3}));
  EXPECT_THROW(permute(x, {0, 1, 2}), Error);
  EXPECT_THROW(permute(x, {0, 1, 2, 2}), Error);
}

TEST(Take, RepeatsAndLeavesOut) {
  const Tensor x = counting({2, 3, 2});
  EXPECT_EQ(list(take(x, 1, {2, -1, 2}, 9)), (std::vector<float>{4, 5, 9, 9, 4, 5, 10, 11, 9, 9, 10, 11}));
  EXPECT_EQ(list(take(x, -1, {1})), (std::vector<float>{1, 3, 5, 7, 9, 11}));
  EXPECT_THROW(take(x, 1, {3}), Error);
}

TEST(Roll, MovesRoundTheEnd) {
  const Tensor x = counting({5});
  EXPECT_EQ(list(roll(x, 0, 2)), (std::vector<float>{3, 4, 0, 1, 2}));
  EXPECT_EQ(list(roll(x, 0, -6)), (std::vector<float>{1, 2, 3, 4, 0}));
  EXPECT_EQ(list(flip(x, 0)), (std::vector<float>{4, 3, 2, 1, 0}));
}

TEST(Pad, KnowsWhatLiesBeyondTheEnds) {
  const Tensor x = counting({4});
  EXPECT_EQ(list(pad(x, 0, 2, 1, Border::kConstant, 7)), (std::vector<float>{7, 7, 0, 1, 2, 3, 7}));
  EXPECT_EQ(list(pad(x, 0, 3, 2, Border::kReflect)), (std::vector<float>{3, 2, 1, 0, 1, 2, 3, 2, 1}));
  EXPECT_EQ(list(pad(x, 0, 1, 2, Border::kReplicate)), (std::vector<float>{0, 0, 1, 2, 3, 3, 3}));
  EXPECT_EQ(list(pad(x, 0, 2, 1, Border::kCircular)), (std::vector<float>{2, 3, 0, 1, 2, 3, 0}));
  EXPECT_EQ(list(pad(x, 0, -1, 1, Border::kConstant)), (std::vector<float>{1, 2, 3, 0}));
  EXPECT_EQ(list(pad(x, 0, -1, -2, Border::kReflect)), (std::vector<float>{1}));
  EXPECT_THROW(pad(x, 0, 4, 0, Border::kReflect), Error);
  EXPECT_THROW(pad(x, 0, -3, -2, Border::kConstant), Error);
  EXPECT_THROW(pad(Tensor(Shape{0, 2}), 0, 1, 0, Border::kCircular), Error);
  EXPECT_EQ(list(pad(Tensor(Shape{0}), 0, 1, 1, Border::kConstant, 3)), (std::vector<float>{3, 3}));
}

TEST(PixelShuffle, LaysChannelsSideBySide) {
  const Tensor y = pixel_shuffle(counting({1, 1, 2, 8}), 2);
  ASSERT_EQ(y.shape(), (Shape{1, 2, 4, 2}));
  EXPECT_EQ(list(y), (std::vector<float>{0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15}));
  const Tensor x = random_tensor({2, 3, 4, 18}, 1);
  EXPECT_TRUE(same_bits(pixel_unshuffle(pixel_shuffle(x, 3), 3), x));
  EXPECT_THROW(pixel_shuffle(x, 4), Error);
  EXPECT_THROW(pixel_shuffle(x, 0), Error);
  EXPECT_THROW(pixel_unshuffle(x, 2), Error);
}

TEST(ChannelShuffle, ExchangesGroupsAndTheirChannels) {
  EXPECT_EQ(list(channel_shuffle(counting({2, 6}), 2)),
            (std::vector<float>{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
  EXPECT_THROW(channel_shuffle(counting({2, 6}), 4), Error);
}

TEST(Rearrange, GradientsGoBackWhereTheValuesCameFrom) {
  const Tensor x = random_tensor({2, 4, 4, 8}, 1);
  const auto error = [&](Tensor (*f)(const Tensor&)) {
    return gradient_error({x}, [f](const Inputs& t) { return f(t[0]); });
  };
  EXPECT_LT(error([](const Tensor& t) { return permute(t, {2, 0, 3, 1}); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return take(t, 1, {3, -1, 3, 0}); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return roll(flip(t, 2), 1, 3); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return pad(t, 1, 3, 2, Border::kReflect); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return pad(t, 3, 5, 1, Border::kCircular); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return pad(t, 2, 2, 2, Border::kReplicate); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return pad(t, 2, 1, -2, Border::kConstant, 4); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return pixel_shuffle(t, 2); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return pixel_unshuffle(t, 4); }), 1e-3);
  EXPECT_LT(error([](const Tensor& t) { return channel_shuffle(t, 4); }), 1e-3);
}

}  // namespace
}  // namespace fovea
