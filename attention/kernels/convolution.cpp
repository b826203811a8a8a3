#include "attention/kernels/convolution.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/convolution.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>
#include <cassert>

#include "attention/base/isa.h"
#include "attention/kernels/depthwise.h"
#include "attention/kernels/packed_matrix.h"
#include "attention/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

// activation(y) over the tile just stored, which lies in L1.
inline HWY_NOINLINE void ActivateTile(Activation activation, int64_t rows, int64_t width, const TileArgs& t) {
  const D d;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; j += kLanes) {
      float* c = t.c + i * t.c_stride + j;
      hn::StoreU(Activate(activation, hn::LoadU(d, c)), d, c);
    }
}

HWY_INLINE void SumTile(Activation activation, int64_t rows, int64_t width, const TileArgs& t) {
  Tile(rows, width / kLanes, t);
  if (activation != Activation::kNone && !t.relu) ActivateTile(activation, rows, width, t);
}

// One tile whose panel ends in padding: through a small tile, so that nothing is read or written beyond the
// valid outputs.
inline HWY_NOINLINE void SumEdgeTile(Activation activation, int64_t rows, int64_t width, int64_t valid,
                                     const TileArgs& t) {
  constexpr int64_t kWidth = kTileVectors * kLanes;
  HWY_ALIGN float out[kTileRows * kWidth], init[kTileRows * kWidth] = {}, residual[kTileRows * kWidth] = {};
  TileArgs small = t;
  small.c = out;
  small.init = t.init ? init : nullptr;
  small.residual = t.residual ? residual : nullptr;
  small.c_stride = small.init_stride = small.residual_stride = kWidth;
  for (int64_t i = 0; i < rows; ++i) {
    if (t.init) std::copy_n(t.init + i * t.init_stride, valid, init + i * kWidth);
    if (t.residual) std::copy_n(t.residual + i * t.residual_stride, valid, residual + i * kWidth);
  }
  SumTile(activation, rows, width, small);
  for (int64_t i = 0; i < rows; ++i) std::copy_n(out + i * kWidth, valid, t.c + i * t.c_stride);
}

// One segment of one panel over all pixels of a block.
struct Sweep {
  int64_t width, valid;  // outputs: with and without padding
  bool first, last;      // of the segments
  int64_t y;             // from the start of a pixel to the panel's first output
};

HWY_INLINE void SweepPanel(const ConvolutionArgs& args, const ConvolutionBlock& b, const BlockInput& in,
                           const Sweep& s, TileArgs t) {
  const Window& window = args.w->window();
  const int64_t row_step = args.w->stacked() ? in.row : in.row * window.stride[0];
  const float* const a = t.a;
  const float* const bias = args.bias ? args.bias + s.y : nullptr;
  const Activation activation = s.last ? args.activation : Activation::kNone;
  t.relu = activation == Activation::kRelu;
  for (int64_t p = 0; p < b.pictures; ++p)
    for (int64_t r = 0; r < b.rows; ++r) {
      const int64_t y = (b.picture + p) * args.y_picture + (b.row + r) * args.y_row + s.y;
      for (int64_t column = 0; column < b.columns;) {
        const int64_t count = NextTileRows(b.columns - column);
        const int64_t at = y + (b.column + column) * args.y_pixel;
        t.a = a + p * in.picture + r * row_step + column * t.a_stride;
        t.c = args.y + at;
        t.init = s.first ? bias : t.c;
        t.residual = s.first && args.residual ? args.residual + at : nullptr;
        s.valid == s.width ? SumTile(activation, count, s.width, t)
                           : SumEdgeTile(activation, count, s.width, s.valid, t);
        t.ahead += t.ahead_lines * 64;
        column += count;
      }
    }
}

void ConvolveBlock(const ConvolutionArgs& args, const ConvolutionBlock& b, const BlockInput& in) {
  const PackedConvolution& w = *args.w;
  const int64_t tiles = b.pictures * b.rows * ((b.columns + kTileRows - 1) / kTileRows);
  const Panels panels = w.panels();
  const float* data = w.data(b.group);
  TileArgs t;
  t.a_stride = in.pixel * w.window().stride[1];
  t.c_stride = t.residual_stride = args.y_pixel;
  for (int64_t panel = b.panel_begin; panel < b.panel_end; ++panel) {
    const int64_t n = panels.begin(panel);
    Sweep s{};
    s.width = panels.width(panel);
    s.valid = std::min(s.width, w.group_outputs() - n);
    s.y = b.group * w.group_outputs() + n;
    t.b = data + n * w.depth();
    for (const PackedConvolution::Segment& segment : w.segments()) {
      s.first = &segment == &w.segments().front(), s.last = &segment == &w.segments().back();
      t.depth = segment.depth;
      t.a = in.data + segment.row * in.row + segment.start;
      t.init_stride = s.first ? 0 : args.y_pixel;
      t.ahead = reinterpret_cast<const char*>(t.b + segment.depth * s.width);
      t.ahead_lines = (segment.depth * s.width / 16 + tiles - 1) / tiles;
      SweepPanel(args, b, in, s, t);
      t.b += segment.depth * s.width;
    }
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(ConvolveBlock);

void convolution(const ConvolutionPlan& plan, int64_t part, int64_t share_begin, int64_t share_end,
                 const BlockInput& input) {
  const ConvolutionArgs& args = plan.args();
  assert(args.w->lanes() == vector_lanes() && "packed for another instruction set");
  const auto convolve = args.w->depthwise() ? depthwise_block : HWY_DYNAMIC_DISPATCH(ConvolveBlock);
  convolve(args, plan.block(part, share_begin, share_end), input);
}

}  // namespace fovea::kernels
#endif
