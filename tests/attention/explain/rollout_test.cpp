#include "attention/explain/rollout.h"

#include <gtest/gtest.h>

#include "attention/base/parallel.h"
#include "attention/ops/reorder.h"
#include "tests/support/given_attention.h"
#include "tests/support/message.h"
#include "tests/support/naive_explain.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

constexpr HeadFusion kFusions[] = {HeadFusion::kMean, HeadFusion::kMax, HeadFusion::kMin};

// Layers of self-attention over several blocks of rows, of two pictures, told by their queries and keys.
std::vector<AttentionMap> layers(int64_t tokens, int count = 3) {
  std::vector<AttentionMap> maps;
  for (int i = 0; i < count; ++i)
    maps.push_back({.name = "layers." + std::to_string(i),
                    .q = random_tensor({2, tokens, 12}, 10 + static_cast<uint64_t>(i), 1.5),
                    .k = random_tensor({2, tokens, 12}, 20 + static_cast<uint64_t>(i), 1.5),
                    .args = {.heads = 3}});
  return maps;
}

NaiveMatrix naive(const std::vector<AttentionMap>& maps, int64_t picture, const RolloutConfig& config) {
  std::vector<NaiveMatrix> all;
  for (const AttentionMap& map : maps)
    all.push_back(naive_fused(naive_heads(map.weights(), picture), config.fusion));
  return naive_rollout(all, config.discard, true);
}

// A row of `expected`, or the mean of all.
double expected_value(const NaiveMatrix& expected, int64_t token, int64_t j) {
  if (token >= 0) return expected.at(token, j);
  double sum = 0;
  for (int64_t i = 0; i < expected.rows; ++i) sum += expected.at(i, j);
  return sum / static_cast<double>(expected.rows);
}

TEST(Rollout, IsTheProductOfTheLayers) {
  constexpr int64_t kTokens = 150;
  const std::vector<AttentionMap> maps = layers(kTokens);
  for (const HeadFusion fusion : kFusions)
    for (const double discard : {0.0, 0.37, 0.9, 1.0})
      for (int64_t picture = 0; picture < 2; ++picture) {
        const RolloutConfig config{fusion, discard};
        const NaiveMatrix expected = naive(maps, picture, config);
        for (const int64_t token : {0, 77, 149, -1}) {
          const Tensor got = rollout(maps, token, config);
          ASSERT_EQ(got.shape(), (Shape{2, kTokens}));
          for (int64_t j = 0; j < kTokens; ++j)
            EXPECT_NEAR(got.data()[picture * kTokens + j], expected_value(expected, token, j), 2e-6)
                << static_cast<int>(fusion) << " " << discard << " " << token << " " << j;
        }
      }
}

