// Batch norm against sums in double, and against central differences.
#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/norm.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

constexpr float kEps = 1e-5f;
const Activation kActivations[] = {Activation::kNone,     Activation::kRelu,      Activation::kGelu,
                                   Activation::kGeluTanh, Activation::kQuickGelu, Activation::kSilu,
                                   Activation::kSigmoid,  Activation::kTanh};

struct Sample {
  Tensor x, weight, bias;
};

Sample sample(Shape shape, uint64_t seed, float offset = 0) {
  const int64_t n = shape[-1];
  Sample s{random_tensor(shape, seed), random_tensor({n}, seed + 1), random_tensor({n}, seed + 2)};
  for (int64_t i = 0; i < s.x.count(); ++i) s.x.mutable_data()[i] += offset;
  return s;
}

struct Reference {
  std::vector<double> mean, variance;
};

Reference moments_in_double(const Tensor& x) {
  const int64_t n = x.dim(-1), rows = x.count() / n;
  Reference r{std::vector<double>(static_cast<size_t>(n)), std::vector<double>(static_cast<size_t>(n))};
  for (int64_t c = 0; c < n; ++c) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < rows; ++i) sum += x.data()[i * n + c];
    const double mean = sum / static_cast<double>(rows);
    for (int64_t i = 0; i < rows; ++i) squares += std::pow(x.data()[i * n + c] - mean, 2);
    r.mean[static_cast<size_t>(c)] = mean;
    r.variance[static_cast<size_t>(c)] = squares / static_cast<double>(rows);
  }
  return r;
}

// The worst error of y before its activation, given the moments.
double worst_error(const Sample& s, const Reference& moments, const Tensor& y) {
  const int64_t n = s.x.dim(-1);
  double worst = 0;
  for (int64_t i = 0; i < y.count(); ++i) {
    const size_t c = static_cast<size_t>(i % n);
    const double normal = (s.x.data()[i] - moments.mean[c]) / std::sqrt(moments.variance[c] + kEps);
    worst = std::max(worst, std::abs(y.data()[i] - (normal * s.weight.data()[c] + s.bias.data()[c])));
  }
  return worst;
}

TEST(BatchNorm, MatchesSumsInDouble) {
  for_each_isa([] {
    for (const int64_t channels : {1, 3, 8, 19, 64}) {
      const Sample s = sample({5, 7, 9, channels}, static_cast<uint64_t>(channels));
      Moments moments;
      const Tensor y = batch_norm(s.x, s.weight, s.bias, kEps, Activation::kNone, moments);
      const Reference expected = moments_in_double(s.x);
      for (int64_t c = 0; c < channels; ++c) {
        EXPECT_NEAR(moments.mean.data()[c], expected.mean[static_cast<size_t>(c)], 1e-6);
        EXPECT_NEAR(moments.variance.data()[c], expected.variance[static_cast<size_t>(c)], 1e-6);
      }
      EXPECT_LT(worst_error(s, expected, y), 5e-6) << channels << " channels";
    }
  });
}

TEST(BatchNorm, KeepsAVarianceFarBelowTheMean) {
  for_each_isa([] {
    const Sample s = sample({16, 20, 20, 9}, 3, 1000);
    Moments moments;
    batch_norm(s.x, s.weight, s.bias, kEps, Activation::kNone, moments);
    const Reference expected = moments_in_double(s.x);
    for (int64_t c = 0; c < 9; ++c) {
      const double variance = expected.variance[static_cast<size_t>(c)];
      EXPECT_LT(std::abs(moments.variance.data()[c] - variance) / variance, 1e-6);
    }
  });
}

