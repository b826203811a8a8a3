#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Products of two tensors, one for each picture of a batch; linear() has one matrix for all. Differentiable
// in both.
Tensor matmul(const Tensor& a, const Tensor& b);             // [B, N, K], [B, K, M] -> [B, N, M]
Tensor matmul_transposed(const Tensor& a, const Tensor& b);  // [B, N, K], [B, M, K] -> [B, N, M]

}  // namespace fovea
