// Losses against their formulas in double, and their gradients against central differences.
#include "attention/ops/loss.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/binary_loss.h"
#include "attention/ops/embedding_loss.h"
#include "attention/ops/regression_loss.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;
using Doubles = std::vector<double>;

Doubles doubles(const Tensor& x) {
  return Doubles(x.values().begin(), x.values().end());
}

double sigmoid_of(double x) {
  return 1 / (1 + std::exp(-x));
}

// Values from 0 to 1, like targets.
Tensor shares(Shape shape, uint64_t seed) {
  Tensor t = random_tensor(shape, seed);
  for (int64_t i = 0; i < t.count(); ++i) t.mutable_data()[i] = static_cast<float>(sigmoid_of(t.data()[i]));
  return t;
}

void expect_values(const Tensor& got, const Doubles& expected) {
  ASSERT_EQ(got.count(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got.data()[i], expected[i], 2e-6) << "at " << i;
}

double mean(const Doubles& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

// -log softmax(logits) of one class of one row.
double surprise(const Tensor& logits, int64_t row, int64_t k) {
  double sum = 0;
  for (int64_t j = 0; j < logits.dim(1); ++j) sum += std::exp(logits.data()[row * logits.dim(1) + j]);
  return std::log(sum) - logits.data()[row * logits.dim(1) + k];
}

TEST(CrossEntropy, OfSoftTargets) {
  const Tensor x = random_tensor({70, 5}, 1, 2), t = shares({70, 5}, 2);
  Doubles rows;
  for (int64_t b = 0; b < 70; ++b) {
    rows.push_back(0);
    for (int64_t k = 0; k < 5; ++k) rows.back() += t.data()[b * 5 + k] * surprise(x, b, k);
  }
  const Tensor got = cross_entropy(x, t, {.reduction = Reduction::kNone});
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_NEAR(got.data()[i], rows[i], 5e-6);
  EXPECT_NEAR(cross_entropy(x, t).data()[0], mean(rows), 5e-6);
}

TEST(CrossEntropy, WithWeightsAnIgnoredLabelAndSmoothing) {
  const Tensor x = random_tensor({4, 3}, 1, 2);
  const std::vector<int> labels{2, 1, 0, -7};
  const Tensor weights(Shape{3}, std::vector<float>{0.5f, 2, 1.5f});
  const CrossEntropyOptions options{.class_weights = weights, .ignored = -7, .smoothing = 0.3f};
  Doubles rows(4, 0);
  double sum = 0, weight_sum = 0;
  for (int64_t b = 0; b < 3; ++b) {
    const int64_t label = labels[static_cast<size_t>(b)];
    double& row = rows[static_cast<size_t>(b)];
    row = 0.7 * weights.data()[label] * surprise(x, b, label);
    for (int64_t k = 0; k < 3; ++k) row += 0.1 * weights.data()[k] * surprise(x, b, k);
    sum += row;
    weight_sum += weights.data()[label];
  }
  CrossEntropyOptions each = options;
  each.reduction = Reduction::kNone;
  expect_values(cross_entropy(x, labels, each), rows);
  each.reduction = Reduction::kSum;
  EXPECT_NEAR(cross_entropy(x, labels, each).data()[0], sum, 5e-6);
  EXPECT_NEAR(cross_entropy(x, labels, options).data()[0], sum / weight_sum, 2e-6);
  EXPECT_EQ(cross_entropy(x, std::vector<int>(4, -7), options).data()[0], 0);
}

TEST(CrossEntropy, OfSmoothedTargetsIsThatOfLabelsSmoothed) {
  const Tensor x = random_tensor({6, 4}, 3);
  const std::vector<int> labels{0, 3, 1, 1, 2, 0};
  const Tensor targets = smoothed_targets(labels, 4, 0.2f);
  EXPECT_NEAR(targets.data()[0], 0.85, 1e-6);
  EXPECT_NEAR(targets.data()[1], 0.05, 1e-6);
  EXPECT_NEAR(cross_entropy(x, targets).data()[0], cross_entropy(x, labels, {.smoothing = 0.2f}).data()[0],
              1e-6);
  const Tensor hard = smoothed_targets(labels, 4, 0);
  EXPECT_NEAR(cross_entropy(x, hard).data()[0], cross_entropy(x, labels).data()[0], 1e-6);
  EXPECT_NEAR(cross_entropy(x, hard, {.smoothing = 0.2f}).data()[0], cross_entropy(x, targets).data()[0],
              1e-6);
}

TEST(CrossEntropy, OfAnImpossibleClassThatIsNotWantedIsFinite) {
  const Tensor x(Shape{1, 3}, std::vector<float>{1, -HUGE_VALF, 1});
  EXPECT_NEAR(cross_entropy(x, std::vector<int>{0}).data()[0], std::log(2.0), 1e-6);
}

TEST(CrossEntropy, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({2, 3}, 1);
  EXPECT_THROW(cross_entropy(x, std::vector<int>{0, 3}), Error);
  EXPECT_THROW(cross_entropy(x, std::vector<int>{0}), Error);
  EXPECT_THROW(cross_entropy(x, random_tensor({3, 2}, 1)), Error);
  EXPECT_THROW(cross_entropy(x, x, {.ignored = 1}), Error);
  EXPECT_THROW(cross_entropy(x, x, {.class_weights = Tensor::full({2}, 1)}), Error);
  EXPECT_THROW(cross_entropy(x, x, {.smoothing = 1.5f}), Error);
  EXPECT_THROW(smoothed_targets(std::vector<int>{3}, 3, 0), Error);
}

TEST(Losses, ReduceAsAsked) {
  const Tensor x = random_tensor({3, 4}, 1), t = random_tensor({3, 4}, 2);
  const Doubles all = doubles(mse_loss(x, t, Reduction::kNone));
  ASSERT_EQ(all.size(), 12u);
  EXPECT_NEAR(mse_loss(x, t).data()[0], mean(all), 1e-6);
  EXPECT_NEAR(mse_loss(x, t, Reduction::kSum).data()[0], 12 * mean(all), 1e-5);
  EXPECT_NEAR(mse_loss(x, t, Reduction::kBatchMean).data()[0], 4 * mean(all), 1e-5);
}

TEST(Losses, OfDifferences) {
  const Tensor x = random_tensor({3, 4}, 1), t = random_tensor({3, 4}, 2);
  Doubles l1, mse, smooth;
  for (int64_t i = 0; i < 12; ++i) {
    const double d = static_cast<double>(x.data()[i]) - t.data()[i], size = std::abs(d);
    l1.push_back(size), mse.push_back(d * d);
    smooth.push_back(size < 0.7 ? d * d / 1.4 : size - 0.35);
  }
  expect_values(l1_loss(x, t, Reduction::kNone), l1);
  expect_values(mse_loss(x, t, Reduction::kNone), mse);
  expect_values(smooth_l1_loss(x, t, 0.7f, Reduction::kNone), smooth);
  expect_values(smooth_l1_loss(x, t, 0, Reduction::kNone), l1);
  EXPECT_THROW(l1_loss(x, random_tensor({4, 3}, 1)), Error);
  EXPECT_THROW(smooth_l1_loss(x, t, -1), Error);
}

TEST(Losses, OfBinaryTargets) {
  const Tensor x = random_tensor({3, 4}, 1, 2), t = shares({3, 4}, 2), w = shares({4}, 3);
  Doubles entropy, weighted, focal, even;
  for (int64_t i = 0; i < 12; ++i) {
    const double p = sigmoid_of(x.data()[i]), y = t.data()[i];
    const double hit = -y * std::log(p), miss = -(1 - y) * std::log(1 - p);
    const double right = p * y + (1 - p) * (1 - y);
    entropy.push_back(hit + miss);
    weighted.push_back(w.data()[i % 4] * hit + miss);
    focal.push_back((0.3 * y + 0.7 * (1 - y)) * (hit + miss) * std::pow(1 - right, 1.5));
    even.push_back((hit + miss) * (1 - right) * (1 - right));
  }
  expect_values(binary_cross_entropy(x, t, {}, Reduction::kNone), entropy);
  expect_values(binary_cross_entropy(x, t, w, Reduction::kNone), weighted);
  expect_values(sigmoid_focal_loss(x, t, {.alpha = 0.3f, .gamma = 1.5f}), focal);
  expect_values(sigmoid_focal_loss(x, t, {.alpha = -1}), even);
  expect_values(sigmoid_focal_loss(x, t, {.alpha = -1, .gamma = 0}), entropy);
  EXPECT_THROW(binary_cross_entropy(x, t, shares({3}, 1)), Error);
}

TEST(Losses, OfFarLogitsAreFinite) {
  const Tensor x(Shape{1, 4}, std::vector<float>{500, -500, 500, -500});
  const Tensor t(Shape{1, 4}, std::vector<float>{1, 0, 0, 1});
  expect_values(binary_cross_entropy(x, t, {}, Reduction::kNone), {0, 0, 500, 500});
  for (const float gamma : {0.f, 0.5f, 2.f}) {
    Tensor logits = x.clone();
    watch(logits);
    const Tensor loss = sigmoid_focal_loss(logits, t, {.alpha = 0.5f, .gamma = gamma}, Reduction::kSum);
    EXPECT_FLOAT_EQ(loss.data()[0], 500) << gamma;
    const Gradients gradients = backward(loss);
    expect_values(gradients[logits], {0, 0, 0.5, -0.5});
  }
}

TEST(Losses, OfMasks) {
  const Tensor x = random_tensor({2, 3, 5}, 1, 2), t = shares({2, 3, 5}, 2);
  Doubles rows;
  for (int64_t b = 0; b < 2; ++b) {
    double overlap = 0, total = 0;
    for (int64_t i = b * 15; i < (b + 1) * 15; ++i) {
      overlap += sigmoid_of(x.data()[i]) * t.data()[i];
      total += sigmoid_of(x.data()[i]) + t.data()[i];
    }
    rows.push_back(1 - (2 * overlap + 1) / (total + 1));
  }
  expect_values(dice_loss(x, t, Reduction::kNone), rows);
  EXPECT_NEAR(dice_loss(x, t).data()[0], rows[0] + rows[1], 2e-6);
}

TEST(Losses, OfDistributions) {
  const Tensor x = log_softmax(random_tensor({3, 4}, 1), 1);
  Tensor t = softmax(random_tensor({3, 4}, 2), 1);
  t.mutable_data()[5] = 0;
  Doubles all;
  for (int64_t i = 0; i < 12; ++i) {
    const double y = t.data()[i];
    all.push_back(y > 0 ? y * (std::log(y) - x.data()[i]) : 0);
  }
  expect_values(kl_divergence(x, t, Reduction::kNone), all);
  EXPECT_NEAR(kl_divergence(x, t, Reduction::kBatchMean).data()[0], 4 * mean(all), 2e-6);
}

double norm_of(const Tensor& a, const Tensor& b, int64_t row, double p, double eps) {
  double sum = 0;
  for (int64_t i = row * a.dim(1); i < (row + 1) * a.dim(1); ++i)
    sum += std::pow(std::abs(static_cast<double>(a.data()[i]) - b.data()[i] + eps), p);
  return std::pow(sum, 1 / p);
}

TEST(Losses, OfCosines) {
  const Tensor a = random_tensor({6, 4}, 1), b = random_tensor({6, 4}, 2);
  const std::vector<int> labels{1, -1, -1, 1, -1, -1};
  Doubles rows;
  for (int64_t r = 0; r < 6; ++r) {
    double aa = 0, bb = 0, ab = 0;
    for (int64_t i = r * 4; i < (r + 1) * 4; ++i) {
      const double p = a.data()[i], q = b.data()[i];
      aa += p * p, bb += q * q, ab += p * q;
    }
    const double c = ab / std::sqrt(aa * bb);
    rows.push_back(labels[static_cast<size_t>(r)] == 1 ? 1 - c : std::max(0.0, c - 0.1));
  }
  expect_values(cosine_embedding_loss(a, b, labels, 0.1f, Reduction::kNone), rows);
  EXPECT_THROW(cosine_embedding_loss(a, b, std::vector<int>(6, 0)), Error);
  EXPECT_THROW(cosine_embedding_loss(a, b, std::vector<int>(5, 1)), Error);
}

TEST(Losses, OfTriplets) {
  const Tensor a = random_tensor({6, 4}, 1), b = random_tensor({6, 4}, 2), c = random_tensor({6, 4}, 3);
  for (const bool swap : {false, true})
    for (const double p : {1.0, 2.0, 3.0}) {
      Doubles rows;
      for (int64_t r = 0; r < 6; ++r) {
        double far = norm_of(a, c, r, p, 1e-6);
        if (swap) far = std::min(far, norm_of(b, c, r, p, 1e-6));
        rows.push_back(std::max(0.0, norm_of(a, b, r, p, 1e-6) - far + 0.5));
      }
      const TripletConfig config{.margin = 0.5f, .p = static_cast<float>(p), .swap = swap};
      expect_values(triplet_margin_loss(a, b, c, config, Reduction::kNone), rows);
    }
  EXPECT_THROW(pairwise_distance(a, b, 0.5f), Error);
}

struct Case {
  const char* name;
  Inputs inputs;
  std::function<Tensor(const Inputs&)> f;
};

TEST(Losses, GradientsOfClassificationAgreeWithDifferences) {
  const Tensor x = random_tensor({4, 5}, 1), t = shares({4, 5}, 2), w = shares({5}, 3);
  const std::vector<int> labels{4, 0, 2, 2};
  const CrossEntropyOptions all{.class_weights = w, .ignored = 0, .smoothing = 0.2f};
  for (const Case& c : std::vector<Case>{
           {"labels", {x}, [=](const Inputs& i) { return cross_entropy(i[0], labels, all); }},
           {"soft", {x, t}, [](const Inputs& i) { return cross_entropy(i[0], i[1]); }},
           {"soft, each",
            {x, t},
            [w](const Inputs& i) {
              return cross_entropy(i[0], i[1],
                                   {.class_weights = w, .smoothing = 0.3f, .reduction = Reduction::kNone});
            }},
           {"bce", {x, t}, [w](const Inputs& i) { return binary_cross_entropy(i[0], i[1], w); }},
           {"focal", {x, t}, [](const Inputs& i) { return sigmoid_focal_loss(i[0], i[1]); }},
           {"focal 0.5, even",
            {x, t},
            [](const Inputs& i) { return sigmoid_focal_loss(i[0], i[1], {.alpha = -1, .gamma = 0.5f}); }},
           {"dice", {x, t}, [](const Inputs& i) { return dice_loss(i[0], i[1], Reduction::kNone); }},
           {"kl", {x, t}, [](const Inputs& i) { return kl_divergence(i[0], i[1], Reduction::kBatchMean); }}})
    EXPECT_LT(gradient_error(c.inputs, c.f), 1e-3) << c.name;
}

TEST(Losses, GradientsOfDistancesAgreeWithDifferences) {
  const Tensor x = random_tensor({4, 5}, 1), y = random_tensor({4, 5}, 2), z = random_tensor({4, 5}, 3);
  const std::vector<int> labels{1, -1, -1, 1};
  const auto none = Reduction::kNone;
  for (const Case& c : std::vector<Case>{
           {"l1", {x, y}, [=](const Inputs& i) { return l1_loss(i[0], i[1], none); }},
           {"mse", {x, y}, [](const Inputs& i) { return mse_loss(i[0], i[1]); }},
           {"smooth l1", {x, y}, [=](const Inputs& i) { return smooth_l1_loss(i[0], i[1], 0.5f, none); }},
           {"cosine",
            {x, y},
            [=](const Inputs& i) { return cosine_embedding_loss(i[0], i[1], labels, -0.6f, none); }},
           {"distance 3", {x, y}, [](const Inputs& i) { return pairwise_distance(i[0], i[1], 3); }},
           {"triplet", {x, y, z}, [](const Inputs& i) { return triplet_margin_loss(i[0], i[1], i[2]); }},
           {"triplet, swapped", {x, y, z}, [=](const Inputs& i) {
              return triplet_margin_loss(i[0], i[1], i[2], {.margin = 2, .p = 1, .swap = true}, none);
            }}})
    EXPECT_LT(gradient_error(c.inputs, c.f), 1e-3) << c.name;
}

TEST(Losses, AreTheSameBitsForAnyThreadCount) {
  const Tensor x = random_tensor({300, 50}, 1), t = shares({300, 50}, 2);
  const auto gradient = [&](int threads) {
    Tensor logits = x.clone(), result;
    watch(logits);
    Threads(threads).run([&] {
      const Tensor loss = cross_entropy(logits, t) + sigmoid_focal_loss(logits, t, {}, Reduction::kMean) +
                          dice_loss(logits, t) + triplet_margin_loss(logits, t, x);
      result = backward(loss)[logits];
    });
    return result;
  };
  const Tensor one = gradient(1);
  EXPECT_TRUE(same_bits(one, gradient(2)));
  EXPECT_TRUE(same_bits(one, gradient(7)));
}

}  // namespace
}  // namespace fovea
