#include "attention/blocks/multi_head_attention.h"

#include <gtest/gtest.h>

#include "attention/base/rng.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

struct Built {
  explicit Built(float dropout)
      : store(4, Purpose::kTraining), attend({.dim = 12, .heads = 3, .dropout = dropout}, Weights(store)) {}
  Tensor operator()(const Tensor& x, const Pass& pass) const {
    return attend(x, x, x, {.residual = x}, pass);
  }
  ParameterStore store;
  MultiHeadAttention attend;
};

void expect_near(const Tensor& got, const Tensor& want) {
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < got.count(); ++i) EXPECT_NEAR(got.data()[i], want.data()[i], 1e-5) << i;
}

TEST(MultiHeadAttention, DropsWeightsInTrainingOnly) {
  const Tensor x = random_tensor({2, 5, 12}, 1);
  const Built plain(0), half(0.5f), all(1);
  EXPECT_TRUE(same_bits(half(x, {}), plain(x, {})));
  Rng rng(1);
  EXPECT_FALSE(same_bits(half(x, {.training = &rng}), plain(x, {})));
  expect_near(all(x, {.training = &rng}), x);  // nothing is seen, and the bias begins at zero
}

// With so few drops that none happens, the way through the weights is the fused one.
TEST(MultiHeadAttention, DroppingNothingChangesNoGradient) {
  Tensor x = random_tensor({2, 5, 12}, 1), y = x.clone();
  watch(x), watch(y);
  const Built plain(0), rarely(1e-9f);
  Rng rng(1);
  const Tensor want = plain(x, {.training = &rng}), got = rarely(y, {.training = &rng});
  expect_near(got, want);
  const Gradients of_want = backward(to_loss(want)), of_got = backward(to_loss(got));
  expect_near(of_got[y], of_want[x]);
  for (size_t i = 0; i < plain.store.parameters().size(); ++i)
    expect_near(of_got[rarely.store.parameters()[i].value], of_want[plain.store.parameters()[i].value]);
}

}  // namespace
}  // namespace fovea
