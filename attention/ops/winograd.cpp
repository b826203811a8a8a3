#include "attention/ops/winograd.h"

#include <algorithm>

#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

using kernels::kWinogradApart;
using kernels::kWinogradChannels;
using kernels::WinogradMap;
using kernels::WinogradSlots;
using kernels::WinogradTile;

constexpr int64_t kFour = outputs_of(WinogradTile::kFour), kPositions = positions_of(WinogradTile::kFour);

constexpr int64_t kTransformed = 8;  // tiles a task transforms at least

int64_t panel_width() {
  return 3 * kernels::vector_lanes();
}
kernels::Panels panels_of(int64_t columns) {
  return {columns, kernels::vector_lanes()};
}
int64_t pieces(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}

Shape output_shape(const Shape& x, const Shape& weight, std::array<int64_t, 2> padding) {
  return {x[0], x[1] + 2 * padding[0] - 2, x[2] + 2 * padding[1] - 2, weight[0]};
}

WinogradMap map_of(const Shape& shape, WinogradTile tile, int64_t tiles_y, int64_t tiles_x,
                   std::array<int64_t, 2> padding) {
  return {.tile = tile,
          .height = shape[1],
          .width = shape[2],
          .channels = shape[3],
          .tiles_y = tiles_y,
          .tiles_x = tiles_x,
          .top = padding[0],
          .left = padding[1]};
}

// One convolution, cut into blocks of tiles whose transforms fit the cache.
struct Work {
  WinogradMap in, out;
  const float* x;
  const float* weight;
  kernels::Epilogue tail;
  float* y;
  const float* zeros;
};

// Equal blocks of at most 64 tiles: fewer would stream large weights too often, more would not stay in L2.
int64_t block_tiles(int64_t tiles) {
  constexpr int64_t kMost = 64;
  return pieces(pieces(tiles, pieces(tiles, kMost)), 4) * 4;
}

// Tiles [begin, end), each of the three steps on all threads if `spread`.
void run_block(const Work& work, int64_t begin, int64_t end, bool spread) {
  const int64_t tiles = end - begin, in = work.in.channels, out = work.out.channels;
  const kernels::Panels panels = panels_of(out);
  const int64_t columns = panels.padded();
  const int64_t v_stride = tiles * in + kWinogradApart, m_stride = tiles * columns + kWinogradApart;
  const int64_t positions = positions_of(work.in.tile);
  Tensor v(Shape{positions * v_stride}), m(Shape{positions * m_stride});
  const WinogradSlots inputs{v.mutable_data(), v_stride, in, in, 0, begin};
  parallel_for(tiles, spread ? kTransformed : tiles, [&](int64_t first, int64_t last) {
    kernels::winograd_input(work.in, work.x, work.zeros, inputs, begin + first, begin + last);
  });

  const kernels::WinogradProduct product{v.data(), v_stride, work.weight, m.mutable_data(),
                                         m_stride, tiles,    in,          out};
  parallel_for(positions, spread ? 1 : positions, [&](int64_t first, int64_t last) {
    for (int64_t position = first; position < last; ++position)
      kernels::winograd_product(product, position, 0, panels.count());
  });

  const WinogradSlots outputs{m.mutable_data(), m_stride, columns, columns, 0, begin};
  parallel_for(tiles, spread ? kTransformed : tiles, [&](int64_t first, int64_t last) {
    kernels::winograd_output(work.out, outputs, work.tail, work.y, begin + first, begin + last);
  });
}

