#pragma once
#include "attention/kernels/epilogue.h"
#include "attention/kernels/packed_matrix.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// What follows a linear layer, fused into it when nothing is recorded: activation(y) + residual.
struct Then {
  Activation activation = Activation::kNone;
  Tensor residual = {};  // of the output's shape; none: nothing is added
};

// x [..., in], weight [out, in], bias [out] or none -> [..., out].
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Then& then = {});
// The same with weights packed once, for inference; not differentiable.
Tensor linear(const Tensor& x, const kernels::PackedMatrix& weight, const Tensor& bias,
              const Then& then = {});

kernels::PackedMatrix pack_linear(const Tensor& weight);  // [out, in]

}  // namespace fovea
