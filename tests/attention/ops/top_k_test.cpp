#include "attention/ops/top_k.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Indices = std::vector<int64_t>;

TEST(TopK, IsInOrderWithTheFirstOfEqualsFirst) {
  const Tensor x({2, 5}, std::vector<float>{3, 7, 3, -1, 7, -2, -3, -2, -5, -4});
  const TopK top = top_k(x, 3);
  EXPECT_EQ(top.indices, (Indices{1, 4, 0, 0, 2, 1}));
  EXPECT_EQ(top.values.shape(), (Shape{2, 3}));
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(top.values.data()[i], x.data()[i / 3 * 5 + top.indices[static_cast<size_t>(i)]]);
}

TEST(TopK, PutsNaNAboveAll) {
  const Tensor x({5}, std::vector<float>{1, NAN, INFINITY, NAN, 2});
  EXPECT_EQ(top_k(x, 5).indices, (Indices{1, 3, 2, 4, 0}));
}

TEST(TopK, OfNoneIsEmpty) {
  const TopK top = top_k(random_tensor({2, 3}, 1), 0);
  EXPECT_EQ(top.values.shape(), (Shape{2, 0}));
  EXPECT_TRUE(top.indices.empty());
  EXPECT_THROW(top_k(random_tensor({2, 3}, 1), 4), Error);
  EXPECT_THROW(top_k(random_tensor({2, 3}, 1), -1), Error);
}

TEST(TopK, GivesGradientsToWhatItTook) {
  Tensor x = random_tensor({3, 4, 9}, 1);
  watch(x);
  const TopK top = top_k(x, 4);
  const Gradients gradients = backward(to_loss(top.values));
  const Tensor projection = random_tensor(top.values.shape(), 99);  // as to_loss() makes it
  Tensor want = Tensor::full(x.shape(), 0);
  for (int64_t i = 0; i < projection.count(); ++i)
    want.mutable_data()[i / 4 * 9 + top.indices[static_cast<size_t>(i)]] = projection.data()[i];
  EXPECT_TRUE(same_bits(gradients[x], want));
}

}  // namespace
}  // namespace fovea
