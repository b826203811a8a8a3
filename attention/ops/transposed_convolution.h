#pragma once
#include "attention/ops/convolution.h"

namespace fovea {

// The convolution that `spread` describes, turned round: each value of x is spread over a window, as the
// gradient of that convolution is. Pairs are {vertical, horizontal}.
struct TransposedConvolution {
  Convolution spread = {};
  std::array<int64_t, 2> output_padding{0,
                                        0};  // more rows and columns at the end, which a stride leaves open
};

// x [B, H, W, in], weight [in, out / groups, kernel height, kernel width], bias [out] or none ->
// [B, H', W', out] with H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output_padding.
// Differentiable.
Tensor transposed_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const TransposedConvolution& how = {});

}  // namespace fovea
