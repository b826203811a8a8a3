#include "attention/checkpoint/stored_layout.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

TEST(StoredLayout, MakesAConvolutionOfOnePositionAMatrixAndBack) {
  constexpr Change kChange = Change::kDropTrailingOnes;
  for (const Shape& stored : {Shape{4, 3, 1, 1}, Shape{4, 3, 1}, Shape{4, 3, 1, 1, 1}, Shape{4, 3}}) {
    const Tensor weight = random_tensor(stored, 1), ours = changed(kChange, weight);
    EXPECT_EQ(ours.shape(), (Shape{4, 3})) << stored;
    EXPECT_EQ(changed_shape(kChange, stored), ours.shape());
    EXPECT_TRUE(same_bits(unchanged(kChange, ours, stored), weight)) << stored;
  }
  EXPECT_EQ(changed_shape(kChange, {1, 1, 1, 1}), (Shape{1, 1}));
  EXPECT_EQ(changed_shape(kChange, {1}), Shape{1});  // a bias
  EXPECT_EQ(changed_shape(kChange, {4, 3, 7, 1}), (Shape{4, 3, 7}));
  EXPECT_EQ(unchanged(kChange, random_tensor({4, 3}, 1), {}).shape(), (Shape{4, 3}));
  EXPECT_THROW(unchanged(kChange, random_tensor({4, 3, 1}, 1), {}), Error);
}

}  // namespace
}  // namespace fovea
