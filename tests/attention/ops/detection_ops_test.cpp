// Losses that detectors and contrastive training use.
#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/ops/contrastive_loss.h"
#include "attention/ops/reorder.h"
#include "attention/ops/varifocal_loss.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

double sigmoid_of(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST(VarifocalLoss, WeighsPositivesByTheirQuality) {
  const Tensor x({4}, std::vector<float>{0.7f, -1.2f, 0.3f, 2}),
      positives({4}, std::vector<float>{1, 0, 1, 0});
  const Tensor quality({4}, std::vector<float>{0.6f, 0, 0, 0});
  const Tensor loss = varifocal_loss(x, positives, quality, {.alpha = 0.5f, .gamma = 3});
  const auto negative = [](double v) {
    return 0.5 * std::pow(sigmoid_of(v), 3) * -std::log(1 - sigmoid_of(v));
  };
  const double p = sigmoid_of(0.7);
  EXPECT_NEAR(loss.data()[0], 0.6 * -(0.6 * std::log(p) + 0.4 * std::log(1 - p)), 1e-6);
  EXPECT_NEAR(loss.data()[1], negative(-1.2), 1e-6);
  EXPECT_EQ(loss.data()[2], 0);  // a match that covers nothing of its target
  EXPECT_NEAR(loss.data()[3], negative(2), 1e-6);
}

TEST(VarifocalLoss, HoldsItsWeights) {
  Tensor x({2}, std::vector<float>{0.7f, -1.2f});
  watch(x);
  const Tensor positives({2}, std::vector<float>{1, 0}), quality({2}, std::vector<float>{0.6f, 0});
  const Gradients g = backward(varifocal_loss(x, positives, quality, {}, Reduction::kSum));
  EXPECT_NEAR(g[x].data()[0], 0.6 * (sigmoid_of(0.7) - 0.6), 1e-6);
  EXPECT_NEAR(g[x].data()[1], 0.75 * std::pow(sigmoid_of(-1.2), 3), 1e-6);
  EXPECT_THROW(varifocal_loss(x, Tensor::full({3}, 0), quality), Error);
}

TEST(ContrastiveLogits, AreProductsOverTheTemperature) {
  const Tensor q = random_tensor({2, 3}, 1), k = random_tensor({2, 3}, 2), others = random_tensor({4, 3}, 3);
  const Tensor logits = contrastive_logits(q, k, others, 0.2f);
  ASSERT_EQ(logits.shape(), (Shape{2, 5}));
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t j = 0; j < 5; ++j) {
      const float* const key = j ? others.data() + 3 * (j - 1) : k.data() + 3 * b;
      double product = 0;
      for (int64_t i = 0; i < 3; ++i) product += static_cast<double>(q.data()[3 * b + i]) * key[i];
      EXPECT_NEAR(logits.data()[5 * b + j], product / 0.2, 1e-5);
    }
  EXPECT_LT(
      gradient_error({q, k, others},
                     [](const std::vector<Tensor>& t) { return contrastive_logits(t[0], t[1], t[2], 0.5f); }),
      2e-3);
  EXPECT_THROW(contrastive_logits(q, k, random_tensor({4, 2}, 3), 0.2f), Error);
  EXPECT_THROW(contrastive_logits(q, k, others, 0), Error);
}

TEST(KeyQueue, PutsTheNewestOverTheOldest) {
  const Tensor old = random_tensor({6, 2}, 1), first = random_tensor({2, 2}, 2),
               second = random_tensor({2, 2}, 3);
  KeyQueue queue(old, 4);
  const Tensor before = queue.keys();
  queue.push(first);
  EXPECT_EQ(queue.next(), 0);
  queue.push(second);
  EXPECT_EQ(queue.next(), 2);
  EXPECT_TRUE(same_bits(slice(queue.keys(), 0, 0, 2), second));
  EXPECT_TRUE(same_bits(slice(queue.keys(), 0, 2, 2), slice(old, 0, 2, 2)));
  EXPECT_TRUE(same_bits(slice(queue.keys(), 0, 4, 2), first));
  EXPECT_TRUE(same_bits(before, old));  // who has them keeps them
  EXPECT_THROW(queue.push(random_tensor({4, 2}, 4)), Error);
  EXPECT_THROW(KeyQueue(old, 6), Error);
}

}  // namespace
}  // namespace fovea