TEST(Rollout, ARowOfSharesAddsUpToOne) {
  const std::vector<AttentionMap> maps = layers(70);
  for (const double discard : {0.0, 0.9}) {
    const Tensor row = rollout(maps, 3, {.discard = discard});
    double sum = 0;
    for (int64_t j = 0; j < 70; ++j) sum += row.data()[j];
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST(Rollout, NeedsOnlyTheClassTokensRowOfTheLastLayer) {
  std::vector<AttentionMap> maps = layers(90);
  const Tensor whole = rollout(maps, 0);
  maps.back().q = slice(maps.back().q, 1, 0, 1);
  EXPECT_TRUE(same_bits(rollout(maps, 0), whole));
  EXPECT_EQ(message([&] { rollout(maps, 1); }), "rollout: token 1 of the 1 queries of layers.2");
  EXPECT_EQ(message([&] { rollout(maps, -1); }),
            "rollout: the mean over all tokens, but layers.2 has 1 of the 90");
}

TEST(Rollout, IsTheSameForAnyThreadsAndBatch) {
  const std::vector<AttentionMap> maps = layers(130);
  std::vector<AttentionMap> second = maps;
  for (AttentionMap& map : second) {
    map.q = slice(map.q, 0, 1, 1);
    map.k = slice(map.k, 0, 1, 1);
  }
  for (const double discard : {0.0, 0.5}) {
    Tensor one, four;
    Threads(1).run([&] { one = rollout(maps, 0, {.discard = discard}); });
    Threads(4).run([&] { four = rollout(maps, 0, {.discard = discard}); });
    EXPECT_TRUE(same_bits(one, four));
    EXPECT_TRUE(same_bits(rollout(second, 0, {.discard = discard}), slice(one, 0, 1, 1)));
  }
}

// One layer, one head, three tokens: all by hand.
TEST(Rollout, CountsTheFirstWeightAmongTheSmallestButKeepsIt) {
  const float weights[] = {0.1f, 0.2f, 0.7f, 0.3f, 0.3f, 0.4f, 0.25f, 0.15f, 0.6f};
  const AttentionMap map{.name = "attn", .value = Tensor({1, 1, 3, 3}, weights)};
  // 3 of 9: 0.1, which stays, 0.15 and 0.2.
  const Tensor first = rollout({&map, 1}, 0, {.discard = 3.5 / 9});
  EXPECT_NEAR(first.data()[0], 1.1 / 1.8, 1e-6);
  EXPECT_EQ(first.data()[1], 0);
  EXPECT_NEAR(first.data()[2], 0.7 / 1.8, 1e-6);
  const Tensor second = rollout({&map, 1}, 1, {.discard = 5.5 / 9});  // also 0.25, and the first of two 0.3
  EXPECT_EQ(second.data()[0], 0);
  EXPECT_NEAR(second.data()[1], 1.3 / 1.7, 1e-6);
}

TEST(Rollout, DiscardsEqualWeightsInTheirOrder) {
  const AttentionMap map{.name = "attn", .value = Tensor::full({1, 2, 100, 100}, 0.01f)};
  for (const auto& [token, kept] : {std::pair{0, 1}, {73, 0}, {74, 50}, {75, 100}}) {
    const Tensor row = rollout({&map, 1}, token, {.discard = 0.745});  // 7450: all before 50 of row 74
    int64_t others = 0;
    for (int64_t j = 0; j < 100; ++j) others += j != token && row.data()[j] > 0;
    const double sum = 1 + 0.01 * kept;
    EXPECT_EQ(others, token == 0 ? 0 : token < 74 ? 0 : kept - 1);
    EXPECT_NEAR(row.data()[token], (kept ? 1.01 : 1.0) / sum, 1e-6);
  }
}

TEST(Rollout, NamesWhatIsWrong) {
  std::vector<AttentionMap> maps = layers(6);
  EXPECT_EQ(message([&] { rollout({}, 0); }), "rollout: no attention maps");
  EXPECT_EQ(message([&] { rollout(maps, 6); }), "rollout: token 6 of the 6 queries of layers.2");
  EXPECT_EQ(message([&] { rollout(maps, 0, {.discard = 1.5}); }),
            "rollout: a share of 1.5 cannot be discarded, 0 to 1");
  maps[1] = layers(5)[1];
  EXPECT_EQ(message([&] { rollout(maps, 0); }),
            "rollout: layers.1 has 5 tokens of 2 pictures, but layers.2 has 6 of 2");
  maps = layers(6);
  maps[0].q = slice(maps[0].q, 1, 0, 1);
  EXPECT_EQ(message([&] { rollout(maps, 0); }), "rollout: layers.0 has 1 queries for 6 tokens");
}

TEST(GradientRollout, IsTheProductOfWhatTheGradientRaises) {
  constexpr int64_t kTokens = 80;
  GivenAttention given;
  std::vector<AttentionMap> maps;
  for (uint64_t i = 0; i < 3; ++i)
    maps.push_back(
        given.map(layers(kTokens)[i].weights(), random_tensor({2, 3, kTokens, kTokens}, 30 + i, 40)));
  const Gradients gradients = given.gradients();
  for (const HeadFusion fusion : kFusions)
    for (const double discard : {0.0, 0.2, 0.6, 0.97}) {
      const Tensor got = gradient_rollout(maps, gradients, 5, {fusion, discard});
      for (int64_t picture = 0; picture < 2; ++picture) {
        std::vector<NaiveMatrix> all;
        for (uint64_t i = 0; i < 3; ++i)
          all.push_back(naive_positive(naive_fused(
              naive_products(naive_heads(maps[i].value, picture),
                             naive_heads(random_tensor({2, 3, kTokens, kTokens}, 30 + i, 40), picture)),
              fusion)));
        const NaiveMatrix expected = naive_rollout(all, discard, false);
        for (int64_t j = 0; j < kTokens; ++j)
          EXPECT_NEAR(got.data()[picture * kTokens + j], expected.at(5, j), 2e-6);
      }
    }
}

// Rows that are kept for the passes that discarding takes are those that are made anew each time.
TEST(Rollout, IsTheSameOverRowsKeptOrMadeAnew) {
  std::vector<AttentionMap> kept, given;
  for (uint64_t i : {1, 2}) {  // 70 tokens of 72 values: two blocks of rows
    AttentionMap map{
        .name = "layer", .q = random_tensor({2, 70, 72}, i), .k = random_tensor({2, 70, 72}, i + 5)};
    map.args.heads = 3;
    given.push_back({.name = "layer", .value = map.weights()});
    kept.push_back(std::move(map));
  }
  for (const double discard : {0.37, 0.9})
    EXPECT_TRUE(same_bits(rollout(kept, 0, {.discard = discard}), rollout(given, 0, {.discard = discard})));
}

}  // namespace
}  // namespace fovea
