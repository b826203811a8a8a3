#pragma once
#include "attention/kernels/epilogue.h"
#include "attention/kernels/panels.h"

namespace fovea::kernels {

// Winograd's F(4x4, 3x3) (https://arxiv.org/abs/1509.09308): a 3x3 convolution at 36 products for 4x4 outputs
// instead of 144. A tile of 6x6 inputs becomes 36 values, one for each "position"; so do the 3x3 weights; the
// products over channels run position by position, and what they give becomes 4x4 outputs. The points
// 0, +-sqrt(1/2), +-sqrt(2) and infinity keep the rounding error near that of the plain sum. F(2x2, 3x3), at
// the points 0, +-1 and infinity, takes 16 products for 2x2 outputs instead of 36: less is saved, but its
// weights are less than half as large. Channels come in multiples of kWinogradChannels.
enum class WinogradTile : int64_t { kTwo = 2, kFour = 4 };  // outputs a side
constexpr int64_t outputs_of(WinogradTile tile) {
  return static_cast<int64_t>(tile);
}
constexpr int64_t positions_of(WinogradTile tile) {
  return (outputs_of(tile) + 2) * (outputs_of(tile) + 2);
}
constexpr int64_t kWinogradChannels = 8;
// Floats between the positions of a buffer: else all that belongs to one tile meets in one set of the L1
// cache.
constexpr int64_t kWinogradApart = 16;

// Pictures [.., height, width, channels] under a grid of tiles, numbered picture by picture, row by row.
struct WinogradMap {
  WinogradTile tile;
  int64_t height, width, channels;
  int64_t tiles_y, tiles_x;   // of a picture
  int64_t top = 0, left = 0;  // zeros before the first row and column
};

// Where position p of channel c of a tile lies: values[p * position_stride + (c / group) * group_stride +
// slot * slot_stride + c % group], slot = tile - first_tile.
struct WinogradSlots {
  float* values;
  int64_t position_stride, slot_stride;
  int64_t group, group_stride;  // a group is a multiple of kWinogradChannels
  int64_t first_tile = 0;
};

// Tiles [begin, end) of x: of inputs for the convolution, and of 4x4 output gradients for its weights.
// `zeros`: as many as there are channels.
void winograd_input(const WinogradMap& map, const float* x, const float* zeros, const WinogradSlots& to,
                    int64_t begin, int64_t end);
void winograd_output_gradient(const WinogradMap& map, const float* dy, const float* zeros,
                              const WinogradSlots& to, int64_t begin, int64_t end);

// Tiles [begin, end) of y = activation(outputs + bias + residual); the residual lies as y does.
void winograd_output(const WinogradMap& map, const WinogradSlots& from, const Epilogue& tail, float* y,
                     int64_t begin, int64_t end);

// 3x3 weights for `columns` outputs from `depth` inputs: tap (i, j) at data[n * column_stride + k *
// depth_stride + 3 i + j], or mirrored, as the gradient of the input needs them.
struct WinogradWeights {
  WinogradTile tile;
  const float* data;
  int64_t columns, depth, column_stride, depth_stride;
  bool mirrored = false;
};
// [position][panel][k][column in panel], positions depth * padded columns + kWinogradApart floats apart; here
// for k in [k_begin, k_end) of one panel. Worked out in double.
void winograd_weights(const WinogradWeights& w, int64_t panel, int64_t k_begin, int64_t k_end, float* packed);

// Rows of v [position][tiles][depth] times such weights: m [position][tiles][padded columns].
struct WinogradProduct {
  const float* v;
  int64_t v_stride;  // of positions
  const float* packed;
  float* m;
  int64_t m_stride;
  int64_t tiles, depth, columns;
};
void winograd_product(const WinogradProduct& args, int64_t position, int64_t panel_begin, int64_t panel_end);

// sums [position][rows][padded columns], kept apart as the weights are, (+)= products of v [position][group
// of rows][tile][row in group] and z [position][panel][tile][column in panel] over `tiles`.
struct WinogradOuterProduct {
  const float* v;
  int64_t v_stride, v_group;
  const float* z;
  int64_t z_stride;
  float* sums;
  int64_t tiles, rows, columns;
  bool add;  // to what the sums hold
};
void winograd_outer_product(const WinogradOuterProduct& args, int64_t position, int64_t row_begin,
                            int64_t row_end);

// The gradient of weights [columns, depth, 3, 3] from sums [position][depth][padded columns], for columns
// [begin, end), both multiples of kWinogradChannels.
void winograd_weight_gradient(const float* sums, int64_t depth, int64_t columns, float* dw, int64_t begin,
                              int64_t end);

}  // namespace fovea::kernels
