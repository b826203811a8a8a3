#pragma once
#include "attention/ops/winograd.h"

namespace fovea {

// The weights of a convolution laid out once for inference, for the way that their shape calls for.
class PackedFilters {
 public:
  PackedFilters() = default;                                    // no weights; tests false
  PackedFilters(const Tensor& weight, const Convolution& how);  // [out, C / groups, height, width]

  explicit operator bool() const { return direct_ || winograd_; }
  const kernels::PackedConvolution& direct() const { return direct_; }  // none: they were transformed
  const Shape& shape() const { return shape_; }
  const char* way() const;  // "winograd 4x4", "product", "direct", ...
  // x [B, H, W, C], bias [out] or none -> [B, H', W', out]; not differentiable.
  Tensor operator()(const Tensor& x, const Tensor& bias, const Tail& tail) const;

 private:
  Shape shape_;
  Convolution how_;
  kernels::PackedConvolution direct_;
  PackedWinograd winograd_;  // either this or direct_
};

}  // namespace fovea
