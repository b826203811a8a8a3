#include "attention/nn/dropout.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

TEST(Dropout, KeepsTheShareAndMakesUpForTheRest) {
  const Tensor x = Tensor::full({200, 500}, 3);
  for (const float probability : {0.1f, 0.5f, 0.9f}) {
    Rng rng(1);
    const Tensor y = dropout(x, probability, {.training = &rng});
    int64_t kept = 0;
    for (const float v : y.values()) {
      if (v == 0) continue;
      ++kept;
      EXPECT_FLOAT_EQ(v, 3 / (1 - probability));
    }
    const double share = static_cast<double>(kept) / 1e5, expected = 1 - static_cast<double>(probability);
    EXPECT_NEAR(share, expected, 5 * std::sqrt(expected * (1 - expected) / 1e5)) << probability;
  }
}

TEST(Dropout, IsTheInputItselfUnlessItTrains) {
  const Tensor x = random_tensor({3, 4}, 2);
  Rng rng(1);
  EXPECT_EQ(dropout(x, 0.5f, {}).data(), x.data());
  EXPECT_EQ(drop_path(x, 0.5f, {}).data(), x.data());
  EXPECT_TRUE(same_bits(dropout(x, 0, {.training = &rng}), x));
}

TEST(Dropout, TakesOneDrawFromThePass) {
  Rng rng(7), same(7);
  const Tensor x = random_tensor({30, 40}, 3);
  const Tensor first = dropout(x, 0.5f, {.training = &rng}), second = dropout(x, 0.5f, {.training = &rng});
  EXPECT_FALSE(same_bits(first, second));
  EXPECT_TRUE(same_bits(first, dropout(x, 0.5f, {.training = &same})));
  (void)same.next();
  EXPECT_EQ(rng.next(), same.next());
}

TEST(Dropout, DropsAllAtProbabilityOne) {
  Rng rng(1);
  const Tensor y = dropout(random_tensor({50}, 4), 1, {.training = &rng});
  for (const float v : y.values()) EXPECT_EQ(v, 0);
}

TEST(Dropout, GivesTheGradientThroughTheSameMask) {
  Rng rng(5);
  Tensor x = Tensor::full({7, 11}, 1);
  watch(x);
  const Tensor y = dropout(x, 0.3f, {.training = &rng});
  EXPECT_TRUE(same_bits(backward(sum_all(y))[x], y));  // of ones: the factors themselves
}

TEST(DropPath, KeepsOrDropsWholePictures) {
  Rng rng(6);
  Tensor x = Tensor::full({400, 3, 5}, 1);
  watch(x);
  const Tensor y = drop_path(x, 0.25f, {.training = &rng});
  int64_t kept = 0;
  for (int64_t i = 0; i < 400; ++i) {
    const float first = y.data()[i * 15];
    EXPECT_TRUE(first == 0 || std::abs(first - 1 / 0.75f) < 1e-6f) << first;
    kept += first != 0;
    for (int64_t j = 1; j < 15; ++j) EXPECT_EQ(y.data()[i * 15 + j], first);
  }
  EXPECT_NEAR(static_cast<double>(kept), 300, 45);  // five standard deviations
  EXPECT_TRUE(same_bits(backward(sum_all(y))[x], y));
}

TEST(Dropout, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Tensor x = random_tensor({3, 50001}, 8);
  const auto compute = [&](int threads) {
    std::vector<Tensor> all;
    Threads(threads).run([&] {
      Rng rng(9);
      const Pass pass{.training = &rng};
      all = {dropout(x, 0.4f, pass), drop_path(x, 0.4f, pass)};
    });
    return all;
  };
  const std::vector<Tensor> one = compute(1), three = compute(3);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], three[i])) << i;
}

TEST(Dropout, NamesAProbabilityThatIsNone) {
  const Tensor x = random_tensor({3}, 1);
  EXPECT_THROW(dropout(x, -0.1f, {}), Error);
  EXPECT_THROW(dropout(x, std::nanf(""), {}), Error);
  EXPECT_THROW(drop_path(x, 1.1f, {}), Error);
}

TEST(Dropout, StochasticDepthRisesEvenlyFromTheFirstLayer) {
  for (int64_t layer = 0; layer < 4; ++layer)
    EXPECT_FLOAT_EQ(drop_path_at(layer, 4, 0.3f), 0.1f * static_cast<float>(layer));
  EXPECT_EQ(drop_path_at(0, 1, 0.3f), 0);  // as linspace(0, 0.3, 1)
}

}  // namespace
}  // namespace fovea
