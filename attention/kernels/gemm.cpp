#include "attention/kernels/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/gemm.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>
#include <cassert>
#include <cstring>

#include "attention/base/isa.h"
#include "attention/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

int64_t LanesHere() {
  return kLanes;
}

void ActivateRow(Activation activation, const float* x, float* y, int64_t n) {
  const D d;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) hn::StoreU(Activate(activation, hn::LoadU(d, x + i)), d, y + i);
  if (i == n) return;
  HWY_ALIGN float tail[kLanes] = {};
  std::copy(x + i, x + n, tail);
  hn::Store(Activate(activation, hn::Load(d, tail)), d, tail);
  std::copy(tail, tail + (n - i), y + i);
}

// activation(y) + residual over the tile just stored, which lies in L1.
HWY_INLINE void Finish(const Epilogue& e, int64_t rows, int64_t width, float* y, int64_t y_stride,
                       const float* residual) {
  const D d;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; j += kLanes) {
      V v = Activate(e.activation, hn::LoadU(d, y + i * y_stride + j));
      if (residual) v = hn::Add(v, hn::LoadU(d, residual + i * e.residual_stride + j));
      hn::StoreU(v, d, y + i * y_stride + j);
    }
  }
}

// One tile whose panel ends in padding: through a small tile, so that nothing is written beyond the valid
// columns.
HWY_INLINE void EdgeTile(int64_t rows, int64_t vectors, int64_t valid, TileArgs t, const Epilogue* finish,
                         const float* residual) {
  constexpr int64_t kWidth = kTileVectors * kLanes;
  HWY_ALIGN float out[kTileRows * kWidth], init[kTileRows * kWidth] = {}, extra[kTileRows * kWidth] = {};
  float* c = t.c;
  const int64_t c_stride = t.c_stride;
  for (int64_t i = 0; i < rows && t.init; ++i)
    std::copy_n(t.init + i * t.init_stride, valid, init + i * kWidth);
  for (int64_t i = 0; i < rows && residual; ++i)
    std::copy_n(residual + i * finish->residual_stride, valid, extra + i * kWidth);
  t.c = out;
  t.c_stride = kWidth;
  t.init = init;
  t.init_stride = kWidth;
  Tile(rows, vectors, t);
  if (finish)
    Finish({nullptr, finish->activation, extra, kWidth}, rows, vectors * kLanes, out, kWidth,
           residual ? extra : nullptr);
  for (int64_t i = 0; i < rows; ++i) std::copy_n(out + i * kWidth, valid, c + i * c_stride);
}

// All rows against one panel, for one block of k.
HWY_INLINE void PanelSweep(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel,
                           int64_t k0) {
  const PackedMatrix& w = *args.w;
  const Epilogue& e = args.epilogue;
  const int64_t depth = std::min(w.block_depth(), w.depth() - k0);
  const int64_t n = panel * w.panel_width();
  const int64_t width = std::min(w.panel_width(), w.padded_columns() - n);
  const int64_t valid = std::min(width, w.columns() - n);
  const bool first = k0 == 0, last = k0 + depth == w.depth();
  const bool finish = last && (e.activation != Activation::kNone || e.residual);
  const int64_t tiles = (row_end - row_begin + kTileRows - 1) / kTileRows;

  TileArgs t{.depth = depth, .a = nullptr, .a_stride = args.x_stride};
  t.b = w.data() + k0 * w.padded_columns() + n * depth;
  t.c_stride = args.y_stride;
  t.init_stride = first ? 0 : args.y_stride;
  t.ahead = reinterpret_cast<const char*>(t.b + depth * width);
  t.ahead_lines = (depth * width / 16 + tiles - 1) / tiles;
  for (int64_t m = row_begin; m < row_end;) {
    const int64_t rows = NextTileRows(row_end - m);
    t.a = args.x + m * args.x_stride + k0;
    t.c = args.y + m * args.y_stride + n;
    t.init = first ? (e.bias ? e.bias + n : nullptr) : t.c;
    const float* residual = e.residual && last ? e.residual + m * e.residual_stride + n : nullptr;
    if (valid == width) {
      Tile(rows, width / kLanes, t);
      if (finish) Finish(e, rows, width, t.c, t.c_stride, residual);
    } else {
      EdgeTile(rows, width / kLanes, valid, t, finish ? &e : nullptr, residual);
    }
    t.ahead += t.ahead_lines * 64;
    m += rows;
  }
}

void Gemm(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin, int64_t panel_end) {
  for (int64_t k0 = 0; k0 < args.w->depth(); k0 += args.w->block_depth())
    for (int64_t panel = panel_begin; panel < panel_end; ++panel)
      PanelSweep(args, row_begin, row_end, panel, k0);
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(LanesHere);
HWY_EXPORT(ActivateRow);
HWY_EXPORT(Gemm);

int64_t vector_lanes() {
  active_isa();
  return HWY_DYNAMIC_DISPATCH(LanesHere)();
}

void activate(Activation activation, const float* x, float* y, int64_t n) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(ActivateRow)(activation, x, y, n);
}

void gemm(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin, int64_t panel_end) {
  assert(args.w->lanes() == vector_lanes() && "packed for another instruction set");
  HWY_DYNAMIC_DISPATCH(Gemm)(args, row_begin, row_end, panel_begin, panel_end);
}

void pack_panel(const MatrixView& w, int64_t n0, int64_t width, int64_t k0, int64_t k1, float scale,
                float* out) {
  const int64_t valid = std::clamp<int64_t>(w.columns - n0, 0, width);
  for (int64_t k = k0; k < k1; ++k, out += width) {
    const float* from = w.data + n0 * w.column_stride + k * w.depth_stride;
    for (int64_t j = 0; j < valid; ++j) out[j] = from[j * w.column_stride] * scale;
    std::fill(out + valid, out + width, 0.f);
  }
}

}  // namespace fovea::kernels
#endif
