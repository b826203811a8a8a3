#pragma once
#include "attention/ops/winograd.h"

namespace fovea {

// The weights of a convolution laid out once for inference, for the way that suits the pictures that come.
class PackedFilters {
 public:
  PackedFilters() = default;                                    // no weights; tests false
  PackedFilters(const Tensor& weight, const Convolution& how);  // [out, C / groups, height, width]

  explicit operator bool() const { return static_cast<bool>(direct_); }
  // x [B, H, W, C], bias [out] or none -> [B, H', W', out]; not differentiable.
  Tensor operator()(const Tensor& x, const Tensor& bias, const Tail& tail) const;

 private:
  Shape shape_;
  Convolution how_;
  kernels::PackedConvolution direct_;
  PackedWinograd winograd_;  // none where it suits no picture, or would take too much memory
};

}  // namespace fovea
