#pragma once
#include "attention/kernels/packed_convolution.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// What each window of a map sees, zeros outside it: [B, H, W, C] -> [B, H' W', taps, C].
Tensor unfold(const Tensor& x, const kernels::Window& window);
// The sum of what all windows lay on each place of a map: [B, H' W', taps, C] -> [B, height, width, C].
Tensor fold(const Tensor& windows, int64_t height, int64_t width, const kernels::Window& window);

}  // namespace fovea
