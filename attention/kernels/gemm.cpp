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
template <Activation kActivation>
HWY_INLINE void FinishWith(int64_t rows, int64_t width, float* c, int64_t c_stride, const float* residual,
                           int64_t residual_stride) {
  const D d;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; j += kLanes) {
      V v = Activate(kActivation, hn::LoadU(d, c + i * c_stride + j));
      if (residual) v = hn::Add(v, hn::LoadU(d, residual + i * residual_stride + j));
      hn::StoreU(v, d, c + i * c_stride + j);
    }
  }
}

// The choice is made here, once a tile: inside the loops it costs a tenth of a GELU layer.
HWY_INLINE void Finish(Activation activation, int64_t rows, int64_t width, const TileArgs& t) {
  const auto with = [&](auto finish) { finish(rows, width, t.c, t.c_stride, t.residual, t.residual_stride); };
  switch (activation) {
    case Activation::kNone:
      return with(FinishWith<Activation::kNone>);
    case Activation::kRelu:
      return with(FinishWith<Activation::kRelu>);
    case Activation::kGelu:
      return with(FinishWith<Activation::kGelu>);
    case Activation::kGeluTanh:
      return with(FinishWith<Activation::kGeluTanh>);
    case Activation::kQuickGelu:
      return with(FinishWith<Activation::kQuickGelu>);
    case Activation::kSilu:
      return with(FinishWith<Activation::kSilu>);
    case Activation::kSigmoid:
      return with(FinishWith<Activation::kSigmoid>);
    case Activation::kTanh:
      return with(FinishWith<Activation::kTanh>);
  }
}

// One tile and what follows it. Without an activation the tile adds the residual itself.
HWY_INLINE void WholeTile(Activation activation, int64_t rows, int64_t width, TileArgs t) {
  const auto tile = t.turned ? TurnedTile : Tile;
  if (activation == Activation::kNone) return tile(rows, width / kLanes, t);
  TileArgs sum = t;
  sum.residual = nullptr;
  tile(rows, width / kLanes, sum);
  Finish(activation, rows, width, t);
}

// One tile whose panel ends in padding: through a small tile, so that nothing is read or written beyond the
// valid columns.
HWY_INLINE void EdgeTile(Activation activation, int64_t rows, int64_t width, int64_t valid,
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
  WholeTile(activation, rows, width, small);
  for (int64_t i = 0; i < rows; ++i) std::copy_n(out + i * kWidth, valid, t.c + i * t.c_stride);
}

// All rows against one panel, for one block of k.
HWY_INLINE void PanelSweep(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel,
                           int64_t k0) {
  const PackedMatrix& w = *args.w;
  const Epilogue& e = args.epilogue;
  const int64_t depth = std::min(w.block_depth(), w.depth() - k0);
  const Panels panels = w.panels();
  const int64_t n = panels.begin(panel), width = panels.width(panel);
  const int64_t valid = std::min(width, w.columns() - n);
  const bool first = k0 == 0, last = k0 + depth == w.depth();
  const Activation activation = last ? e.activation : Activation::kNone;
  const int64_t tiles = (row_end - row_begin + kTileRows - 1) / kTileRows;

  const int64_t row_stride = args.x_turned ? 1 : args.x_stride;
  const float* const x = args.x + k0 * (args.x_turned ? args.x_stride : 1);
  TileArgs t{.depth = depth, .a = nullptr, .a_stride = args.x_stride, .turned = args.x_turned};
  t.b = w.data() + k0 * panels.padded() + n * depth;
  t.c_stride = args.y_stride;
  t.init_stride = first ? 0 : args.y_stride;
  t.residual_stride = e.residual_stride;
  t.ahead = reinterpret_cast<const char*>(t.b + depth * width);
  t.ahead_lines = (depth * width / 16 + tiles - 1) / tiles;
  for (int64_t m = row_begin; m < row_end;) {
    const int64_t rows = NextTileRows(row_end - m);
    t.a = x + m * row_stride;
    t.c = args.y + m * args.y_stride + n;
    t.init = first ? (e.bias ? e.bias + n : nullptr) : t.c;
    t.residual = last && e.residual ? e.residual + m * e.residual_stride + n : nullptr;
    valid == width ? WholeTile(activation, rows, width, t) : EdgeTile(activation, rows, width, valid, t);
    t.ahead += t.ahead_lines * 64;
    m += rows;
  }
}

void Gemm(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin, int64_t panel_end) {
  if (row_begin >= row_end) return;
  int64_t k0 = 0;
  do {  // once at least: a product over no depth is its bias, activation and residual
    for (int64_t panel = panel_begin; panel < panel_end; ++panel)
      PanelSweep(args, row_begin, row_end, panel, k0);
    k0 += args.w->block_depth();
  } while (k0 < args.w->depth());
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
  const float* from = w.data + n0 * w.column_stride;
  if (w.column_stride == 1) {  // rows of columns lie ready
    for (int64_t k = k0; k < k1; ++k, out += width) {
      for (int64_t j = 0; j < valid; ++j) out[j] = from[k * w.depth_stride + j] * scale;
      std::fill(out + valid, out + width, 0.f);
    }
    return;
  }
  constexpr int64_t kBlock =
      16;  // of k, so that the lines read for one column serve the next values of it too
  for (int64_t k = k0; k < k1; k += kBlock) {
    const int64_t end = std::min(k1, k + kBlock);
    float* block = out + (k - k0) * width;
    for (int64_t j = 0; j < width; ++j)
      for (int64_t i = k; i < end; ++i)
        block[(i - k) * width + j] = j < valid ? from[j * w.column_stride + i * w.depth_stride] * scale : 0.f;
  }
}

}  // namespace fovea::kernels
#endif
