#pragma once
#include <array>

#include "attention/tensor/tensor.h"

namespace fovea {

// Windows over a feature map [B, H, W, C]; pairs are {vertical, horizontal}. Sizes are torch's.
struct Pool {
  std::array<int64_t, 2> kernel{2, 2}, stride{2, 2}, padding{0, 0}, dilation{1, 1};
  bool ceil = false;           // a window that starts inside counts though it ends outside
  bool counts_padding = true;  // in the divisor of a mean
};
Tensor max_pool(const Tensor& x, const Pool& how);
Tensor average_pool(const Tensor& x, const Pool& how);                         // no dilation
Tensor adaptive_average_pool(const Tensor& x, int64_t height, int64_t width);  // -> [B, height, width, C]
Tensor global_average_pool(const Tensor& x);                                   // [B, H, W, C] -> [B, C]
Tensor global_max_pool(const Tensor& x);                                       // [B, H, W, C] -> [B, C]
Tensor channel_mean(const Tensor& x);                                          // [B, H, W, C] -> [B, H, W, 1]
Tensor channel_max(const Tensor& x);                                           // [B, H, W, C] -> [B, H, W, 1]

// Gates: each channel of a picture, or each position, times one value.
Tensor scale_channels(const Tensor& x, const Tensor& gate);   // [B, H, W, C] * [B, C]
Tensor scale_positions(const Tensor& x, const Tensor& gate);  // [B, H, W, C] * [B, H, W, 1]

}  // namespace fovea
