#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// He et al. 2015, https://arxiv.org/abs/1502.01852: x where it is positive, else slope * x. x [..., C];
// slopes [C], or [1] for all.
Tensor prelu(const Tensor& x, const Tensor& slopes);

}  // namespace fovea
