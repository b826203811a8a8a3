#include "attention/blocks/attention_pool.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/blocks/latent_pool.h"
#include "attention/ops/reorder.h"
#include "tests/attention/blocks/block_check.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

const AttentionPoolConfig kConfig{.channels = 8, .height = 3, .width = 4, .heads = 2, .outputs = 5};
const LatentPoolConfig kLatent{.dim = 8, .mlp = 12, .heads = 2, .latents = 3, .positions = 6};

BuiltBlock attention_pool(const AttentionPoolConfig& config, Purpose purpose = Purpose::kTraining) {
  return BuiltBlock([&](const Weights& w) -> Block { return AttentionPool(config, w); }, purpose);
}

BuiltBlock latent_pool(const LatentPoolConfig& config, Purpose purpose = Purpose::kTraining) {
  return BuiltBlock([&](const Weights& w) -> Block { return LatentPool(config, w); }, purpose);
}

// The one tapped map of a call: its rows sum to 1.
Tensor tapped(const BuiltBlock& block, const Tensor& x) {
  Taps taps;
  block(x, {.taps = &taps});
  EXPECT_EQ(taps.maps.size(), 1u);
  const Tensor map = taps.maps.at(0).weights();
  for (int64_t row = 0; row < map.count() / map.dim(3); ++row) {
    double sum = 0;
    for (int64_t i = 0; i < map.dim(3); ++i) sum += map.data()[row * map.dim(3) + i];
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  return map;
}

TEST(AttentionPool, LooksFromTheMeanAtTheMap) {
  const BuiltBlock pool = attention_pool(kConfig);
  const Tensor x = random_tensor({2, 3, 4, 8}, 1);
  EXPECT_EQ(pool(x).shape(), (Shape{2, 5}));
  EXPECT_EQ(tapped(pool, x).shape(), (Shape{2, 2, 1, 13}));
}

TEST(AttentionPool, ResamplesItsPositionsForAnotherMap) {
  const BuiltBlock pool = attention_pool(kConfig);
  EXPECT_EQ(tapped(pool, random_tensor({1, 5, 2, 8}, 1)).shape(), (Shape{1, 2, 1, 11}));
  EXPECT_THROW(pool(random_tensor({1, 3, 4, 7}, 1)), Error);
}

TEST(AttentionPool, TellsPlacesApart) {
  const BuiltBlock pool = attention_pool(kConfig);
  const Tensor x = random_tensor({1, 3, 4, 8}, 1);
  const Tensor turned = concat(slice(x, 1, 1, 2), slice(x, 1, 0, 1), 1);  // rows in another order
  EXPECT_GT(worst_difference(pool(x), pool(turned)), 1e-3);
}

TEST(LatentPool, TakesTheFirstLatentOrTheMean) {
  LatentPoolConfig config = kLatent;
  const BuiltBlock first = latent_pool(config);
  config.mean = true;
  const BuiltBlock mean = latent_pool(config);
  const Tensor x = random_tensor({2, 6, 8}, 1);
  EXPECT_EQ(first(x).shape(), (Shape{2, 8}));
  EXPECT_EQ(tapped(first, x).shape(), (Shape{2, 2, 3, 6}));
  EXPECT_GT(worst_difference(first(x), mean(x)), 1e-3);
  EXPECT_THROW(first(random_tensor({2, 5, 8}, 1)), Error);
  EXPECT_THROW(first(random_tensor({2, 6, 7}, 1)), Error);
}

TEST(LatentPool, WithoutPositionsIsASetFunction) {
  LatentPoolConfig config = kLatent;
  config.positions = 0;
  const BuiltBlock pool = latent_pool(config);
  const Tensor x = random_tensor({2, 6, 8}, 1);
  const Tensor turned = concat(slice(x, 1, 2, 4), slice(x, 1, 0, 2), 1);
  EXPECT_LT(worst_difference(pool(x), pool(turned)), 1e-5);
  EXPECT_GT(worst_difference(latent_pool(kLatent)(x), latent_pool(kLatent)(turned)), 1e-3);
}

TEST(Pools, InferAsTheyTrainAndPassGradientsOn) {
  const Tensor map = random_tensor({2, 3, 4, 8}, 1), tokens = random_tensor({2, 6, 8}, 2);
  const BuiltBlock a = attention_pool(kConfig), b = latent_pool(kLatent);
  EXPECT_LT(worst_difference(a(map), attention_pool(kConfig, Purpose::kInference)(map)), 1e-5);
  EXPECT_LT(worst_difference(b(tokens), latent_pool(kLatent, Purpose::kInference)(tokens)), 1e-5);
  EXPECT_LT(gradient_error({map}, [&](const std::vector<Tensor>& t) { return a(t[0]); }), 5e-3);
  EXPECT_LT(gradient_error({tokens}, [&](const std::vector<Tensor>& t) { return b(t[0]); }), 5e-3);
  for (const BuiltBlock* block : {&a, &b}) {
    const Gradients gradients = backward(to_loss((*block)(block == &a ? map : tokens)));
    for (const Parameter& parameter : block->store->parameters())
      EXPECT_TRUE(gradients.has(parameter.value)) << parameter.name;
  }
}

}  // namespace
}  // namespace fovea
