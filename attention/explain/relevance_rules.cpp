#include "attention/explain/relevance_rules.h"

#include "attention/base/error.h"
#include "attention/explain/relevance.h"
#include "attention/ops/matmul.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"

namespace fovea {
namespace {

Tensor one(const Tensor& matrix) {
  return matrix.view({1, matrix.dim(0), matrix.dim(1)});
}

Tensor product(const Tensor& a, const Tensor& b) {
  return matmul(one(a), one(b)).view({a.dim(0), b.dim(1)});
}

void check_square(const char* op, const Tensor& x) {
  if (x.shape().rank() != 2 || x.dim(0) != x.dim(1)) fail(op, ": ", x.shape(), " is not square");
}

}  // namespace

Tensor normalised_excess(const Tensor& excess) {
  const int64_t n = excess.dim(0);
  Tensor y(excess.shape());
  for (int64_t i = 0; i < n; ++i) {
    const float* const row = excess.data() + i * n;
    float* const out = y.mutable_data() + i * n;
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += row[j];
    for (int64_t j = 0; j < n; ++j) out[j] = sum == 0 ? 0 : static_cast<float>(row[j] / sum);
    out[i] += 1;
  }
  return y;
}

Tensor self_rule(const Tensor& relevance, const Tensor& weighted) {
  check_square("self_rule", weighted);
  if (relevance.shape().rank() != 2 || relevance.dim(0) != weighted.dim(1))
    fail("self_rule: relevance ", relevance.shape(), " and weights ", weighted.shape());
  return relevance + product(weighted, relevance);
}

Tensor normalised_self(const Tensor& relevance) {
  check_square("normalised_self", relevance);
  Tensor excess = relevance.clone();
  for (int64_t i = 0; i < excess.dim(0); ++i) excess.mutable_data()[i * excess.dim(0) + i] -= 1;
  return normalised_excess(excess);
}

Tensor cross_rule(const Tensor& query_self, const Tensor& key_self, const Tensor& weighted) {
  if (weighted.shape() != Shape{query_self.dim(0), key_self.dim(0)})
    fail("cross_rule: weights ", weighted.shape(), " between ", query_self.shape(), " and ",
         key_self.shape());
  return product(permute(normalised_self(query_self), {1, 0}), product(weighted, normalised_self(key_self)));
}

}  // namespace fovea
