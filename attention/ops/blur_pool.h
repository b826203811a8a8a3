#pragma once
#include "attention/ops/rearrange.h"

namespace fovea {

// Zhang 2019, https://arxiv.org/abs/1904.11486: every stride-th value of a map [B, H, W, C] behind a binomial
// filter of `size` x `size`, which keeps what a plain stride would alias. Differentiable.
Tensor blur_pool(const Tensor& x, int64_t size = 3, int64_t stride = 2, Border border = Border::kReflect);

}  // namespace fovea
