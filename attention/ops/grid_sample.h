#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

enum class Sampling { kNearest, kLinear, kCubic };    // kCubic: Keys 1981 with a = -0.75
enum class Outside { kZeros, kBorder, kReflection };  // what lies beyond the map

struct GridSample {
  Sampling sampling = Sampling::kLinear;
  Outside outside = Outside::kZeros;
  bool align_corners = false;  // -1 and 1 are the centres of the outermost pixels, rather than their edges
};

// Values of x [B, H, W, C] at the points of grid [B, H', W', 2], {x, y} from -1 to 1 over the map ->
// [B, H', W', C]. Jaderberg et al. 2015, https://arxiv.org/abs/1506.02025. Differentiable in both.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSample& how = {});

// The points that the pixels of a map come from under theta [B, 2, 3] -> [B, height, width, 2].
Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, bool align_corners = false);

}  // namespace fovea
