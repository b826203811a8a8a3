#include "attention/ops/packed_filters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "tests/support/isa.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

double worst(const Tensor& got, const Tensor& want) {
  double most = 0, largest = 0;
  for (int64_t i = 0; i < want.count(); ++i) {
    most = std::max<double>(most, std::abs(got.data()[i] - want.data()[i]));
    largest = std::max<double>(largest, std::abs(want.data()[i]));
  }
  return most / largest;
}

TEST(PackedFilters, OfNoPicturesGiveNone) {
  for (const int64_t channels : {4, 16}) {
    const PackedFilters filters(random_tensor({16, channels, 3, 3}, 1), {.padding = {1, 1}});
    EXPECT_EQ(filters(Tensor(Shape{0, 8, 8, channels}), {}, {}).shape(), (Shape{0, 8, 8, 16}));
  }
}

TEST(PackedFilters, EqualTheDirectConvolutionWhicheverWayTheyTake) {
  struct Case {
    Shape x, weight;
    Convolution how;
    std::string way;
  };
  const Case cases[] = {
      {{2, 12, 9, 24}, {40, 24, 3, 3}, {.padding = {1, 1}}, "winograd 4x4"},
      {{1, 2, 2, 24}, {40, 24, 3, 3}, {.padding = {1, 1}}, "winograd 4x4"},
      {{1, 7, 7, 512}, {512, 512, 3, 3}, {.padding = {1, 1}}, "winograd 2x2"},
      {{2, 12, 9, 24}, {40, 24, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}, "direct, rows stacked"},
      {{2, 12, 9, 12}, {40, 12, 3, 3}, {.padding = {1, 1}}, "direct, rows stacked"},
      {{2, 5, 5, 100}, {9, 100, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}, "direct"}};
  for_each_isa([&] {
    for (const Case& c : cases) {
      const Tensor x = random_tensor(c.x, 1), weight = random_tensor(c.weight, 2);
      const Tensor bias = random_tensor({c.weight[0]}, 3);
      const Tensor want =
          convolution(x, pack_convolution(weight, c.how), bias, {.activation = Activation::kRelu});
      const PackedFilters packed(weight, c.how);
      const Tensor got = packed(x, bias, {.activation = Activation::kRelu});
      ASSERT_EQ(got.shape(), want.shape());
      EXPECT_LT(worst(got, want), 5e-6) << c.x;
      EXPECT_EQ(packed.way(), c.way) << c.x;
      EXPECT_EQ(same_bits(got, want), !c.way.starts_with("winograd")) << c.x;
    }
  });
}

TEST(PackedFilters, PassNoGradientsOn) {
  const PackedFilters packed(random_tensor({16, 16, 3, 3}, 1), {.padding = {1, 1}});
  Tensor x = random_tensor({1, 8, 8, 16}, 2);
  watch(x);
  EXPECT_THROW(packed(x, {}, {}), Error);
}

}  // namespace
}  // namespace fovea
