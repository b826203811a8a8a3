#include "attention/ops/attention.h"

#include <bit>
#include <cmath>
#include <limits>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"
#include "tests/support/nans.h"

namespace fovea {
namespace {

struct Case {
  int64_t B, Nq, Nk, C, Cv;
  int heads;
  bool mask = false;
  int bias_rank = 0;
};

Tensor padding(const Case& c) {  // the last key of every image, and a few more
  Tensor mask = Tensor::full({c.B, c.Nk}, 0);
  for (int64_t b = 0; b < c.B; ++b)
    for (int64_t j = 0; j < c.Nk; ++j)
      mask.mutable_data()[b * c.Nk + j] = j + 1 == c.Nk || (j * 7 + b) % 5 == 1;
  return mask;
}

AttentionArgs args_of(const Case& c) {
  AttentionArgs args{.heads = c.heads};
  if (c.mask) args.key_mask = padding(c);
  if (c.bias_rank == 2) args.bias = random_tensor({c.Nq, c.Nk}, 10);
  if (c.bias_rank == 3) args.bias = random_tensor({c.heads, c.Nq, c.Nk}, 11);
  if (c.bias_rank == 4) args.bias = random_tensor({c.B, c.heads, c.Nq, c.Nk}, 12);
  return args;
}

// softmax(q k^T / sqrt(d) + bias) of one query in double.
std::vector<double> naive_weights(const Case& c, const AttentionArgs& args, const Tensor& q, const Tensor& k,
                                  int64_t b, int64_t h, int64_t i) {
  const int64_t d = c.C / c.heads;
  std::vector<double> row(static_cast<size_t>(c.Nk));
  double top = -1e300, sum = 0;
  for (int64_t j = 0; j < c.Nk; ++j) {
    double score = 0;
    for (int64_t e = 0; e < d; ++e)
      score += static_cast<double>(q.data()[(b * c.Nq + i) * c.C + h * d + e]) *
               k.data()[(b * c.Nk + j) * c.C + h * d + e];
    score /= std::sqrt(static_cast<double>(d));
    const int64_t head = c.bias_rank == 4 ? b * c.heads + h : c.bias_rank == 3 ? h : 0;
    if (args.bias) score += args.bias.data()[(head * c.Nq + i) * c.Nk + j];
    if (args.key_mask && args.key_mask.data()[b * c.Nk + j] != 0) score = -1e30;
    row[static_cast<size_t>(j)] = score;
    top = std::max(top, score);
  }
  for (double& v : row) sum += v = std::exp(v - top);
  for (double& v : row) v /= sum;
  return row;
}

void check(const Case& c) {
  SCOPED_TRACE(testing::Message() << c.B << " x " << c.Nq << " x " << c.Nk << ", " << c.C << " and " << c.Cv
                                  << " in " << c.heads << " heads, bias " << c.bias_rank);
  const Tensor q = random_tensor({c.B, c.Nq, c.C}, 1, 2), k = random_tensor({c.B, c.Nk, c.C}, 2);
  const Tensor v = random_tensor({c.B, c.Nk, c.Cv}, 3);
  const AttentionArgs args = args_of(c);
  const Tensor y = attention(q, k, v, args), weights = attention_weights(q, k, args);
  const int64_t dv = c.Cv / c.heads;
  for (int64_t b = 0; b < c.B; ++b)
    for (int64_t h = 0; h < c.heads; ++h)
      for (int64_t i = 0; i < c.Nq; ++i) {
        const std::vector<double> row = naive_weights(c, args, q, k, b, h, i);
        for (int64_t j = 0; j < c.Nk; ++j)
          ASSERT_NEAR(weights.data()[((b * c.heads + h) * c.Nq + i) * c.Nk + j], row[static_cast<size_t>(j)],
                      2e-6);
        for (int64_t e = 0; e < dv; ++e) {
          double sum = 0;
          for (int64_t j = 0; j < c.Nk; ++j)
            sum += row[static_cast<size_t>(j)] * v.data()[(b * c.Nk + j) * c.Cv + h * dv + e];
          ASSERT_NEAR(y.data()[(b * c.Nq + i) * c.Cv + h * dv + e], sum, 3e-6 * (1 + std::abs(sum)));
        }
      }
}

TEST(Attention, EqualsDoublePrecision) {
  for_each_isa([] {
    check({1, 1, 1, 1, 1, 1});
    check({2, 5, 7, 12, 12, 3});
    check({1, 197, 197, 64, 64, 1});
    check({2, 50, 33, 30, 42, 3, true, 2});
    check({2, 9, 40, 64, 64, 2, true, 3});
    check({2, 9, 25, 24, 8, 4, false, 4});
    for (int64_t d = 1; d <= 40; d += 3) check({1, 6, d + 1, d, 41 - d, 1, true});
  });
}

TEST(Attention, AMaskedKeyChangesNoBit) {
  for_each_isa([] {
    const Case c{2, 6, 11, 16, 16, 2, true};
    const Tensor q = random_tensor({2, 6, 16}, 1), mask = padding(c);
    Tensor k = random_tensor({2, 11, 16}, 2), v = random_tensor({2, 11, 16}, 3);
    const Tensor before = attention(q, k, v, {.heads = 2, .key_mask = mask});
    for (int64_t i = 0; i < 22 * 16; ++i)
      if (mask.data()[i / 16] != 0) k.mutable_data()[i] = 50, v.mutable_data()[i] = 1e6f;
    EXPECT_TRUE(same_bits(before, attention(q, k, v, {.heads = 2, .key_mask = mask})));
  });
}

TEST(Attention, AQueryThatSeesNoKeyGetsTheMeanOfTheValues) {
  for_each_isa([] {
    const Tensor q = random_tensor({1, 2, 8}, 1), k = random_tensor({1, 5, 8}, 2),
                 v = random_tensor({1, 5, 8}, 3);
    const float hidden = -std::numeric_limits<float>::infinity();
    const Tensor by_mask = attention(q, k, v, {.key_mask = Tensor::full({1, 5}, 1)});
    const Tensor by_bias = attention(q, k, v, {.bias = Tensor::full({2, 5}, hidden)});
    for (int64_t e = 0; e < 8; ++e) {
      double mean = 0;
      for (int64_t j = 0; j < 5; ++j) mean += v.data()[j * 8 + e] / 5.0;
      EXPECT_NEAR(by_mask.data()[e], mean, 1e-6);
      EXPECT_NEAR(by_bias.data()[8 + e], mean, 1e-6);
    }
  });
}

TEST(Attention, OverNoKeysIsZeroAndOverNoQueriesEmpty) {
  for_each_isa([] {
    const Tensor q = random_tensor({1, 2, 8}, 1), none(Shape{1, 0, 8});
    for (float v : std::vector<float>(2 * 8, 0)) EXPECT_EQ(attention(q, none, none, {}).data()[0], v);
    EXPECT_EQ(attention(none, q, q, {}).shape(), (Shape{1, 0, 8}));
  });
  Tensor none(Shape{1, 0, 8}), k = random_tensor({1, 3, 8}, 2);
  watch(k);
  const Gradients gradients = backward(sum_all(attention(none, k, k, {})));
  for (int64_t i = 0; i < k.count(); ++i) EXPECT_EQ(gradients[k].data()[i], 0);
}

TEST(Attention, ShowsANaNKey) {
  for_each_isa([] {
    const Tensor q = random_tensor({1, 2, 8}, 1), v = random_tensor({1, 20, 8}, 3);
    for (const uint32_t bits : kNaNs) {
      Tensor k = random_tensor({1, 20, 8}, 2);
      k.mutable_data()[7 * 8] = std::bit_cast<float>(bits);
      EXPECT_TRUE(std::isnan(attention(q, k, v, {}).data()[0])) << bits;
    }
  });
}

TEST(Attention, WeightsPassGradientsOn) {
  const std::vector<Tensor> inputs{random_tensor({2, 4, 6}, 1), random_tensor({2, 5, 6}, 2),
                                   random_tensor({4, 5}, 3)};
  const auto weights = [](const std::vector<Tensor>& t) {
    return attention_weights(t[0], t[1], {.heads = 2, .bias = t[2]});
  };
  EXPECT_LT(gradient_error(inputs, weights), 2e-3);
}

TEST(Attention, GradientsEqualDifferences) {
  const Case c{2, 5, 6, 12, 8, 2, true, 3};
  const AttentionArgs args = args_of(c);
  const std::vector<Tensor> inputs{random_tensor({2, 5, 12}, 1), random_tensor({2, 6, 12}, 2),
                                   random_tensor({2, 6, 8}, 3), args.bias};
  EXPECT_LT(gradient_error(inputs,
                           [&](const std::vector<Tensor>& t) {
                             return attention(t[0], t[1], t[2],
                                              {.heads = 2, .key_mask = args.key_mask, .bias = t[3]});
                           }),
            2e-3);
}

// Their scores are a constant.
TEST(Attention, AQueryThatSeesNoKeyTeachesValuesAlone) {
  const float inf = std::numeric_limits<float>::infinity();
  const AttentionArgs all_hidden{.key_mask = Tensor::full({1, 3}, 1)},
      second_hidden{.bias = Tensor({2, 3}, std::vector<float>{0.5f, -1, 2, -inf, -inf, -inf})};
  for (const AttentionArgs& args : {all_hidden, second_hidden}) {
    Tensor q = random_tensor({1, 2, 4}, 1), k = random_tensor({1, 3, 4}, 2), v = random_tensor({1, 3, 4}, 3);
    watch(q), watch(k), watch(v);
    const Tensor y = attention(q, k, v, args);
    const Gradients gradients = backward(sum_all(mul(y, y)));
    for (int64_t c = 0; c < 4; ++c) EXPECT_EQ(gradients[q].data()[4 + c], 0);
    EXPECT_EQ(gradients[q].data()[0] == 0, !!args.key_mask);
    EXPECT_EQ(gradients[k].data()[0] == 0, !!args.key_mask);
    EXPECT_NE(gradients[v].data()[0], 0);
  }
}

TEST(Attention, TellsBothShapesWhenTheyDoNotFit) {
  try {
    attention(Tensor::full({1, 2, 6}, 0), Tensor::full({1, 2, 8}, 0), Tensor::full({1, 2, 8}, 0),
              {.heads = 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "attention: queries [1, 2, 6] and keys [1, 2, 8] with 2 heads");
  }
}

}  // namespace
}  // namespace fovea
