#pragma once
#include "attention/kernels/epilogue.h"
#include "attention/kernels/packed_matrix.h"

namespace fovea::kernels {

// Rows [begin, end) of y = x w^T, on the columns of panels [panel_begin, panel_end). Strides in floats; of a
// turned x, [depth, rows], x_stride is that of the depth, and a column lies together with its neighbours.
// Each element is a sum of chains of fused multiply-adds, one for each block of k that `w` is packed in,
// whatever the tile, the range or the thread: the same bits always. One thread; no allocation.
struct GemmArgs {
  const float* x;
  int64_t x_stride;
  const PackedMatrix* w;
  float* y;
  int64_t y_stride;
  Epilogue epilogue = {};
  bool x_turned = false;
};
void gemm(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin, int64_t panel_end);

// Writes columns [n0, n0 + width) of w for k in [k0, k1) as [k][width], times `scale`; zeros beyond
// w.columns.
void pack_panel(const MatrixView& w, int64_t n0, int64_t width, int64_t k0, int64_t k1, float scale,
                float* out);

// y = activation(x) for n values; x may be y.
void activate(Activation activation, const float* x, float* y, int64_t n);

}  // namespace fovea::kernels
