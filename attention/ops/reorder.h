#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Ops that only move values. A feature map is [B, H, W, C], so that reshaped to [B, H * W, C] it is its own
// tokens.

Tensor reshape(const Tensor& x, Shape shape);
// [B, H, W, C] -> [B, (H / height) (W / width), height * width * C]; what does not fill a patch is left out,
// as a strided convolution leaves it out.
Tensor patches(const Tensor& images, int64_t height, int64_t width);
Tensor repeat(const Tensor& x, int64_t times);              // [...] -> [times, ...]
Tensor concat(const Tensor& a, const Tensor& b, int axis);  // all other sizes equal
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t count);
Tensor select(const Tensor& tokens, int64_t index);  // [B, N, C] -> [B, C]

// Between the layout of Python's libraries and ours.
Tensor channels_last(const Tensor& x);   // [B, C, H, W] -> [B, H, W, C]
Tensor channels_first(const Tensor& x);  // [B, H, W, C] -> [B, C, H, W]

}  // namespace fovea