TEST(BatchNorm, KeepsTheVarianceOfRowsBesideOutliers) {
  Sample s = sample({64, 4, 4, 8}, 4, 1000);
  for (int64_t i = 0; i < s.x.count(); i += 16 * 8 * 8) s.x.mutable_data()[i] = 0;  // first of a run
  Moments moments;
  batch_norm(s.x, s.weight, s.bias, kEps, Activation::kNone, moments);
  const double variance = moments_in_double(s.x).variance[0];
  EXPECT_LT(std::abs(moments.variance.data()[0] - variance) / variance, 1e-6);
}

TEST(BatchNorm, AppliesItsActivation) {
  const Sample s = sample({4, 3, 5, 11}, 5);
  for_each_isa([&] {
    for (const Activation activation : kActivations) {
      Moments moments;
      const Tensor plain = batch_norm(s.x, s.weight, s.bias, kEps, Activation::kNone, moments);
      const Tensor fused = batch_norm(s.x, s.weight, s.bias, kEps, activation, moments);
      EXPECT_TRUE(same_bits(activate(activation, plain), fused)) << static_cast<int>(activation);
    }
  });
}

TEST(BatchNorm, TakesGivenMomentsAsConstants) {
  const Sample s = sample({3, 4, 4, 6}, 6);
  const Moments given{random_tensor({6}, 7), mul(random_tensor({6}, 8), random_tensor({6}, 8))};
  Reference expected;
  for (const float v : given.mean.values()) expected.mean.push_back(v);
  for (const float v : given.variance.values()) expected.variance.push_back(v);
  const Tensor y = batch_norm(s.x, s.weight, s.bias, given, kEps, Activation::kNone);
  EXPECT_LT(worst_error(s, expected, y), 2e-4);  // one of the variances is small
}

TEST(BatchNorm, HasTheGradientsOfCentralDifferences) {
  const Sample s = sample({3, 2, 3, 5}, 9);
  const Moments given{random_tensor({5}, 10), Tensor::full({5}, 0.7f)};
  using Inputs = std::vector<Tensor>;
  for_each_isa([&] {
    for (const Activation activation : kActivations) {
      const auto own = [&](const Inputs& t) {
        Moments moments;
        return batch_norm(t[0], t[1], t[2], kEps, activation, moments);
      };
      const auto fixed = [&](const Inputs& t) {
        return batch_norm(t[0], t[1], t[2], given, kEps, activation);
      };
      EXPECT_LT(gradient_error({s.x.clone(), s.weight.clone(), s.bias.clone()}, own), 2e-3)
          << static_cast<int>(activation);
      EXPECT_LT(gradient_error({s.x.clone(), s.weight.clone(), s.bias.clone()}, fixed), 2e-3)
          << static_cast<int>(activation);
    }
  });
}

TEST(BatchNorm, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Sample s = sample({16, 24, 24, 24}, 11);
  const auto compute = [&](int threads) {
    std::vector<Tensor> all;
    Threads(threads).run([&] {
      Sample own = s;
      watch(own.x), watch(own.weight), watch(own.bias);
      Moments moments;
      const Tensor y = batch_norm(own.x, own.weight, own.bias, kEps, Activation::kRelu, moments);
      const Gradients gradients = backward(to_loss(y));
      all = {y, moments.mean, moments.variance, gradients[own.x], gradients[own.weight], gradients[own.bias]};
    });
    return all;
  };
  const std::vector<Tensor> one = compute(1), three = compute(3);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], three[i])) << i;
}

TEST(BatchNorm, NamesWhatDoesNotFit) {
  Moments moments;
  const Sample s = sample({2, 3, 4}, 12);
  EXPECT_THROW(batch_norm(s.x, random_tensor({5}, 1), s.bias, kEps, Activation::kNone, moments), Error);
  EXPECT_THROW(batch_norm(Tensor(Shape{0, 4}), s.weight, s.bias, kEps, Activation::kNone, moments), Error);
  moments.variance = random_tensor({3}, 1);
  EXPECT_THROW(batch_norm(s.x, s.weight, s.bias, moments, kEps, Activation::kNone), Error);
}

}  // namespace
}  // namespace fovea
