#pragma once
#include "attention/kernels/winograd.h"
#include "attention/ops/convolution.h"

namespace fovea {

// Winograd's convolution, see kernels/winograd.h: what ops/convolution.h does, values only, in about half the
// time where it suits. The rule looks at the sizes of one picture, so that batches do not change a bit.
bool winograd_suits(const Shape& x, const Shape& weight, const Convolution& how);
// Whether it can be done at all, on maps of any size.
bool winograd_fits(const Shape& weight, const Convolution& how);

// 3x3 weights [out, C, 3, 3], transformed once for the instruction set in use, for inference.
class PackedWinograd {
 public:
  PackedWinograd() = default;  // no weights; tests false
  explicit PackedWinograd(const Tensor& weight, kernels::WinogradTile tile = kernels::WinogradTile::kFour);

  explicit operator bool() const { return static_cast<bool>(values_); }
  kernels::WinogradTile tile() const { return tile_; }
  int64_t columns() const { return columns_; }  // out
  int64_t depth() const { return depth_; }      // C
  int64_t lanes() const { return lanes_; }
  const float* data() const { return values_.data(); }

 private:
  friend Tensor winograd_input_gradient(const Tensor&, const Tensor&, const Shape&, const Convolution&);
  PackedWinograd(const Tensor& weight, kernels::WinogradTile tile, bool for_input_gradient);

  kernels::WinogradTile tile_ = kernels::WinogradTile::kFour;
  int64_t columns_ = 0, depth_ = 0, lanes_ = 0;
  Tensor values_;
};

// x [B, H, W, C], bias [out] or none -> [B, H', W', out].
Tensor winograd(const Tensor& x, const Tensor& weight, const Tensor& bias, const Convolution& how,
                const Tail& tail);
Tensor winograd(const Tensor& x, const PackedWinograd& weight, const Tensor& bias, const Convolution& how,
                const Tail& tail);

Tensor winograd_input_gradient(const Tensor& dy, const Tensor& weight, const Shape& x,
                               const Convolution& how);
Tensor winograd_weight_gradient(const Tensor& x, const Tensor& dy, const Shape& weight,
                                const Convolution& how);

}  // namespace fovea
