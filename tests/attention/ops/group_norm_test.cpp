// Group norm against sums in double, and against central differences.
#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/norm.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

constexpr float kEps = 1e-5f;

std::vector<double> group_norm_in_double(const Tensor& x, int64_t groups, const Tensor& weight,
                                         const Tensor& bias) {
  const int64_t n = x.dim(-1), rows = x.count() / (x.dim(0) * n), shared = n / groups;
  std::vector<double> y(static_cast<size_t>(x.count()));
  for (int64_t b = 0; b < x.dim(0); ++b)
    for (int64_t g = 0; g < groups; ++g) {
      const auto each = [&](const auto& body) {
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t c = g * shared; c < (g + 1) * shared; ++c) body((b * rows + r) * n + c, c);
      };
      double mean = 0, variance = 0;
      const double count = static_cast<double>(rows * shared);
      each([&](int64_t i, int64_t) { mean += x.data()[i] / count; });
      each([&](int64_t i, int64_t) { variance += std::pow(x.data()[i] - mean, 2) / count; });
      each([&](int64_t i, int64_t c) {
        y[static_cast<size_t>(i)] =
            (x.data()[i] - mean) / std::sqrt(variance + kEps) * (weight ? weight.data()[c] : 1.f) +
            (bias ? bias.data()[c] : 0.f);
      });
    }
  return y;
}

double worst_error(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias) {
  const Tensor y = group_norm(x, groups, weight, bias, kEps);
  const std::vector<double> expected = group_norm_in_double(x, groups, weight, bias);
  double worst = 0;
  for (int64_t i = 0; i < y.count(); ++i)
    worst = std::max(worst, std::abs(y.data()[i] - expected[static_cast<size_t>(i)]));
  return worst;
}

TEST(GroupNorm, MatchesSumsInDouble) {
  for_each_isa([] {
    const Tensor x = random_tensor({3, 9, 11, 12}, 1), w = random_tensor({12}, 2), b = random_tensor({12}, 3);
    for (const int64_t groups : {1, 3, 4, 12}) {
      EXPECT_LT(worst_error(x, groups, w, b), 5e-6) << groups;
      EXPECT_LT(worst_error(x, groups, {}, {}), 5e-6) << groups;
    }
    EXPECT_LT(worst_error(random_tensor({2, 7, 12}, 4), 2, w, b), 5e-6);
  });
}

TEST(GroupNorm, SeesEachPictureAlone) {
  const Tensor x = random_tensor({2, 5, 5, 8}, 5);
  const Tensor both = group_norm(x, 2, {}, {}, kEps);
  const Tensor second = group_norm(Tensor({1, 5, 5, 8}, x.values().subspan(200)), 2, {}, {}, kEps);
  EXPECT_TRUE(same_bits(second, Tensor({1, 5, 5, 8}, both.values().subspan(200))));
}

TEST(GroupNorm, HasTheGradientsOfCentralDifferences) {
  using Inputs = std::vector<Tensor>;
  const Tensor x = random_tensor({2, 3, 3, 6}, 6), w = random_tensor({6}, 7), b = random_tensor({6}, 8);
  for_each_isa([&] {
    for (const int64_t groups : {1, 2, 3, 6}) {
      const auto affine = [&](const Inputs& t) { return group_norm(t[0], groups, t[1], t[2], kEps); };
      const auto plain = [&](const Inputs& t) { return group_norm(t[0], groups, {}, {}, kEps); };
      EXPECT_LT(gradient_error({x.clone(), w.clone(), b.clone()}, affine), 2e-3) << groups;
      EXPECT_LT(gradient_error({x.clone()}, plain), 2e-3) << groups;
    }
  });
}

TEST(GroupNorm, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Tensor x = random_tensor({3, 40, 40, 24}, 9), w = random_tensor({24}, 10);
  const auto compute = [&](int threads) {
    std::vector<Tensor> all;
    Threads(threads).run([&] {
      Tensor own = x.clone(), weight = w.clone();
      watch(own), watch(weight);
      const Tensor y = group_norm(own, 4, weight, {}, kEps);
      const Gradients gradients = backward(to_loss(y));
      all = {y, gradients[own], gradients[weight]};
    });
    return all;
  };
  const std::vector<Tensor> one = compute(1), three = compute(3);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], three[i])) << i;
}

TEST(GroupNorm, NamesWhatDoesNotFit) {
  const Tensor x = random_tensor({2, 3, 6}, 11);
  EXPECT_THROW(group_norm(x, 4, {}, {}, kEps), Error);
  EXPECT_THROW(group_norm(x, 0, {}, {}, kEps), Error);
  EXPECT_THROW(group_norm(x, 2, random_tensor({5}, 1), {}, kEps), Error);
}

}  // namespace
}  // namespace fovea
