#pragma once
#include <array>

#include "attention/tensor/tensor.h"

namespace fovea {

// Convolution over films, [B, T, H, W, C]; triples are {time, vertical, horizontal}.
struct Convolution3d {
  std::array<int64_t, 3> stride{1, 1, 1};
  std::array<int64_t, 3> padding{0, 0, 0};  // zeros on both sides
  std::array<int64_t, 3> dilation{1, 1, 1};
  int64_t groups = 1;
};

// weight [out, C / groups, kernel time, height, width], bias [out] or none -> [B, T', H', W', out];
// differentiable.
Tensor convolution3d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const Convolution3d& how = {});

}  // namespace fovea
