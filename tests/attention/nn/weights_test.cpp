#include "attention/nn/weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/nn/layers.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

ParameterMap stored(const std::map<std::string, Tensor>& tensors) {
  ParameterMap map;
  for (const auto& [name, value] : tensors)
    map[name] = {value.shape(), [value = value] { return value; }, "file." + name};
  return map;
}

std::string spell(const std::string& name) {
  return "file." + name;
}

TEST(ParameterStore, TellsEveryNameThatDoesNotFit) {
  ParameterStore store(stored({{"a.weight", random_tensor({2, 3}, 1)},
                               {"a.bias", random_tensor({9}, 2)},
                               {"pooler.weight", random_tensor({1}, 3)}}),
                       Purpose::kInference);
  const Weights w(store);
  const Linear a(3, 2, w / "a"), b(3, 2, w / "b");
  EXPECT_EQ(store.complaints(spell),
            "missing: 'file.b.weight', 'file.b.bias'; of another shape: 'file.a.bias' (holds [9], the config "
            "asks for [2]); read by no layer: 'file.pooler.weight'");
  EXPECT_FALSE(store.gave_up());
}

TEST(ParameterStore, TellsTwentyNamesOfAKindInOneLine) {
  std::map<std::string, Tensor> tensors;
  for (int i = 0; i < 25; ++i) tensors["x\n\033" + std::to_string(i)] = random_tensor({1}, 1);
  const ParameterStore store(stored(tensors), Purpose::kInference);
  const std::string line = store.complaints(spell);
  EXPECT_EQ(std::count(line.begin(), line.end(), ','), 19);
  EXPECT_TRUE(line.ends_with(" and 5 more")) << line;
  EXPECT_TRUE(line.starts_with("read by no layer: 'file.x??0', ")) << line;
}

TEST(ParameterStore, GivesUpBeforeZerosFillTheMemory) {
  ParameterStore store(stored({{"a.weight", random_tensor({1}, 1)}}), Purpose::kTraining);
  const Weights w(store);
  const int64_t wide = int64_t{1} << 13;
  w.get("first", {wide, wide}, Init::kZeros);
  EXPECT_FALSE(store.gave_up());
  EXPECT_THROW(w.get("second", {1}, Init::kZeros), Error);
  EXPECT_TRUE(store.gave_up());
  EXPECT_EQ(store.complaints(spell), "missing: 'file.first', 'file.second'; the rest was not looked at");
}

TEST(ParameterStore, HasNoComplaintWhenAllFits) {
  ParameterStore store(stored({{"a.weight", random_tensor({2, 3}, 1)}, {"a.bias", random_tensor({2}, 2)}}),
                       Purpose::kTraining);
  const Linear a(3, 2, Weights(store) / "a");
  EXPECT_EQ(store.complaints(spell), "");
  EXPECT_EQ(store.parameter_count(), 8);
  ASSERT_EQ(store.parameters().size(), 2u);
  EXPECT_EQ(store.parameters()[0].name, "a.weight");
}

TEST(ParameterStore, RefusesToFillTheMemoryForAMissingGiant) {
  ParameterStore store(ParameterMap(), Purpose::kInference);
  EXPECT_THROW(Weights(store).get("x", {1 << 20, 1 << 20}, Init::kZeros), Error);
}

TEST(ParameterStore, DrawsTheSameFromTheSameSeed) {
  const auto draw = [](uint64_t seed) {
    ParameterStore store(seed, Purpose::kTraining);
    return Weights(store).get("x", {40, 50}, Init::kXavier);
  };
  EXPECT_TRUE(same_bits(draw(3), draw(3)));
  EXPECT_FALSE(same_bits(draw(3), draw(4)));
}

TEST(ParameterStore, BeginsAtGivenValuesUnlessTheCheckpointHasOthers) {
  const Tensor start = random_tensor({3}, 1), kept = random_tensor({3}, 2);
  ParameterStore fresh(1, Purpose::kTraining);
  Tensor drawn = Weights(fresh).get("x", start);
  EXPECT_TRUE(same_bits(drawn, start));
  drawn.mutable_data()[0] = 9;
  EXPECT_NE(start.data()[0], 9);  // a copy
  ParameterStore loaded(stored({{"x", kept}}), Purpose::kTraining);
  EXPECT_TRUE(same_bits(Weights(loaded).get("x", start), kept));
  ParameterStore anew(stored({{"x", kept}}), FineTuning{.seed = 1, .frozen = {}, .fresh = {"x"}});
  EXPECT_TRUE(same_bits(Weights(anew).get("x", start), start));
}

// Of 10,000 values that the store draws.
double deviation(ParameterStore& store, const char* name, Init init) {
  double squares = 0;
  const Tensor x = Weights(store).get(name, {100, 100}, init);
  for (const float value : x.values()) squares += static_cast<double>(value) * value;
  return std::sqrt(squares / 1e4);
}

TEST(ParameterStore, DrawsNormalValuesOfEitherWidth) {
  ParameterStore store(1, Purpose::kTraining);
  EXPECT_NEAR(deviation(store, "a", Init::kNormal), 1, 0.03);
  EXPECT_NEAR(deviation(store, "b", Init::kNormal002), 0.02, 0.0006);
}

TEST(ParameterStore, ANewHeadOverTrainedFeaturesStartsSmall) {
  ParameterStore nothing(1, Purpose::kTraining),
      trained({}, FineTuning{.seed = 1, .frozen = {}, .fresh = {"head"}});
  EXPECT_NEAR(deviation(nothing, "head", Init::kXavier), 0.1, 0.003);
  EXPECT_NEAR(deviation(trained, "head", Init::kXavier), 0.02, 0.0006);
}

TEST(Linear, BeginsAsAsked) {
  ParameterStore store(1, Purpose::kTraining);
  const Tensor bias = random_tensor({4}, 1);
  const Linear linear(3, Weights(store) / "fc", Init::kZeros, bias);
  EXPECT_TRUE(same_bits(linear(random_tensor({1, 3}, 2)), bias.view({1, 4})));
  EXPECT_EQ(store.parameters().size(), 2u);
}

TEST(Linear, TrainsAndInfersAlike) {
  const auto build = [](Purpose purpose) {
    ParameterStore store(7, purpose);
    return Linear(20, 30, Weights(store) / "fc");
  };
  const Tensor x = random_tensor({4, 20}, 1);
  const Tensor trained = build(Purpose::kTraining)(x), inferred = build(Purpose::kInference)(x);
  EXPECT_TRUE(same_bits(trained, inferred));
  EXPECT_NE(trained.grad_node(), nullptr);
  EXPECT_EQ(inferred.grad_node(), nullptr);
}

}  // namespace
}  // namespace fovea
