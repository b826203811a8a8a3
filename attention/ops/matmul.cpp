#include "attention/ops/matmul.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/product.h"

namespace fovea {
namespace {

using kernels::MatrixView;
using kernels::PackedMatrix;

// What a product does with an operand: takes it as it is, or its rows for columns.
enum class As { kIs, kTurned };

// Not recorded, so that backward passes are made of it too.
Tensor multiply(const Tensor& a, As left, const Tensor& b, As right) {
  const bool turned = left == As::kTurned;
  const int64_t B = a.dim(0), N = a.dim(turned ? 2 : 1), K = a.dim(turned ? 1 : 2);
  const int64_t M = b.dim(right == As::kIs ? 2 : 1);
  Tensor y(Shape{B, N, M});
  parallel_for(B, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* values = b.data() + i * K * M;
      const PackedMatrix packed(right == As::kIs ? MatrixView{values, M, K, 1, M}
                                                 : MatrixView{values, M, K, K, 1});
      product({.x = a.data() + i * N * K,
               .x_stride = a.dim(2),
               .w = &packed,
               .y = y.mutable_data() + i * N * M,
               .y_stride = M,
               .x_turned = turned},
              N);
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
  return record(multiply(a, As::kIs, b, As::kIs), {a, b}, [a, b](const Tensor& dy) {
    return std::vector<Tensor>{a.grad_node() ? multiply(dy, As::kIs, b, As::kTurned) : Tensor(),
                               b.grad_node() ? multiply(a, As::kTurned, dy, As::kIs) : Tensor()};
  });
}

Tensor matmul_transposed(const Tensor& a, const Tensor& b) {
  expect_fit("matmul_transposed", a, b, 2);
  return record(multiply(a, As::kIs, b, As::kTurned), {a, b}, [a, b](const Tensor& dy) {
    return std::vector<Tensor>{a.grad_node() ? multiply(dy, As::kIs, b, As::kIs) : Tensor(),
                               b.grad_node() ? multiply(dy, As::kTurned, a, As::kIs) : Tensor()};
  });
}

}  // namespace fovea
