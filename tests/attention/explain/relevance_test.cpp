#include "attention/explain/relevance.h"

#include <gtest/gtest.h>

#include "attention/base/parallel.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "tests/support/given_attention.h"
#include "tests/support/message.h"
#include "tests/support/naive_explain.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

constexpr int64_t kPictures = 2;

// One layer's weights and gradient, and the same in double.
struct Layer {
  Layer(int64_t queries, int64_t keys, uint64_t seed, double gradient_scale = 1)
      : weights(softmax(random_tensor({kPictures, 3, queries, keys}, seed), 3)),
        gradient(random_tensor({kPictures, 3, queries, keys}, seed + 100, gradient_scale)) {}
  NaiveMatrix weighted(int64_t picture) const {
    std::vector<NaiveMatrix> all;
    for (const NaiveMatrix& head :
         naive_products(naive_heads(weights, picture), naive_heads(gradient, picture)))
      all.push_back(naive_positive(head));
    return naive_fused(all, HeadFusion::kMean);
  }
  Tensor weights, gradient;
};

NaiveMatrix naive_normalised(const NaiveMatrix& relevance) {
  NaiveMatrix y = relevance;
  for (int64_t i = 0; i < y.rows; ++i) {
    y.at(i, i) -= 1;
    double sum = 0;
    for (int64_t j = 0; j < y.columns; ++j) sum += y.at(i, j);
    for (int64_t j = 0; j < y.columns; ++j) y.at(i, j) = sum == 0 ? 0 : y.at(i, j) / sum;
    y.at(i, i) += 1;
  }
  return y;
}

NaiveMatrix naive_self(const std::vector<Layer>& layers, int64_t tokens, int64_t picture) {
  NaiveMatrix relevance = naive_identity(tokens);
  for (const Layer& layer : layers) relevance = relevance + layer.weighted(picture) * relevance;
  return relevance;
}

void expect_near(const Tensor& got, int64_t row, const std::vector<double>& expected, double tolerance) {
  const auto n = static_cast<int64_t>(expected.size());
  for (int64_t j = 0; j < n; ++j)
    EXPECT_NEAR(got.data()[row * n + j], expected[static_cast<size_t>(j)], tolerance) << row << " " << j;
}

std::vector<double> row_of(const NaiveMatrix& m, int64_t i) {
  return {m.values.begin() + i * m.columns, m.values.begin() + (i + 1) * m.columns};
}

TEST(Relevance, IsTheRowOfTheProductOfSelfAttention) {
  constexpr int64_t kTokens = 100;
  std::vector<Layer> layers;
  std::vector<AttentionMap> maps;
  GivenAttention given;
  for (uint64_t i = 0; i < 3; ++i) {
    layers.emplace_back(kTokens, kTokens, i, 3);
    maps.push_back(given.map(layers[i].weights, layers[i].gradient));
  }
  const Gradients gradients = given.gradients();
  for (const int64_t token : {0, 99, -1}) {
    const Tensor got = relevance(maps, gradients, token);
    ASSERT_EQ(got.shape(), (Shape{kPictures, kTokens}));
    for (int64_t b = 0; b < kPictures; ++b) {
      NaiveMatrix expected = naive_self(layers, kTokens, b);
      if (token == -1) {
        NaiveMatrix shares(1, kTokens);
        for (double& share : shares.values) share = 1.0 / kTokens;
        expected = shares * expected;
      }
      expect_near(got, b, row_of(expected, std::max<int64_t>(token, 0)), 1e-5);
    }
  }
  EXPECT_EQ(message([&] { relevance(maps, gradients, 100); }),
            "relevance: token 100 of the 100 queries of layer 2");
}

// An encoder and a decoder, and the maps a pass through them would hand out.
struct Detector {
  Detector(int encoder_layers, int decoder_layers, double gradient_scale = 2) {
    for (int i = 0; i < encoder_layers; ++i) add(encoder, maps.encoder, kTokens, kTokens, gradient_scale);
    for (int i = 0; i < decoder_layers; ++i) {
      add(self, maps.decoder_self, kQueries, kQueries, gradient_scale);
      add(cross, maps.decoder_cross, kQueries, kTokens, gradient_scale);
    }
  }
  void add(std::vector<Layer>& layers, std::vector<AttentionMap>& to, int64_t queries, int64_t keys,
           double gradient_scale) {
    layers.emplace_back(queries, keys, seed++, gradient_scale);
    to.push_back(given.map(layers.back().weights, layers.back().gradient));
  }
  // Equations 6 to 11 on whole matrices.
  NaiveMatrix naive(int64_t b) const {
    const NaiveMatrix tokens = naive_self(encoder, kTokens, b);
    NaiveMatrix queries = naive_identity(kQueries), relevance(kQueries, kTokens);
    for (size_t i = 0; i < self.size(); ++i) {
      const NaiveMatrix weighted = self[i].weighted(b);
      relevance = relevance + weighted * relevance;
      queries = queries + weighted * queries;
      relevance = relevance + naive_transposed(naive_normalised(queries)) *
                                  (cross[i].weighted(b) * naive_normalised(tokens));
    }
    return relevance;
  }
  static constexpr int64_t kTokens = 70, kQueries = 9;
  uint64_t seed = 200;
  GivenAttention given;
  std::vector<Layer> encoder, self, cross;
  EncoderDecoderMaps maps;
};

