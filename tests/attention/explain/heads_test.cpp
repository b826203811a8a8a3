#include "attention/explain/heads.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "attention/blocks/multi_head_attention.h"
#include "attention/ops/reorder.h"
#include "tests/support/message.h"
#include "tests/support/naive_explain.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

TEST(FusedHeads, AreTheMeanTheLargestOrTheSmallest) {
  const Tensor weights = random_tensor({2, 5, 18, 7}, 3);
  for (const HeadFusion fusion : {HeadFusion::kMean, HeadFusion::kMax, HeadFusion::kMin}) {
    const Tensor got = fused(weights, fusion);
    ASSERT_EQ(got.shape(), (Shape{2, 18, 7}));
    for (int64_t b = 0; b < 2; ++b) {
      const NaiveMatrix expected = naive_fused(naive_heads(weights, b), fusion);
      for (int64_t i = 0; i < 18 * 7; ++i)
        EXPECT_NEAR(got.data()[b * 18 * 7 + i], expected.values[static_cast<size_t>(i)], 1e-7);
    }
  }
}

// Maps of one kind each: without bias, with a bias of each rank, with hidden keys, and with ready weights.
std::vector<AttentionMap> all_kinds() {
  const Tensor q = random_tensor({2, 70, 24}, 1), k = random_tensor({2, 33, 24}, 2);
  Tensor mask = Tensor::full({2, 33}, 0);
  mask.mutable_data()[4] = mask.mutable_data()[33 + 32] = 1;
  std::vector<AttentionMap> maps;
  for (const Tensor& bias : {Tensor(), random_tensor({70, 33}, 3), random_tensor({3, 70, 33}, 4),
                             random_tensor({2, 3, 70, 33}, 5)})
    maps.push_back({.name = "attn", .q = q, .k = k, .args = {.heads = 3, .key_mask = mask, .bias = bias}});
  maps.push_back({.name = "ready", .value = random_tensor({2, 3, 70, 33}, 6)});
  return maps;
}

TEST(WeightRows, AreThoseOfTheWholeMapToTheLastBit) {
  for (const AttentionMap& map : all_kinds())
    for (const auto& [begin, count] : {std::pair{0, 70}, {0, 1}, {69, 1}, {5, 64}, {64, 6}})
      EXPECT_TRUE(same_bits(weight_rows(map, begin, count), slice(map.weights(), 2, begin, count)))
          << map.name << " " << begin << " " << count;
}

// Weights from the definition of attention, in double.
double naive_weight(const AttentionMap& map, int64_t b, int64_t h, int64_t i, int64_t j) {
  const int64_t Nk = map.k.dim(1), C = map.q.dim(2), d = C / map.args.heads, Nq = map.q.dim(1);
  double total = 0, own = 0;
  for (int64_t key = 0; key < Nk; ++key) {
    double score = 0;
    for (int64_t c = h * d; c < (h + 1) * d; ++c)
      score += static_cast<double>(map.q.data()[(b * Nq + i) * C + c]) * map.k.data()[(b * Nk + key) * C + c];
    score /= std::sqrt(static_cast<double>(d));
    if (map.args.bias) score += map.args.bias.data()[((b * map.args.heads + h) * Nq + i) * Nk + key];
    const bool hidden = map.args.key_mask.data()[b * Nk + key] != 0;
    const double share = hidden ? 0 : std::exp(score);
    total += share;
    if (key == j) own = share;
  }
  return own / total;
}

TEST(WeightRows, FollowTheDefinition) {
  for (const size_t kind : {size_t{0}, size_t{3}}) {
    const AttentionMap map = all_kinds()[kind];
    const Tensor got = weight_rows(map, 66, 4);
    for (int64_t n = 0; n < got.count(); ++n) {
      const int64_t j = n % 33, i = n / 33 % 4, h = n / (33 * 4) % 3, b = n / (33 * 4 * 3);
      EXPECT_NEAR(got.data()[n], naive_weight(map, b, h, 66 + i, j), 2e-6);
    }
  }
}

TEST(WeightRows, NameWhatIsWrong) {
  const AttentionMap map = all_kinds()[0];
  EXPECT_EQ(message([&] { weight_rows(map, 68, 3); }), "weight_rows: queries 68 to 70 of the 70 of attn");
  EXPECT_EQ(message([&] { weight_rows(map, -1, 1); }), "weight_rows: queries -1 to -1 of the 70 of attn");
  const AttentionMap gates{
      .name = "gate", .of = AttentionMap::Of::kChannels, .value = Tensor::full({1, 1, 1, 4}, 1)};
  EXPECT_EQ(message([&] { weight_rows(gates, 0, 1); }), "weight_rows: gate weighs no tokens");
  EXPECT_EQ(message([&] {
              fused(Tensor::full({2, 3, 4}, 1), HeadFusion::kMax);
            }),
            "fused: weights [2, 3, 4]");
}

TEST(AttentionMapOfALayer, GivesTheWeightsOfItsAttention) {
  ParameterStore store(3, Purpose::kInference);
  const MultiHeadAttention layer({.dim = 12, .heads = 3}, Weights(store) / "attn");
  const Tensor x = random_tensor({2, 9, 12}, 4);
  Taps taps;
  layer(x, x, x, {}, {.taps = &taps});
  ASSERT_EQ(taps.maps.size(), 1u);
  const AttentionMap& map = taps.maps[0];
  EXPECT_FALSE(map.value);
  EXPECT_EQ(map.name, "attn");
  EXPECT_TRUE(same_bits(map.weights(), attention_weights(map.q, map.k, map.args)));
  EXPECT_EQ(map.weights().shape(), (Shape{2, 3, 9, 9}));
}

}  // namespace
}  // namespace fovea
