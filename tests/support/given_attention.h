#pragma once
#include <string>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/nn/pass.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"

namespace fovea {

// Maps with given weights [B, heads, Nq, Nk], and a score whose gradients by these are the given ones: every
// head's values are the identity, so that a weight is what it makes of them.
class GivenAttention {
 public:
  AttentionMap map(const Tensor& weights, const Tensor& gradient) {
    const int64_t B = weights.dim(0), H = weights.dim(1), Nq = weights.dim(2), Nk = weights.dim(3);
    Tensor values = Tensor::full({B, Nk, H * Nk}, 0), probe = Tensor::full({B, Nq, H * Nk}, 0);
    Tensor wanted(probe.shape());
    for (int64_t i = 0; i < B * Nk * H; ++i)  // (b, j, h): 1 at column h * Nk + j
      values.mutable_data()[i * Nk + i / H % Nk] = 1;
    for (int64_t i = 0; i < wanted.count(); ++i) {  // (b, q, h, k)
      const int64_t k = i % Nk, h = i / Nk % H, q = i / (Nk * H) % Nq, b = i / (Nk * H * Nq);
      wanted.mutable_data()[i] = gradient.data()[((b * H + h) * Nq + q) * Nk + k];
    }
    watch(probe);
    const Tensor term = sum_all(mul(probe, wanted));
    score_ = score_ ? score_ + term : term;
    return {.name = "layer " + std::to_string(made_++), .value = weights, .v = values, .probe = probe};
  }
  Gradients gradients() const { return backward(score_); }

 private:
  Tensor score_;
  int made_ = 0;
};

}  // namespace fovea
