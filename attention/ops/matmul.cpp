#include "attention/ops/matmul.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/product.h"

namespace fovea {
namespace {

using kernels::MatrixView;
using kernels::PackedMatrix;

// [B, N, K] -> [B, K, N]
Tensor turned(const Tensor& x) {
  const int64_t B = x.dim(0), N = x.dim(1), K = x.dim(2);
  Tensor y(Shape{B, K, N});
  for (int64_t b = 0; b < B; ++b) transpose(x.data() + b * N * K, N, K, y.mutable_data() + b * N * K);
  return y;
}

// What a product does with its right operand: [B, K, M] as it is, or [B, M, K] turned.
enum class Right { kAsIs, kTurned };

// Not recorded, so that backward passes are made of it too.
Tensor multiply(const Tensor& a, const Tensor& b, Right right) {
  const int64_t B = a.dim(0), N = a.dim(1), K = a.dim(2), M = b.dim(right == Right::kAsIs ? 2 : 1);
  Tensor y(Shape{B, N, M});
  parallel_for(B, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* values = b.data() + i * K * M;
      const PackedMatrix packed(right == Right::kAsIs ? MatrixView{values, M, K, 1, M}
                                                      : MatrixView{values, M, K, K, 1});
      product({a.data() + i * N * K, K, &packed, y.mutable_data() + i * N * M, M}, N);
    }
  });
  return y;
}

void expect_fit(const char* op, const Tensor& a, const Tensor& b, int summed) {
  if (a.shape().rank() != 3 || b.shape().rank() != 3 || a.dim(0) != b.dim(0) || a.dim(2) != b.dim(summed))
    fail(op, ": ", a.shape(), " and ", b.shape());
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  expect_fit("matmul", a, b, 1);
  return record(multiply(a, b, Right::kAsIs), {a, b}, [a, b](const Tensor& dy) {
    return std::vector<Tensor>{a.grad_node() ? multiply(dy, b, Right::kTurned) : Tensor(),
                               b.grad_node() ? multiply(turned(a), dy, Right::kAsIs) : Tensor()};
  });
}

Tensor matmul_transposed(const Tensor& a, const Tensor& b) {
  expect_fit("matmul_transposed", a, b, 2);
  return record(multiply(a, b, Right::kTurned), {a, b}, [a, b](const Tensor& dy) {
    return std::vector<Tensor>{a.grad_node() ? multiply(dy, b, Right::kAsIs) : Tensor(),
                               b.grad_node() ? multiply(turned(dy), a, Right::kAsIs) : Tensor()};
  });
}

}  // namespace fovea
