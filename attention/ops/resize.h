#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// How the values at new positions of an axis follow from those at the old ones.
enum class Interpolation {
  kNearest,       // the old position at or before, edges on edges: torch's "nearest"
  kNearestExact,  // the old position that the new one's centre lies in
  kLinear,        // the two neighbours
  kCubic,         // the four, Keys 1981 with a = -0.75; with antialias -0.5, as Pillow
  kArea,          // the mean of all that the new position touches
};

struct Resize {
  Interpolation filter = Interpolation::kLinear;
  bool align_corners = false;  // of kLinear and kCubic: the ends on the ends, rather than edges on edges
  bool antialias = false;      // of kLinear and kCubic: the filter widened where the axis shrinks
  double step = 0;             // old positions for a new one; 0: the old size / the new one
};

// One axis of x with another size; a negative axis counts from the back. Differentiable.
Tensor resize(const Tensor& x, int axis, int64_t size, const Resize& how);
Tensor resize_map(const Tensor& x, int64_t height, int64_t width, const Resize& how);  // [B, H, W, C]

}  // namespace fovea
