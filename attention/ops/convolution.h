#pragma once
#include <array>

#include "attention/kernels/packed_convolution.h"
#include "attention/ops/linear.h"

namespace fovea {

// Two-dimensional convolution over [B, H, W, C]. Weights keep the layout of checkpoints,
// [out, C / groups, kernel height, kernel width]; pairs are {vertical, horizontal}.
struct Convolution {
  std::array<int64_t, 2> stride{1, 1};
  std::array<int64_t, 2> padding{0, 0};  // zeros on both sides
  std::array<int64_t, 2> dilation{1, 1};
  int64_t groups = 1;
};

// What follows, fused when nothing is recorded: activation(y + residual).
struct Tail {
  Activation activation = Activation::kNone;
  Tensor residual = {};          // of the output's shape; none: nothing is added
  bool spends_residual = false;  // the output may lie in its memory, if nobody else holds it
};
// Where the output goes: over the residual if the tail spends it. Every way reads it before it stores there.
Tensor output_over(const Tail& tail, const Shape& shape);

// x [B, H, W, C], bias [out] or none -> [B, H', W', out]; differentiable.
Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, const Convolution& how = {},
                   const Tail& tail = {});
// The same with weights packed once, for inference; not differentiable.
Tensor convolution(const Tensor& x, const kernels::PackedConvolution& weight, const Tensor& bias,
                   const Tail& tail = {});

kernels::PackedConvolution pack_convolution(const Tensor& weight, const Convolution& how = {});

}  // namespace fovea
