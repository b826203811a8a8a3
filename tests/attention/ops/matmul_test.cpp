#include "attention/ops/matmul.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

// The sum over k in double; b [B, K, M], or [B, M, K] if turned.
Tensor naive(const Tensor& a, const Tensor& b, bool turned) {
  const int64_t B = a.dim(0), N = a.dim(1), K = a.dim(2), M = b.dim(turned ? 1 : 2);
  Tensor y(Shape{B, N, M});
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t m = i % M, n = i / M % N, batch = i / M / N;
    double sum = 0;
    for (int64_t k = 0; k < K; ++k)
      sum += static_cast<double>(a.data()[(batch * N + n) * K + k]) *
             b.data()[batch * K * M + (turned ? m * K + k : k * M + m)];
    y.mutable_data()[i] = static_cast<float>(sum);
  }
  return y;
}

void expect_close(const Tensor& got, const Tensor& expected) {
  ASSERT_EQ(got.shape(), expected.shape());
  for (int64_t i = 0; i < got.count(); ++i) ASSERT_NEAR(got.data()[i], expected.data()[i], 1e-4) << i;
}

TEST(Matmul, MultipliesPictureByPicture) {
  for_each_isa([] {
    for (const int64_t N : {1, 3, 50})
      for (const int64_t M : {1, 7, 65})
        for (const int64_t K : {1, 5, 33}) {
          const Tensor a = random_tensor({3, N, K}, 1);
          const Tensor b = random_tensor({3, K, M}, 2), turned = random_tensor({3, M, K}, 3);
          expect_close(matmul(a, b), naive(a, b, false));
          expect_close(matmul_transposed(a, turned), naive(a, turned, true));
        }
  });
}

TEST(Matmul, HasTheGradientsOfBoth) {
  const Tensor a = random_tensor({2, 4, 3}, 1), b = random_tensor({2, 3, 5}, 2),
               c = random_tensor({2, 5, 3}, 3);
  using Inputs = std::vector<Tensor>;
  EXPECT_LT(gradient_error({a, b}, [](const Inputs& t) { return matmul(t[0], t[1]); }), 2e-3);
  EXPECT_LT(gradient_error({a, c}, [](const Inputs& t) { return matmul_transposed(t[0], t[1]); }), 2e-3);
}

TEST(Matmul, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor a = random_tensor({3, 150, 90}, 1), b = random_tensor({3, 90, 170}, 2);
  Tensor one, four;
  Threads(1).run([&] { one = matmul(a, b); });
  Threads(4).run([&] { four = matmul(a, b); });
  EXPECT_TRUE(same_bits(one, four));
}

TEST(Matmul, RefusesWhatDoesNotFit) {
  const Tensor a = random_tensor({2, 4, 3}, 1);
  EXPECT_THROW(matmul(a, random_tensor({2, 4, 3}, 2)), Error);
  EXPECT_THROW(matmul(a, random_tensor({1, 3, 4}, 2)), Error);
  EXPECT_THROW(matmul_transposed(a, random_tensor({2, 3, 4}, 2)), Error);
  EXPECT_THROW(matmul_transposed(a, random_tensor({4, 3}, 2)), Error);
}

}  // namespace
}  // namespace fovea
