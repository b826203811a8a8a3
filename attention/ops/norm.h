#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Ba et al. 2016, https://arxiv.org/abs/1607.06450. Over the last sizes of x, which are weight's shape; bias
// the same.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps);

}  // namespace fovea
