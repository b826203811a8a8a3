#include "attention/blocks/squeeze_excite.h"

#include <gtest/gtest.h>

#include "tests/attention/blocks/block_check.h"

namespace fovea {
namespace {

int64_t parameters_of(const SqueezeExciteConfig& config) {
  ParameterStore store(1, Purpose::kTraining);
  SqueezeExcite(config, Weights(store));
  return store.parameter_count();
}

BuiltBlock squeeze_excite(const SqueezeExciteConfig& config) {
  return BuiltBlock([&](const Weights& w) -> Block { return SqueezeExcite(config, w); }, Purpose::kTraining);
}

TEST(SqueezeExcite, HasASixteenthOfTheChannelsWithinUnlessTold) {
  EXPECT_EQ(parameters_of({.channels = 64}), 64 * 4 + 4 + 4 * 64 + 64);
  EXPECT_EQ(parameters_of({.channels = 8}), 8 * 1 + 1 + 1 * 8 + 8);
  EXPECT_EQ(parameters_of({.channels = 64, .hidden = 16, .bias = false}), 2 * 64 * 16);
}

TEST(SqueezeExcite, MultipliesEachChannelByItsTappedGate) {
  const BuiltBlock block = squeeze_excite({.channels = 6, .hidden = 3});
  const Tensor x = random_tensor({2, 3, 4, 6}, 1);
  Taps taps;
  const Tensor y = block(x, {.taps = &taps});
  ASSERT_EQ(taps.maps.size(), 1u);
  EXPECT_EQ(taps.maps[0].name, "block");
  const Tensor& gates = taps.maps[0].weights();
  ASSERT_EQ(gates.shape(), (Shape{2, 1, 1, 6}));
  for (int64_t i = 0; i < y.count(); ++i) {
    const float gate = gates.data()[i / (3 * 4 * 6) * 6 + i % 6];
    EXPECT_GT(gate, 0);
    EXPECT_LT(gate, 1);
    EXPECT_FLOAT_EQ(y.data()[i], x.data()[i] * gate);
  }
}

TEST(SqueezeExcite, LooksAtMeansOfChannelsAndAtNothingElse) {
  const BuiltBlock mean = squeeze_excite({.channels = 4, .hidden = 16});
  const BuiltBlock both = squeeze_excite({.channels = 4, .hidden = 16, .max_pool = true});
  const auto gates = [](const BuiltBlock& block, const Tensor& x) {
    Taps taps;
    block(x, {.taps = &taps});
    return taps.maps.at(0).weights();
  };
  const Tensor even({1, 1, 2, 4}, std::vector<float>{1, 2, 3, 4, 1, 2, 3, 4});
  const Tensor uneven({1, 1, 2, 4}, std::vector<float>{0, 4, 3, 8, 2, 0, 3, 0});  // of the same means
  EXPECT_LT(worst_difference(gates(mean, even), gates(mean, uneven)), 1e-6);
  EXPECT_GT(worst_difference(gates(mean, even), gates(mean, even + even)), 1e-3);
  EXPECT_LT(worst_difference(gates(mean, even), gates(both, even)), 1e-6);
  EXPECT_GT(worst_difference(gates(both, even), gates(both, uneven)), 1e-3);
}

TEST(EffectiveSqueezeExcite, ClosesAndOpensAGateForGood) {
  const auto make = [](const Weights& w) -> Block { return EffectiveSqueezeExcite({.channels = 2}, w); };
  const BuiltBlock block(make, Purpose::kTraining);
  for (const Parameter& parameter : block.store->parameters()) {
    Tensor value = parameter.value;
    const bool weight = parameter.name.ends_with("weight");
    for (int64_t i = 0; i < value.count(); ++i) value.mutable_data()[i] = weight ? 0 : i == 0 ? -3.5f : 3.5f;
  }
  const Tensor y = block(Tensor({1, 1, 1, 2}, std::vector<float>{5, 7}));
  EXPECT_EQ(y.data()[0], 0);
  EXPECT_EQ(y.data()[1], 7);
}

}  // namespace
}  // namespace fovea
