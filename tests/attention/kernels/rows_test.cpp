#include "attention/kernels/rows.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/isa.h"
#include "tests/support/nans.h"
#include "tests/support/random_tensor.h"

namespace fovea::kernels {
namespace {

void check(int64_t n, float offset, float eps, double tolerance) {
  SCOPED_TRACE(testing::Message() << "n " << n << " offset " << offset);
  constexpr int64_t kRows = 3;
  Tensor x = random_tensor({kRows, n}, 1);
  for (int64_t i = 0; i < x.count(); ++i) x.mutable_data()[i] += offset;
  const Tensor weight = random_tensor({n}, 2), bias = random_tensor({n}, 3);
  Tensor y(x.shape());
  layer_norm(x.data(), kRows, n, weight.data(), bias.data(), eps, y.mutable_data());
  for (int64_t r = 0; r < kRows; ++r) {
    double mean = 0, variance = 0;
    const float* row = x.data() + r * n;
    for (int64_t i = 0; i < n; ++i) mean += row[i] / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) variance += (row[i] - mean) * (row[i] - mean) / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      const double want =
          (row[i] - mean) / std::sqrt(variance + static_cast<double>(eps)) * weight.data()[i] +
          bias.data()[i];
      ASSERT_NEAR(y.data()[r * n + i], want, tolerance * (1 + std::abs(want)));
    }
  }
}

TEST(LayerNorm, EqualsDoublePrecisionForEveryLength) {
  for_each_isa([] {
    for (int64_t n = 1; n <= 70; ++n) check(n, 0, 1e-6f, 1e-5);
    for (int64_t n : {192, 384, 768, 1000, 1024}) check(n, 0, 1e-6f, 1e-5);
  });
}

TEST(LayerNorm, DoesNotCancelFarFromZero) {
  for_each_isa([] { check(768, 100, 1e-6f, 2e-4); });
}

TEST(LayerNorm, OfEqualValuesIsTheBias) {
  for_each_isa([] {
    const Tensor x = Tensor::full({1, 40}, 3.5f), weight = Tensor::full({40}, 2),
                 bias = random_tensor({40}, 4);
    Tensor y(x.shape());
    layer_norm(x.data(), 1, 40, weight.data(), bias.data(), 1e-12f, y.mutable_data());
    for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(y.data()[i], bias.data()[i]);
  });
}

void check_softmax(int64_t n, int64_t rows, double spread) {
  SCOPED_TRACE(testing::Message() << "n " << n << ", rows " << rows);
  const Tensor x = random_tensor({rows, n}, 5, spread);
  Tensor y(x.shape());
  softmax(x.data(), rows, n, y.mutable_data());
  for (int64_t r = 0; r < rows; ++r) {
    double top = x.data()[r * n], sum = 0;
    for (int64_t i = 0; i < n; ++i) top = std::max<double>(top, x.data()[r * n + i]);
    for (int64_t i = 0; i < n; ++i) sum += std::exp(x.data()[r * n + i] - top);
    for (int64_t i = 0; i < n; ++i)
      ASSERT_NEAR(y.data()[r * n + i], std::exp(x.data()[r * n + i] - top) / sum, 2e-6) << r << " " << i;
  }
}

TEST(Softmax, EqualsDoublePrecisionForEveryLength) {
  for_each_isa([] {
    for (int64_t n = 1; n <= 70; ++n) check_softmax(n, 9, 3);
    for (int64_t n : {4, 255, 256, 257, 1000}) check_softmax(n, 150, 20);
  });
}

// What is hidden gets nothing; of a row that is hidden whole nothing can be said.
TEST(Softmax, GivesNothingToMinusInfinity) {
  for_each_isa([] {
    constexpr float kHidden = -std::numeric_limits<float>::infinity();
    const float x[] = {1, kHidden, 1, kHidden, kHidden, kHidden, 400, 2, kHidden};
    float y[9];
    softmax(x, 3, 3, y);
    const float want[] = {0.5f, 0, 0.5f};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(y[i], want[i]);
    for (int i = 3; i < 6; ++i) EXPECT_TRUE(std::isnan(y[i]));
    EXPECT_EQ(y[6], 1);
    EXPECT_EQ(y[8], 0);
    for (const uint32_t bits : kNaNs) {
      const float row[] = {1, std::bit_cast<float>(bits), 2};
      softmax(row, 1, 3, y);
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(y[i])) << bits;
    }
  });
}

}  // namespace
}  // namespace fovea::kernels
