#pragma once
#include <numbers>

#include "attention/nn/weights.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// How DETR and its relatives tell tokens where they are. `padding` [B, H, W], not 0 where a map has no
// picture.
struct SinePosition {
  int64_t dim = 256;  // of the encoding: half of it for y, then half for x; sine and cosine take turns
  double temperature_y = 10000, temperature_x = 10000;
  bool normalise = true;                // by the last row's and column's number, to `scale`
  float shift = 0;                      // added before: Deformable DETR takes off half a cell
  double scale = 2 * std::numbers::pi;  // what 1 is, if normalised
};
// Carion et al. 2020, https://arxiv.org/abs/2005.12872 -> [B, H, W, dim]. A constant.
Tensor sine_position(const Tensor& padding, const SinePosition& how);

// Each coordinate of boxes [B, N, n], 0 to 1, as `dim` values of sines and cosines in turn -> [B, N, n *
// dim], in the order of the coordinates. Differentiable.
Tensor sine_of_coordinates(const Tensor& coordinates, int64_t dim, double temperature = 10000);

// A table of `size` rows and one of columns, [size, dim / 2] each: column first. Checkpoint names:
// row.weight, column.weight.
class LearnedPosition {
 public:
  LearnedPosition(int64_t dim, const Weights& w, int64_t size = 50);
  Tensor operator()(int64_t height, int64_t width) const;  // [height, width, dim]; fails beyond the tables

 private:
  Tensor rows_, columns_;
};

}  // namespace fovea
