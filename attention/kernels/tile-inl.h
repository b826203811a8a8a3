// The heart of every product: 4 rows by 3 vectors of columns, 12 accumulators in registers. Included once for
// each instruction set by foreach_target.h.
#if defined(FOVEA_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_TILE_INL_H_
#undef FOVEA_TILE_INL_H_
#else
#define FOVEA_TILE_INL_H_
#endif

#include "attention/kernels/vector_math-inl.h"
#include "hwy/cache_control.h"
#if HWY_ARCH_X86
#include <xmmintrin.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr int64_t kTileRows = 4;
constexpr int64_t kTileVectors = 3;

struct TileArgs {
  int64_t depth = 0;
  const float* a = nullptr;  // rows of the left operand, a_stride apart; turned: its columns are
  int64_t a_stride = 0;
  bool turned = false;
  const float* b = nullptr;  // one packed panel: [k][vectors of the panel]
  float* c = nullptr;
  int64_t c_stride = 0;
  const float* init = nullptr;  // what the sum is added to: a bias row (stride 0) or c itself; null: nothing
  int64_t init_stride = 0;
  const float* residual = nullptr;  // added too; null: nothing
  int64_t residual_stride = 0;
  bool relu = false;            // of the sum
  const char* ahead = nullptr;  // this tile's share of the next panel, fetched into L2 while we multiply
  int64_t ahead_lines = 0;
};

HWY_INLINE void PrefetchToL2(const char* line) {
#if HWY_ARCH_X86
  _mm_prefetch(line, _MM_HINT_T1);
#else
  hwy::Prefetch(line);
#endif
}

// Every loop over s[][] is unrolled at compile time, and the step is always inlined: else the accumulators
// live in memory and the tile runs at a third of its speed.
#define FOVEA_FOR_TILE                                    \
  _Pragma("GCC unroll 4") for (int i = 0; i < kRows; ++i) \
      _Pragma("GCC unroll 3") for (int j = 0; j < kVectors; ++j)

template <int kRows, int kVectors, bool kTurned>
HWY_INLINE void TileOf(const TileArgs& t) {
  const D d;
  V s[kRows][kVectors];
  FOVEA_FOR_TILE s[i][j] = hn::Zero(d);
  for (int i = 0; i < kRows; ++i)
    for (int j = 0; j < kVectors; j += 2) hwy::Prefetch(t.c + i * t.c_stride + j * kLanes);
  for (int i = 0; i < kRows && t.residual; ++i)
    for (int j = 0; j < kVectors; j += 2) hwy::Prefetch(t.residual + i * t.residual_stride + j * kLanes);
  const float* a0 = t.a;
  const float* a2 =
      t.a + (kRows > 2 ? 2 : 0) * t.a_stride;  // two pointers: 4 strides do not fit one address mode
  const float* b = t.b;
  const int64_t stride = t.a_stride;
  auto step = [&](int u) HWY_ATTR __attribute__((always_inline)) {
    V w[kVectors];
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; ++j) w[j] = hn::LoadU(d, b + (u * kVectors + j) * kLanes);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      const V x = hn::Set(d, kTurned ? a0[u * stride + i]
                             : i < 2 ? a0[i * stride + u]
                                     : a2[(i - 2) * stride + u]);
#pragma GCC unroll 3
      for (int j = 0; j < kVectors; ++j) s[i][j] = hn::MulAdd(x, w[j], s[i][j]);
    }
  };
  auto advance = [&](int u) HWY_ATTR __attribute__((always_inline)) {
    a0 += kTurned ? u * stride : u;
    a2 += u;
    b += u * kVectors * kLanes;
  };
  int64_t k = 0;
  const char* ahead = t.ahead;
  const int64_t lines = (t.ahead_lines * 32 + t.depth - 1) / std::max<int64_t>(t.depth, 1);
  for (int64_t left = t.ahead_lines; left > 0 && k + 32 <= t.depth; left -= lines) {
    for (int64_t i = 0; i < lines; ++i, ahead += 64) PrefetchToL2(ahead);
    for (const int64_t end = k + 32; k < end; k += 4) {
      step(0), step(1), step(2), step(3);
      advance(4);
    }
  }
  for (; k + 4 <= t.depth; k += 4) {
    step(0), step(1), step(2), step(3);
    advance(4);
  }
  for (; k < t.depth; ++k) {
    step(0);
    advance(1);
  }
  if (t.init) {
    FOVEA_FOR_TILE s[i][j] = hn::Add(hn::LoadU(d, t.init + i * t.init_stride + j * kLanes), s[i][j]);
  }
  if (t.residual) {
    FOVEA_FOR_TILE s[i][j] = hn::Add(s[i][j], hn::LoadU(d, t.residual + i * t.residual_stride + j * kLanes));
  }
  if (t.relu) {
    FOVEA_FOR_TILE s[i][j] = hn::IfThenZeroElse(hn::Lt(s[i][j], hn::Zero(d)), s[i][j]);
  }
  FOVEA_FOR_TILE hn::StoreU(s[i][j], d, t.c + i * t.c_stride + j * kLanes);
}
#undef FOVEA_FOR_TILE

template <int kVectors, bool kTurned>
HWY_INLINE void TileRows(int64_t rows, const TileArgs& t) {
  switch (rows) {
    case 1:
      return TileOf<1, kVectors, kTurned>(t);
    case 2:
      return TileOf<2, kVectors, kTurned>(t);
    case 3:
      return TileOf<3, kVectors, kTurned>(t);
    default:
      return TileOf<4, kVectors, kTurned>(t);
  }
}

template <bool kTurned>
HWY_INLINE void TileVectors(int64_t rows, int64_t vectors, const TileArgs& t) {
  switch (vectors) {
    case 1:
      return TileRows<1, kTurned>(rows, t);
    case 2:
      return TileRows<2, kTurned>(rows, t);
    default:
      return TileRows<3, kTurned>(rows, t);
  }
}

// Two functions: one of both kinds spills more registers on its way in.
inline HWY_NOINLINE void Tile(int64_t rows, int64_t vectors, const TileArgs& t) {
  TileVectors<false>(rows, vectors, t);
}

inline HWY_NOINLINE void TurnedTile(int64_t rows, int64_t vectors, const TileArgs& t) {
  TileVectors<true>(rows, vectors, t);
}

// How many rows the next tile takes of `left`: 5 go as 3 + 2, since a single row waits on its own sums.
HWY_INLINE int64_t NextTileRows(int64_t left) {
  return left == kTileRows + 1 ? 3 : left < kTileRows ? left : kTileRows;
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