TEST(RelevanceOfAQuery, FollowsTheRulesOnWholeMatrices) {
  for (const auto& [encoder_layers, decoder_layers, scale] :
       {std::tuple{2, 3, 2.0}, {1, 1, 2.0}, {0, 2, 2.0}, {3, 2, 1e-6}}) {
    const Detector detector(encoder_layers, decoder_layers, scale);
    const Gradients gradients = detector.given.gradients();
    for (const int64_t query : {0, 8}) {
      const Tensor got = relevance(detector.maps, gradients, query);
      ASSERT_EQ(got.shape(), (Shape{kPictures, Detector::kTokens}));
      for (int64_t b = 0; b < kPictures; ++b)
        expect_near(got, b, row_of(detector.naive(b), query), 2e-6 * scale);
    }
  }
}

TEST(RelevanceOfAQuery, IsTheSameForAnyThreads) {
  const Detector detector(2, 2);
  const Gradients gradients = detector.given.gradients();
  Tensor one, four;
  Threads(1).run([&] { one = relevance(detector.maps, gradients, 3); });
  Threads(4).run([&] { four = relevance(detector.maps, gradients, 3); });
  EXPECT_TRUE(same_bits(one, four));
}

// Gradients that only lower the score leave nothing of a token's row: its own relevance is all it has.
TEST(RelevanceOfAQuery, TakesTokensThatNothingReachesAsTheyAre) {
  Detector detector(0, 0);
  for (const auto& [layers, maps, queries, keys] :
       {std::tuple{&detector.encoder, &detector.maps.encoder, Detector::kTokens, Detector::kTokens},
        {&detector.self, &detector.maps.decoder_self, Detector::kQueries, Detector::kQueries},
        {&detector.cross, &detector.maps.decoder_cross, Detector::kQueries, Detector::kTokens}}) {
    Layer layer(queries, keys, detector.seed++);
    if (layers != &detector.cross)
      for (int64_t i = 0; i < layer.gradient.count(); ++i)
        if (i / keys % queries % 2) layer.gradient.mutable_data()[i] = -1;
    layers->push_back(layer);
    maps->push_back(detector.given.map(layer.weights, layer.gradient));
  }
  const Tensor got = relevance(detector.maps, detector.given.gradients(), 4);
  for (int64_t b = 0; b < kPictures; ++b) expect_near(got, b, row_of(detector.naive(b), 4), 2e-6);
}

TEST(RelevanceOfAQuery, NamesWhatIsWrong) {
  Detector detector(1, 2);
  const Gradients gradients = detector.given.gradients();
  EXPECT_EQ(message([&] { relevance(detector.maps, gradients, 9); }), "relevance: query 9 of the 9");
  std::swap(detector.maps.encoder[0], detector.maps.decoder_self[0]);
  EXPECT_EQ(message([&] { relevance(detector.maps, gradients, 0); }),
            "relevance: layer 1 weighs 9 by 9 of 2 pictures, not 70 by 70 of 2");
  detector.maps.decoder_self.pop_back();
  EXPECT_EQ(message([&] { relevance(detector.maps, gradients, 0); }),
            "relevance: 1 layers of the decoder's self-attention and 2 of its cross-attention");
}

TEST(RelevanceRules, WorkOnWholeMatrices) {
  const Detector detector(1, 1);
  const NaiveMatrix tokens = naive_self(detector.encoder, Detector::kTokens, 1);
  const NaiveMatrix queries = naive_self(detector.self, Detector::kQueries, 1);
  const NaiveMatrix weighted = detector.cross[0].weighted(1);
  const auto check = [](const Tensor& got, const NaiveMatrix& expected) {
    ASSERT_EQ(got.shape(), (Shape{expected.rows, expected.columns}));
    for (int64_t i = 0; i < got.count(); ++i)
      EXPECT_NEAR(got.data()[i], expected.values[static_cast<size_t>(i)], 5e-6);
  };
  check(self_rule(weighted.tensor(), queries.tensor()), weighted + queries * weighted);
  check(normalised_self(tokens.tensor()), naive_normalised(tokens));
  check(cross_rule(queries.tensor(), tokens.tensor(), weighted.tensor()),
        naive_transposed(naive_normalised(queries)) * (weighted * naive_normalised(tokens)));
}

}  // namespace
}  // namespace fovea
