#pragma once
#include <span>

#include "attention/tensor/tensor.h"

namespace fovea {

// Along an axis; a negative one counts from the back. Sums run in double, in order (a softmax's in float).

Tensor sum_all(const Tensor& x);           // -> [1]
Tensor mean_tokens(const Tensor& tokens);  // [B, N, C] -> [B, C]
Tensor softmax(const Tensor& x, int axis);
Tensor log_softmax(const Tensor& x, int axis);
Tensor log_sum_exp(const Tensor& x, int axis);  // drops the axis
Tensor cumulative_sum(const Tensor& x, int axis);
Tensor glu(const Tensor& x, int axis);                               // first half * sigmoid(second half)
Tensor l2_normalise(const Tensor& x, int axis, float eps = 1e-12f);  // x / max(|x|, eps)
// Over neighbouring axes, which it drops; unbiased divides by n - 1.
Tensor variance(const Tensor& x, std::span<const int> axes, bool unbiased);
Tensor standard_deviation(const Tensor& x, std::span<const int> axes, bool unbiased);

}  // namespace fovea
