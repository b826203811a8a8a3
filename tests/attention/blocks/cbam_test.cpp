#include "attention/blocks/cbam.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/attention/blocks/block_check.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Sees = SpatialAttentionConfig::Sees;

BuiltBlock cbam(const CbamConfig& config, Purpose purpose = Purpose::kTraining) {
  return BuiltBlock([&](const Weights& w) -> Block { return Cbam(config, w); }, purpose);
}

TEST(Cbam, WeighsChannelsThenPositionsByTheTappedGates) {
  const BuiltBlock block = cbam({.channel = {.channels = 6, .hidden = 3}});
  const Tensor x = random_tensor({2, 3, 4, 6}, 1);
  Taps taps;
  const Tensor y = block(x, {.taps = &taps});
  ASSERT_EQ(taps.maps.size(), 2u);
  EXPECT_EQ(taps.maps[0].name, "block.channel");
  EXPECT_EQ(taps.maps[1].name, "block.spatial");
  const Tensor &channels = taps.maps[0].weights(), &positions = taps.maps[1].weights();
  ASSERT_EQ(channels.shape(), (Shape{2, 1, 1, 6}));
  ASSERT_EQ(positions.shape(), (Shape{2, 1, 3, 4}));
  for (int64_t i = 0; i < y.count(); ++i)
    EXPECT_FLOAT_EQ(y.data()[i], x.data()[i] * channels.data()[i / 72 * 6 + i % 6] * positions.data()[i / 6]);
}

TEST(Cbam, AddsItsInputIfToldTo) {
  const Tensor x = random_tensor({1, 3, 4, 6}, 1);
  CbamConfig config{.channel = {.channels = 6}};
  const Tensor y = cbam(config)(x);
  config.residual = true;
  EXPECT_TRUE(same_bits(cbam(config)(x), x + y));
}

TEST(Cbam, WithoutTheSpatialHalfHasNoParametersOfIt) {
  const BuiltBlock block = cbam({.channel = {.channels = 4, .hidden = 2}, .spatial = {}});
  EXPECT_EQ(block.store->parameter_count(), 4 * 2 + 2 + 2 * 4 + 4);
}

// All that a config can ask for, against differences and in both builds.
TEST(Cbam, EveryKindHasItsGradientsAndAnInferenceBuild) {
  const std::vector<GlobalPool> all = {GlobalPool::kMean, GlobalPool::kMax, GlobalPool::kNorm,
                                       GlobalPool::kLogSumExp};
  const CbamConfig configs[] = {
      {.channel = {.channels = 4, .hidden = 3, .pools = all}},
      {.channel = {.channels = 4, .hidden = 3, .pools = all, .blend = true},
       .spatial = SpatialAttentionConfig{.kernel = 3, .sees = Sees::kBlend}},
      {.channel = {.channels = 4, .hidden = 3, .bias = false, .activation = Activation::kSilu},
       .spatial = SpatialAttentionConfig{.kernel = 3, .norm = false, .sees = Sees::kMeanMax},
       .residual = true}};
  for (const CbamConfig& config : configs) {
    const BuiltBlock block = cbam(config);
    Tensor x = random_tensor({2, 3, 4, 4}, 5);
    EXPECT_LT(worst_difference(cbam(config, Purpose::kInference)(x), block(x)), 1e-5);
    watch(x);
    std::vector<Tensor> leaves = {x};
    for (const Parameter& parameter : block.store->parameters()) leaves.push_back(parameter.value);
    EXPECT_LT(leaf_gradient_error(leaves, [&] { return block(x); }), 5e-3);
  }
}

TEST(ChannelAttention, PoolsAreWhatTheyAreCalled) {
  const auto score = [](GlobalPool pool) {  // through layers that change nothing: the gate's logit
    const auto one = [](const Shape& shape) { return [shape] { return Tensor::full(shape, 1); }; };
    ParameterStore store(
        ParameterMap{{"fc1.weight", {{1, 1}, one({1, 1}), ""}}, {"fc2.weight", {{1, 1}, one({1, 1}), ""}}},
        Purpose::kInference);
    const ChannelAttention attend({.channels = 1, .hidden = 1, .bias = false, .pools = {pool}},
                                  Weights(store));
    const float gate = attend(Tensor({1, 1, 2, 1}, std::vector<float>{-0.5f, 1.5f}), {}).data()[0];
    return std::log(gate / (1 - gate));
  };
  EXPECT_NEAR(score(GlobalPool::kMean), 0.5, 1e-5);
  EXPECT_NEAR(score(GlobalPool::kMax), 1.5, 1e-5);
  EXPECT_NEAR(score(GlobalPool::kNorm), std::sqrt(2.5), 1e-5);
  EXPECT_NEAR(score(GlobalPool::kLogSumExp), std::log(std::exp(-0.5) + std::exp(1.5)), 1e-5);
}

TEST(SpatialAttention, RefusesAKernelWithoutACentre) {
  ParameterStore store(1, Purpose::kTraining);
  for (const int64_t kernel : {0, 2, -1})
    EXPECT_THROW(SpatialAttention({.kernel = kernel}, Weights(store)), Error);
}

TEST(SpatialAttention, ATrainingPassHandsItsStatisticsOn) {
  const BuiltBlock block = cbam({.channel = {.channels = 4}});
  const Tensor x = random_tensor({2, 3, 4, 4}, 1);
  Rng rng(0);
  RunningUpdates updates;
  const Tensor y = block(x, {.training = &rng, .running = &updates});
  ASSERT_EQ(updates.size(), 2u);  // the mean and the variance
  for (const RunningUpdate& update : updates) EXPECT_FLOAT_EQ(update.momentum, 0.01f);
  EXPECT_GT(worst_difference(y, block(x)), 1e-3);
}

}  // namespace
}  // namespace fovea
