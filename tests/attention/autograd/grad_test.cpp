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

// A sum, the last op and so the first to go back, hands one gradient to both of its inputs; what is then
// added to one must not reach the other.
TEST(Backward, AddsToNoValuesThatAnotherTensorReads) {
  const Tensor c = random_tensor({5}, 1), d = random_tensor({5}, 2);
  Tensor a = random_tensor({5}, 3), b = random_tensor({5}, 4);
  watch(a), watch(b);
  const auto sum_of = [](const Tensor& x, const Tensor& y) { return sum_all(mul(x, y)); };
  const Gradients gradients = backward((sum_of(a, d) + sum_of(b, d)) + sum_of(a + b, c));
  const Tensor both = c + d;
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_FLOAT_EQ(gradients[a].data()[i], both.data()[i]);
    EXPECT_FLOAT_EQ(gradients[b].data()[i], both.data()[i]);
  }
}

TEST(Backward, LeavesATensorThatAnOpKeepsAsItWas) {
  Tensor x = random_tensor({3}, 5);
  watch(x);
  const Tensor slope = Tensor::full({3}, 2);
  const Tensor y =
      record(scale(x.view(x.shape()), 2), {x}, [slope](const Tensor&) { return std::vector<Tensor>{slope}; });
  const Gradients gradients = backward(sum_all(scale(x, 5)) + sum_all(y));
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(gradients[x].data()[i], 7);
    EXPECT_EQ(slope.data()[i], 2);
  }
}

TEST(Backward, AddsLargeGradientsInPieces) {
  Tensor x = random_tensor({3, 100001}, 6);
  watch(x);
  const Gradients gradients = backward(sum_all(scale(x, 2)) + sum_all(scale(x, 3)));
  for (const float v : gradients[x].values()) ASSERT_EQ(v, 5);
}

TEST(Backward, NeedsOneRecordedValue) {
  Tensor x = random_tensor({3}, 1);
  EXPECT_THROW(backward(sum_all(x)), Error);
  watch(x);
  EXPECT_THROW(backward(scale(x, 2)), Error);
}

}  // namespace
}  // namespace fovea
