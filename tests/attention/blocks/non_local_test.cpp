#include "attention/blocks/non_local.h"

#include <gtest/gtest.h>

#include <cmath>

#include "attention/ops/reorder.h"
#include "tests/attention/blocks/block_check.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

constexpr Affinity kAffinities[] = {Affinity::kEmbeddedGaussian, Affinity::kGaussian, Affinity::kDotProduct,
                                    Affinity::kConcatenation};

BuiltBlock non_local(const NonLocalConfig& config, Purpose purpose = Purpose::kTraining) {
  return BuiltBlock([&](const Weights& w) -> Block { return NonLocal(config, w); }, purpose);
}

Tensor map_of(const BuiltBlock& block, const Tensor& x) {
  Taps taps;
  block(x, {.taps = &taps});
  return taps.maps.at(0).weights();
}

TEST(NonLocal, EveryKindHasItsGradientsAndAnInferenceBuild) {
  for (const Affinity affinity : kAffinities)
    for (const bool flag : {false, true}) {
      SCOPED_TRACE(static_cast<int>(affinity));
      const NonLocalConfig config{
          .channels = 4, .inner = 3, .affinity = affinity, .sub_sample = flag, .norm = !flag};
      const BuiltBlock block = non_local(config);
      Tensor x = random_tensor({2, 3, 4, 4}, 5, 0.7);
      EXPECT_LT(worst_difference(non_local(config, Purpose::kInference)(x), block(x)), 1e-5);
      watch(x);
      std::vector<Tensor> leaves = {x};
      for (const Parameter& parameter : block.store->parameters()) leaves.push_back(parameter.value);
      EXPECT_LT(leaf_gradient_error(leaves, [&] { return block(x); }), 5e-3);
    }
}

TEST(NonLocal, ComparesEveryPositionWithAllOrWithTheSampledOnes) {
  const Tensor x = random_tensor({2, 5, 7, 6}, 1);
  for (const Affinity affinity : kAffinities) {
    NonLocalConfig config{.channels = 6, .affinity = affinity};
    EXPECT_EQ(map_of(non_local(config), x).shape(), (Shape{2, 1, 35, 35}));
    config.sub_sample = true;
    EXPECT_EQ(map_of(non_local(config), x).shape(), (Shape{2, 1, 35, 2 * 3}));
    EXPECT_EQ(map_of(non_local(config), random_tensor({1, 1, 8, 6}, 1)).shape(), (Shape{1, 1, 8, 4}));
  }
}

TEST(NonLocal, ASoftmaxsAffinitiesAddUpToOne) {
  for (const Affinity affinity : {Affinity::kEmbeddedGaussian, Affinity::kGaussian}) {
    const Tensor map =
        map_of(non_local({.channels = 6, .affinity = affinity}), random_tensor({1, 3, 4, 6}, 1));
    for (int64_t row = 0; row < 12; ++row) {
      double sum = 0;
      for (int64_t i = 0; i < 12; ++i) sum += map.data()[row * 12 + i];
      EXPECT_NEAR(sum, 1, 1e-5);
    }
  }
}

TEST(NonLocal, ADotProductIsDividedByThePositions) {
  const Tensor x = random_tensor({1, 2, 2, 3}, 1);
  const Tensor once = map_of(non_local({.channels = 3, .affinity = Affinity::kDotProduct}), x);
  const Tensor twice = map_of(non_local({.channels = 3, .affinity = Affinity::kDotProduct}), concat(x, x, 1));
  ASSERT_EQ(twice.shape(), (Shape{1, 1, 8, 8}));
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 4; ++j) EXPECT_NEAR(twice.data()[i * 8 + j], once.data()[i * 4 + j] / 2, 1e-6);
}

TEST(NonLocal, AFilmIsAllItsFramesPooledEachByItself) {
  const BuiltBlock block = non_local({.channels = 4, .sub_sample = true});
  const Tensor film = random_tensor({2, 3, 5, 4, 4}, 1);
  EXPECT_EQ(block(film).shape(), film.shape());
  EXPECT_EQ(map_of(block, film).shape(), (Shape{2, 1, 3 * 5 * 4, 3 * 2 * 2}));
  const Tensor still = random_tensor({2, 5, 4, 4}, 2);
  EXPECT_TRUE(same_bits(block(reshape(still, {2, 1, 5, 4, 4})), reshape(block(still), {2, 1, 5, 4, 4})));
}

TEST(NonLocal, AScaleSharpensTheSoftmax) {
  const Tensor x = random_tensor({1, 3, 3, 4}, 1);
  const Tensor flat = map_of(non_local({.channels = 4, .scale = 1e-6f}), x);
  for (const float weight : flat.values()) EXPECT_NEAR(weight, 1 / 9.0, 1e-4);
  const Tensor sharp = map_of(non_local({.channels = 4}), x);
  EXPECT_GT(worst_difference(sharp, flat), 1e-2);
}

}  // namespace
}  // namespace fovea
