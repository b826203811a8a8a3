#pragma once
#include <vector>

#include "attention/ops/deformable_attention.h"

namespace fovea {

// Where the tokens of several maps lie, one map after the other, and how much of each map a picture fills.
struct TokenGrid {
  std::vector<MapSize> maps;
  Tensor filled;        // [B, maps, 2]: columns and rows
  Tensor padding = {};  // [B, S], not 0 where there is no picture; none: every picture fills its maps

  int64_t tokens() const;
  Tensor filled_shares() const;  // [B, maps, 2]: {x, y}, 0 to 1
};

// The grid of maps of these sizes. `padding`: that of each map, [B, height, width]; empty if there is none.
TokenGrid token_grid(const std::vector<MapSize>& maps, const std::vector<Tensor>& padding, int64_t batch);

// The middle of each token's cell on every map, [B, S, maps, 2].
Tensor cell_centres(const TokenGrid& grid);

// Points {x, y} or boxes {x, y, w, h} over the pictures, [B, N, n], as places on each map, [B, N, maps, n].
// Differentiable.
Tensor on_each_map(const Tensor& reference, const TokenGrid& grid);

// A box on each token's cell, the larger the coarser its map is.
struct CellBoxes {
  Tensor logits;      // [B, S, 4]: see inverse_sigmoid(); infinite where the box is padding or near an edge
  Tensor valid = {};  // [B, S, 1, 1]: 0 there, else 1; none: all are
};
CellBoxes cell_boxes(const TokenGrid& grid);

// log(x / (1 - x)), where neither x nor 1 - x counts as less than 1e-5. Differentiable.
Tensor inverse_sigmoid(const Tensor& x);

}  // namespace fovea
