#include "attention/blocks/deformable_attention.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

const DeformableConfig kConfig{.dim = 8, .heads = 4, .levels = 2, .points = 3};
const std::vector<MapSize> kMaps = {{3, 4}, {2, 2}};

// A block some way from its beginning, so that its offsets and weights differ between queries.
struct Built {
  explicit Built(Purpose purpose = Purpose::kTraining)
      : store(stirred(), purpose), attend(kConfig, place()) {}
  Weights place() { return Weights(store) / "block"; }

  static ParameterMap stirred() {
    ParameterStore fresh(5, Purpose::kTraining);
    const DeformableAttention begun(kConfig, Weights(fresh) / "block");
    ParameterMap map;
    uint64_t seed = 7;
    for (const auto& [name, value] : fresh.state()) {
      const double far = name.starts_with("block.offsets") ? 0.01 : 0.1;
      const Tensor moved = value + random_tensor(value.shape(), ++seed, far);
      map[name] = {value.shape(), [moved] { return moved.clone(); }, name};
    }
    return map;
  }

  ParameterStore store;
  DeformableAttention attend;
};

struct Given {
  Tensor query = random_tensor({2, 5, 8}, 1), reference = boxes(2), tokens = random_tensor({2, 16, 8}, 3);

  // Three quarters into some cell, and such that an offset of 1 is a cell: near no kink of the samples.
  static Tensor boxes(int64_t n) {
    Tensor reference(Shape{2, 5, 2, n});
    for (int64_t i = 0; i < reference.count(); ++i) {
      const MapSize map = kMaps[static_cast<size_t>(i / n % 2)];
      const int64_t size = i % 2 ? map.height : map.width, cell = i * 5 % 7 % size;
      const double cells = i % n < 2 ? static_cast<double>(cell) + 0.75 : 2 * kConfig.points;
      reference.mutable_data()[i] = static_cast<float>(cells / static_cast<double>(size));
    }
    return reference;
  }
};

TEST(DeformableAttentionBlock, BeginsLookingRoundAndWeighingAllAlike) {
  ParameterStore store(1, Purpose::kTraining);
  const DeformableAttention attend(kConfig, Weights(store) / "block");
  std::map<std::string, Tensor> begun;
  for (const Parameter& p : store.parameters()) begun[p.name] = p.value;
  const Tensor& bias = begun.at("block.offsets.bias");
  const float ways[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};  // of each head
  for (int64_t i = 0; i < bias.count(); ++i) {
    const int64_t point = i / 2 % 3, head = i / (2 * 3 * 2);
    EXPECT_NEAR(bias.data()[i], ways[head][i % 2] * static_cast<float>(point + 1), 1e-6) << i;
  }
  for (const char* name : {"block.offsets.weight", "block.weights.weight", "block.weights.bias"})
    for (const float value : begun.at(name).values()) EXPECT_EQ(value, 0) << name;
  Taps taps;
  const Given given;
  attend(given.query, given.reference, {given.tokens, kMaps}, {.taps = &taps});
  ASSERT_EQ(taps.maps.size(), 1u);
  EXPECT_EQ(taps.maps[0].name, "block");
  ASSERT_EQ(taps.maps[0].weights().shape(), (Shape{2, 4, 5, 6}));
  for (const float weight : taps.maps[0].weights().values()) EXPECT_NEAR(weight, 1.0 / 6, 1e-6);
}

// With three heads, the second looks a third of a turn on: its longer side is the cell.
TEST(DeformableAttentionBlock, BeginsWithWholeCellsInEveryDirection) {
  ParameterStore store(1, Purpose::kTraining);
  const DeformableAttention attend({.dim = 6, .heads = 3, .levels = 1, .points = 1}, Weights(store));
  const Tensor& bias = store.parameters().at(1).value;
  ASSERT_EQ(store.parameters().at(1).name, "offsets.bias");
  const double want[] = {1, 0, -0.57735027, 1, -0.57735027, -1};
  for (int64_t i = 0; i < 6; ++i) EXPECT_NEAR(bias.data()[i], want[i], 1e-6) << i;
}

TEST(DeformableAttentionBlock, PaddingCountsAsZeros) {
  const Built block;
  Given given;
  Tensor padding = Tensor::full({2, 16}, 0);
  for (int64_t b = 0; b < 2; ++b)
    for (const int64_t token : {3, 7, 11, 13, 15}) padding.mutable_data()[b * 16 + token] = 1;
  const auto run = [&] {
    return block.attend(given.query, given.reference, {given.tokens, kMaps, padding}, {});
  };
  const Tensor before = run();
  for (int64_t i = 0; i < given.tokens.count(); ++i)
    if (padding.data()[i / 8] != 0) given.tokens.mutable_data()[i] += 5;
  EXPECT_TRUE(same_bits(run(), before));
  given.tokens.mutable_data()[5 * 8] += 5;  // one that is none
  EXPECT_FALSE(same_bits(run(), before));
}

// Half a box's width is as many offsets as there are points.
TEST(DeformableAttentionBlock, OffsetsCountCellsOrSharesOfABox) {
  const Given given;
  const Built block;
  const Tensor boxes = Given::boxes(4);
  Tensor points(Shape{2, 5, 2, 2});
  for (int64_t i = 0; i < points.count(); ++i) points.mutable_data()[i] = boxes.data()[i / 2 * 4 + i % 2];
  const Tensor by_box = block.attend(given.query, boxes, {given.tokens, kMaps}, {});
  const Tensor by_point = block.attend(given.query, points, {given.tokens, kMaps}, {});
  for (int64_t i = 0; i < by_box.count(); ++i) EXPECT_NEAR(by_box.data()[i], by_point.data()[i], 1e-4) << i;
}

TEST(DeformableAttentionBlock, HasItsGradientsAndAnInferenceBuild) {
  const Built block, packed(Purpose::kInference);
  for (const int64_t n : {2, 4}) {
    Given given;
    given.reference = Given::boxes(n);
    const DeformableMemory memory{given.tokens, kMaps};
    const Tensor trained = block.attend(given.query, given.reference, memory, {});
    const Tensor inferred = packed.attend(given.query, given.reference, memory, {});
    ASSERT_EQ(inferred.shape(), (Shape{2, 5, 8}));
    for (int64_t i = 0; i < trained.count(); ++i)
      EXPECT_NEAR(inferred.data()[i], trained.data()[i], 1e-5) << i;
    watch(given.query), watch(given.reference), watch(given.tokens);
    std::vector<Tensor> leaves = {given.query, given.reference, given.tokens};
    for (const Parameter& parameter : block.store.parameters()) leaves.push_back(parameter.value);
    EXPECT_LT(
        leaf_gradient_error(leaves,
                            [&] {
                              return block.attend(given.query, given.reference, {given.tokens, kMaps}, {});
                            }),
        1e-2);
  }
}

TEST(DeformableAttentionBlock, RefusesWhatDoesNotFit) {
  const Built block;
  const Given given;
  const DeformableMemory memory{given.tokens, kMaps};
  EXPECT_THROW(block.attend(given.query, random_tensor({2, 5, 1, 2}, 1), memory, {}), Error);
  EXPECT_THROW(block.attend(given.query, random_tensor({2, 5, 2, 3}, 1), memory, {}), Error);
  EXPECT_THROW(block.attend(given.query, given.reference, {given.tokens, {{3, 4}}}, {}), Error);
  EXPECT_THROW(
      block.attend(given.query, given.reference, {given.tokens, kMaps, Tensor::full({2, 15}, 0)}, {}), Error);
}

}  // namespace
}  // namespace fovea
