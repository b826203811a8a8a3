#include <gtest/gtest.h>

#include <optional>

#include "attention/blocks/encoder_layer.h"
#include "attention/explain/relevance.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "tests/attention/blocks/block_check.h"
#include "tests/attention/explain/naive_encoder.h"
#include "tests/support/message.h"

namespace fovea {
namespace {

constexpr int kLayers = 2, kHeads = 2;
constexpr int64_t kTokens = 7, kDim = 8;

// Two layers of a Vision Transformer and the score of one class, read off the first token.
struct Model {
  explicit Model(const Weights& w) : score(w.get("score.weight", {kDim}, Init::kOnes)) {
    for (int i = 0; i < kLayers; ++i)
      layers.emplace_back(EncoderLayerConfig{.dim = kDim, .mlp = 12, .heads = kHeads}, w / "layers" / i);
  }
  Tensor operator()(const Tensor& x, int64_t rows, const Pass& pass) const {
    return layers[1](layers[0](x, pass), rows, pass);
  }
  std::vector<EncoderLayer> layers;
  Tensor score;
};

ParameterMap checkpoint() {
  ParameterStore fresh(1, Purpose::kTraining);
  const Model model{Weights(fresh)};
  return trained(fresh);
}

struct Built {
  explicit Built(Purpose purpose) : store(checkpoint(), purpose), model(Weights(store)) {}
  ParameterStore store;
  Model model;
};

// What a pass with probes of one picture gives, all tokens or the first alone in the last layer.
struct Explained {
  explicit Explained(const Tensor& x, int64_t rows = kTokens) : built(Purpose::kExplanation) {
    taps.probes = true;
    const Tensor y = built.model(x, rows, {.taps = &taps});
    score = sum_all(mul(select(y, 0), built.model.score));
    gradients = backward(score);
  }
  Built built;
  Taps taps;
  Tensor score;
  Gradients gradients;
};

NaiveEncoder naive_model() {
  NaiveEncoder naive{.parameters = {}, .layers = kLayers, .heads = kHeads};
  for (const auto& [name, stored] : checkpoint()) naive.parameters[name] = stored.read();
  return naive;
}

NaiveMatrix tokens_of(const Tensor& x) {
  NaiveMatrix y(x.dim(1), x.dim(2));
  y.values.assign(x.values().begin(), x.values().end());
  return y;
}

// The score's growth with one weight, which the softmax does not make up for in the others.
double difference(NaiveEncoder naive, const Tensor& x, int layer, int head, int64_t i, int64_t j) {
  constexpr double kStep = 1e-4;
  double ends[2];
  for (const int sign : {0, 1}) {
    naive.touch = [&](int l, int h, NaiveMatrix& weights) {
      if (l == layer && h == head) weights.at(i, j) += sign ? kStep : -kStep;
    };
    ends[sign] = naive.score(tokens_of(x));
  }
  return (ends[1] - ends[0]) / (2 * kStep);
}

TEST(WeightGradients, AreTheDifferencesOfTheScore) {
  const Tensor x = random_tensor({1, kTokens, kDim}, 7);
  const Explained explained(x);
  const NaiveEncoder naive = naive_model();
  ASSERT_NEAR(explained.score.data()[0], naive.score(tokens_of(x)), 1e-4);
  ASSERT_EQ(explained.taps.maps.size(), 2u);
  double largest = 0;
  for (int layer = 0; layer < kLayers; ++layer) {
    const Tensor got = weight_gradients(explained.taps.maps[static_cast<size_t>(layer)], explained.gradients);
    ASSERT_EQ(got.shape(), (Shape{1, kHeads, kTokens, kTokens}));
    for (int64_t n = 0; n < got.count(); ++n) {
      const int64_t j = n % kTokens, i = n / kTokens % kTokens, h = n / (kTokens * kTokens);
      const double expected = difference(naive, x, layer, static_cast<int>(h), i, j);
      EXPECT_NEAR(got.data()[n], expected, 1e-4 * (1 + std::abs(expected))) << layer << " " << n;
      largest = std::max(largest, std::abs(expected));
      EXPECT_TRUE(layer == 0 || i == 0 || got.data()[n] == 0);  // the score reads the first token alone
    }
  }
  EXPECT_GT(largest, 0.5);
}

TEST(WeightGradients, AreTheSameWhereTheLastLayerHasOneRow) {
  const Tensor x = random_tensor({1, kTokens, kDim}, 7);
  const Explained whole(x), row(x, 1);
  for (const int layer : {0, 1}) {
    const Tensor a = weight_gradients(whole.taps.maps[static_cast<size_t>(layer)], whole.gradients);
    const Tensor b = weight_gradients(row.taps.maps[static_cast<size_t>(layer)], row.gradients);
    ASSERT_EQ(b.dim(2), layer ? 1 : kTokens);
    EXPECT_LT(worst_difference(slice(a, 2, 0, b.dim(2)), b), 1e-5);
  }
  EXPECT_LT(worst_difference(relevance(whole.taps.maps, whole.gradients, 0),
                             relevance(row.taps.maps, row.gradients, 0)),
            1e-5);
}

TEST(GradientWeighted, IsTheMeanOfThePositiveProducts) {
  const Explained explained(random_tensor({1, kTokens, kDim}, 8));
  const AttentionMap& map = explained.taps.maps[0];
  const std::vector<NaiveMatrix> products = naive_products(
      naive_heads(map.weights(), 0), naive_heads(weight_gradients(map, explained.gradients), 0));
  std::vector<NaiveMatrix> positive;
  for (const NaiveMatrix& head : products) positive.push_back(naive_positive(head));
  const NaiveMatrix expected = naive_fused(positive, HeadFusion::kMean);
  const Tensor got = gradient_weighted(map, explained.gradients);
  ASSERT_EQ(got.shape(), (Shape{1, kTokens, kTokens}));
  EXPECT_LT(worst_difference(got.view({kTokens, kTokens}), expected.tensor()), 1e-6);
}

TEST(WeightGradients, NeedAPassWithProbesThatTheScoreReads) {
  const Tensor x = random_tensor({1, kTokens, kDim}, 7);
  const Explained explained(x), other(x);
  Taps taps;
  explained.built.model(x, kTokens, {.taps = &taps});
  EXPECT_EQ(message([&] { weight_gradients(taps.maps[1], explained.gradients); }),
            "gradients of attention: layers.1.attn comes from a pass without probes");
  EXPECT_EQ(message([&] { weight_gradients(other.taps.maps[0], explained.gradients); }),
            "gradients of attention: the score does not depend on layers.0.attn");
}

TEST(Taps, LeaveTheOutputsBitsAsTheyAre) {
  const Tensor x = random_tensor({2, kTokens, kDim}, 9);
  for (const Purpose purpose : {Purpose::kInference, Purpose::kExplanation}) {
    const Built built(purpose);
    Taps taps, probes;
    probes.probes = true;
    const Tensor y = built.model(x, kTokens, {});
    EXPECT_TRUE(same_bits(built.model(x, kTokens, {.taps = &taps}), y));
    EXPECT_FALSE(taps.maps.at(0).probe);
    if (purpose == Purpose::kInference) continue;
    EXPECT_TRUE(same_bits(built.model(x, kTokens, {.taps = &probes}), y));
    EXPECT_TRUE(probes.maps.at(0).probe);
  }
}

}  // namespace
}  // namespace fovea