Tensor convolve(const Tensor& x, const PackedWinograd& weight, const Tensor& bias,
                std::array<int64_t, 2> padding, const Tail& tail) {
  if (weight.lanes() != kernels::vector_lanes())
    fail("winograd: the weights were packed for another instruction set");
  const int64_t in = weight.depth(), out = weight.columns();
  const Shape shape = output_shape(x.shape(), {out}, padding);
  if (bias && bias.count() != out) fail("winograd: bias ", bias.shape(), " for ", out, " channels");
  if (tail.residual && tail.residual.shape() != shape)
    fail("winograd: residual ", tail.residual.shape(), " for output ", shape);
  Tensor y = output_over(tail, shape);
  if (shape.count() == 0) return y;
  const Tensor zeros = Tensor::full({in}, 0);
  const WinogradTile tile = weight.tile();
  const int64_t tiles_y = pieces(y.dim(1), outputs_of(tile)), tiles_x = pieces(y.dim(2), outputs_of(tile));
  const Work work{
      .in = map_of(x.shape(), tile, tiles_y, tiles_x, padding),
      .out = map_of(y.shape(), tile, tiles_y, tiles_x, {}),
      .x = x.data(),
      .weight = weight.data(),
      .tail = {.bias = bias.data(), .activation = tail.activation, .residual = tail.residual.data()},
      .y = y.mutable_data(),
      .zeros = zeros.data()};
  const int64_t tiles = x.dim(0) * tiles_y * tiles_x, block = block_tiles(tiles);
  const bool few = pieces(tiles, block) < 16;
  parallel_for(tiles, block, [&](int64_t begin, int64_t end) { run_block(work, begin, end, few); });
  return y;
}

// What a weight gradient works with: tiles of x and of dy, transformed chunk by chunk.
struct GradientWork {
  WinogradMap x, dy;
  const float* x_values;
  const float* dy_values;
  const float* zeros;
  float* sums;
};

// sums (+)= what tiles [begin, end) give; v and z hold their transforms.
void add_chunk(const GradientWork& work, int64_t begin, int64_t end, Tensor& v, Tensor& z) {
  constexpr int64_t kRows = 64;  // of the sums for a task
  const int64_t tiles = end - begin, in = work.x.channels, out = work.dy.channels, panel = panel_width();
  const int64_t v_stride = tiles * in + kWinogradApart,
                z_stride = tiles * pieces(out, panel) * panel + kWinogradApart;
  const WinogradSlots inputs{v.mutable_data(),          v_stride, kWinogradChannels, kWinogradChannels,
                             tiles * kWinogradChannels, begin};
  const WinogradSlots gradients{z.mutable_data(), z_stride, panel, panel, tiles * panel, begin};
  parallel_for(tiles, kTransformed, [&](int64_t first, int64_t last) {
    kernels::winograd_input(work.x, work.x_values, work.zeros, inputs, begin + first, begin + last);
    kernels::winograd_output_gradient(work.dy, work.dy_values, work.zeros, gradients, begin + first,
                                      begin + last);
  });
  const kernels::WinogradOuterProduct product{
      v.data(), v_stride, kWinogradChannels, z.data(), z_stride, work.sums, tiles, in, out, begin > 0};
  const int64_t parts = pieces(in, kRows);
  parallel_for(kPositions * parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t row = task % parts * kRows;
      kernels::winograd_outer_product(product, task / parts, row, std::min(in, row + kRows));
    }
  });
}

}  // namespace

bool winograd_fits(const Shape& weight, const Convolution& how) {
  using Pair = std::array<int64_t, 2>;
  if (weight.rank() != 4 || weight[2] != 3 || weight[3] != 3) return false;
  if (how.groups != 1 || how.stride != Pair{1, 1} || how.dilation != Pair{1, 1}) return false;
  if (std::min(how.padding[0], how.padding[1]) < 0 || std::max(how.padding[0], how.padding[1]) > 1)
    return false;
  for (int64_t channels : {weight[0], weight[1]})
    if (channels < 16 || channels % kWinogradChannels != 0) return false;
  return true;
}

bool winograd_suits(const Shape& x, const Shape& weight, const Convolution& how) {
  if (!winograd_fits(weight, how) || x.rank() != 4 || x[0] == 0 || weight[1] != x[3]) return false;
  for (int axis : {0, 1})
    if (x[1 + axis] + 2 * how.padding[axis] - 2 < kFour) return false;
  return true;
}

PackedWinograd::PackedWinograd(const Tensor& weight, WinogradTile tile)
    : PackedWinograd(weight, tile, false) {}

