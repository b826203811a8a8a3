#include "attention/autograd/grad.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

TEST(Backward, GoesThroughAVeryDeepChain) {
  Tensor x = random_tensor({1}, 1);
  watch(x);
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = scale(y, 1);
  EXPECT_EQ(backward(y)[x].data()[0], 1);
  y = {};  // and frees it
}

TEST(Backward, KeepsLeavesApartFromLaterOnes) {
  Tensor x = random_tensor({3}, 1);
  watch(x);
  const Gradients gradients = backward(sum_all(x));
  x = {};
  for (int i = 0; i < 100; ++i) {
    Tensor other = random_tensor({5}, 2);
    watch(other);
    EXPECT_FALSE(gradients.has(other));
    EXPECT_THROW((void)gradients[other], Error);
  }
}

TEST(Backward, NeedsOneRecordedValue) {
  Tensor x = random_tensor({3}, 1);
  EXPECT_THROW(backward(sum_all(x)), Error);
  watch(x);
  EXPECT_THROW(backward(scale(x, 2)), Error);
}

}  // namespace
}  // namespace fovea
