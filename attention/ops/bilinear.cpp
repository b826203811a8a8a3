#include "attention/ops/bilinear.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/linear.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

constexpr int64_t kRows = 16;

struct OuterGradients {
  Tensor a, b;
};

OuterGradients outer_gradients(const Tensor& dy, const Tensor& a, const Tensor& b, int64_t rows) {
  const int64_t I = a.dim(-1), J = b.dim(-1);
  OuterGradients d{Tensor::full(a.shape(), 0), Tensor::full(b.shape(), 0)};
  parallel_for(rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      for (int64_t i = 0; i < I; ++i)
        for (int64_t j = 0; j < J; ++j) {
          const float g = dy.data()[(r * I + i) * J + j];
          d.a.mutable_data()[r * I + i] += g * b.data()[r * J + j];
          d.b.mutable_data()[r * J + j] += g * a.data()[r * I + i];
        }
  });
  return d;
}

}  // namespace

Tensor outer_product(const Tensor& a, const Tensor& b) {
  const int64_t I = a.dim(-1), J = b.dim(-1), rows = a.shape().with_last(1).count();
  if (a.shape().with_last(J) != b.shape())
    fail("outer_product: ", a.shape(), " and ", b.shape(), " differ before their last sizes");
  Tensor y(a.shape().with_last(I * J));
  parallel_for(rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      for (int64_t i = 0; i < I; ++i)
        for (int64_t j = 0; j < J; ++j)
          y.mutable_data()[(r * I + i) * J + j] = a.data()[r * I + i] * b.data()[r * J + j];
  });
  return record(y, {a, b}, [a, b, rows](const Tensor& dy) {
    const OuterGradients d = outer_gradients(dy, a, b, rows);
    return std::vector<Tensor>{d.a, d.b};
  });
}

Tensor bilinear(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias) {
  if (weight.shape().rank() != 3 || weight.dim(1) != a.dim(-1) || weight.dim(2) != b.dim(-1))
    fail("bilinear: inputs ", a.shape(), " and ", b.shape(), " do not fit weight ", weight.shape());
  const Tensor rows = reshape(weight, {weight.dim(0), weight.dim(1) * weight.dim(2)});
  return linear(outer_product(a, b), rows, bias);
}

}  // namespace fovea