PackedWinograd::PackedWinograd(const Tensor& weight, WinogradTile tile, bool for_input_gradient)
    : tile_(tile),
      columns_(weight.dim(for_input_gradient ? 1 : 0)),
      depth_(weight.dim(for_input_gradient ? 0 : 1)),
      lanes_(kernels::vector_lanes()),
      values_(Shape{positions_of(tile) * (depth_ * panels_of(columns_).padded() + kWinogradApart)}) {
  constexpr int64_t kDepth = 32;  // for a task
  const int64_t of_out = weight.dim(1) * 9;
  const kernels::WinogradWeights view{tile,
                                      weight.data(),
                                      columns_,
                                      depth_,
                                      for_input_gradient ? 9 : of_out,
                                      for_input_gradient ? of_out : 9,
                                      for_input_gradient};
  const int64_t parts = pieces(depth_, kDepth);
  parallel_for(panels_of(columns_).count() * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t k = task % parts * kDepth;
      kernels::winograd_weights(view, task / parts, k, std::min(depth_, k + kDepth), values_.mutable_data());
    }
  });
}

Tensor winograd(const Tensor& x, const PackedWinograd& weight, const Tensor& bias, const Convolution& how,
                const Tail& tail) {
  const Shape shape{weight.columns(), weight.depth(), 3, 3};
  if (!winograd_fits(shape, how) || x.shape().rank() != 4 || x.dim(3) != shape[1] ||
      x.dim(1) + 2 * how.padding[0] < 3 || x.dim(2) + 2 * how.padding[1] < 3)
    fail("convolution: input ", x.shape(), " does not fit filters ", shape);
  return convolve(x, weight, bias, how.padding, tail);
}

Tensor winograd(const Tensor& x, const Tensor& weight, const Tensor& bias, const Convolution& how,
                const Tail& tail) {
  if (!winograd_suits(x.shape(), weight.shape(), how))
    fail("winograd: input ", x.shape(), " and weight ", weight.shape(), " do not suit it");
  return convolve(x, PackedWinograd(weight), bias, how.padding, tail);
}

// The convolution of dy with the weights mirrored, and in and out swapped.
Tensor winograd_input_gradient(const Tensor& dy, const Tensor& weight, const Shape& x,
                               const Convolution& how) {
  if (!winograd_suits(x, weight.shape(), how) || dy.shape() != output_shape(x, weight.shape(), how.padding))
    fail("winograd: gradient ", dy.shape(), " for input ", x, " and weight ", weight.shape());
  return convolve(dy, PackedWinograd(weight, WinogradTile::kFour, true), {},
                  {2 - how.padding[0], 2 - how.padding[1]}, {});
}

Tensor winograd_weight_gradient(const Tensor& x, const Tensor& dy, const Shape& weight,
                                const Convolution& how) {
  if (!winograd_suits(x.shape(), weight, how) || dy.shape() != output_shape(x.shape(), weight, how.padding))
    fail("winograd: gradient ", dy.shape(), " of input ", x.shape(), " for weight ", weight);
  const int64_t in = weight[1], out = weight[0];
  const int64_t tiles_y = pieces(dy.dim(1), kFour), tiles_x = pieces(dy.dim(2), kFour);
  const int64_t tiles = x.dim(0) * tiles_y * tiles_x;
  constexpr int64_t kMost = 192;  // one more step of the sums for each chunk of so many tiles
  const int64_t chunk = std::min(tiles, kMost);
  const int64_t gradients = pieces(out, panel_width()) * panel_width();
  Tensor v(Shape{kPositions * (chunk * in + kWinogradApart)});
  // Zeros, for the columns that belong to no channel.
  Tensor z = Tensor::full({kPositions * (chunk * gradients + kWinogradApart)}, 0);
  Tensor sums(Shape{kPositions * (in * panels_of(out).padded() + kWinogradApart)}), dw(weight);
  const Tensor zeros = Tensor::full({std::max(in, out)}, 0);
  const GradientWork work{map_of(x.shape(), WinogradTile::kFour, tiles_y, tiles_x, how.padding),
                          map_of(dy.shape(), WinogradTile::kFour, tiles_y, tiles_x, {}),
                          x.data(),
                          dy.data(),
                          zeros.data(),
                          sums.mutable_data()};
  for (int64_t begin = 0; begin < tiles; begin += chunk)
    add_chunk(work, begin, std::min(tiles, begin + chunk), v, z);
  parallel_for(out, kWinogradChannels, [&](int64_t begin, int64_t end) {
    kernels::winograd_weight_gradient(sums.data(), in, out, dw.mutable_data(), begin, end);
  });
  return dw;
}

}  // namespace fovea
