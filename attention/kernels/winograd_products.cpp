#include <algorithm>

#include "attention/kernels/winograd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/winograd_products.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "attention/base/isa.h"
#include "attention/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr int64_t kPanel = kTileVectors * kLanes;  // of an outer product

// All tiles against one panel of one position, for k in [k0, k1).
HWY_INLINE void TileSweep(const WinogradProduct& p, int64_t position, int64_t panel, int64_t k0, int64_t k1) {
  const Panels panels{p.columns, kLanes};
  const int64_t padded = panels.padded(), n = panels.begin(panel), width = panels.width(panel);
  const float* v = p.v + position * p.v_stride;
  float* m = p.m + position * p.m_stride + n;
  TileArgs t{.depth = k1 - k0, .a = nullptr, .a_stride = p.depth};
  t.b = p.packed + position * (p.depth * padded + kWinogradApart) + n * p.depth + k0 * width;
  t.c_stride = t.init_stride = padded;
  t.ahead = reinterpret_cast<const char*>(t.b + t.depth * width);
  t.ahead_lines = (t.depth * width / 16 + p.tiles / kTileRows) / (p.tiles / kTileRows + 1);
  for (int64_t i = 0; i < p.tiles;) {
    const int64_t rows = NextTileRows(p.tiles - i);
    t.a = v + i * p.depth + k0;
    t.c = m + i * padded;
    t.init = k0 ? t.c : nullptr;
    Tile(rows, width / kLanes, t);
    t.ahead += t.ahead_lines * 64;
    i += rows;
  }
}

// A deep product goes in blocks of k, so that a panel stays in L1 and L2.
void Product(const WinogradProduct& p, int64_t position, int64_t panel_begin, int64_t panel_end) {
  constexpr int64_t kMostDepth = 512;
  const int64_t blocks = (p.depth + kMostDepth - 1) / kMostDepth;
  const int64_t depth = ((p.depth + blocks - 1) / blocks + 3) / 4 * 4;
  for (int64_t k = 0; k < p.depth; k += depth)
    for (int64_t panel = panel_begin; panel < panel_end; ++panel)
      TileSweep(p, position, panel, k, std::min(p.depth, k + depth));
}

struct OuterTileArgs {
  int64_t tiles = 0;
  const float* a = nullptr;  // [tile][group of rows]: 4 of them
  int64_t a_stride = 0;
  const float* b = nullptr;  // [tile][panel]
  float* c = nullptr;
  int64_t c_stride = 0;
  bool add = false;  // to c
};

#define FOVEA_FOR_TILE                                        \
  _Pragma("GCC unroll 4") for (int i = 0; i < kTileRows; ++i) \
      _Pragma("GCC unroll 3") for (int j = 0; j < kVectors; ++j)

// 4 rows by 3 vectors as in tile-inl.h, but the rows of one step lie side by side: both operands are streams.
template <int kVectors>
HWY_NOINLINE void OuterTile(const OuterTileArgs& t) {
  const D d;
  V s[kTileRows][kVectors];
  FOVEA_FOR_TILE s[i][j] = hn::Zero(d);
  const float* a = t.a;
  const float* b = t.b;
  auto step = [&](int u) HWY_ATTR __attribute__((always_inline)) {
    V w[kVectors];
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; ++j) w[j] = hn::LoadU(d, b + u * kPanel + j * kLanes);
#pragma GCC unroll 4
    for (int i = 0; i < kTileRows; ++i) {
      const V x = hn::Set(d, a[i]);
#pragma GCC unroll 3
      for (int j = 0; j < kVectors; ++j) s[i][j] = hn::MulAdd(x, w[j], s[i][j]);
    }
    a += t.a_stride;
  };
  int64_t left = t.tiles;
  for (; left >= 4; left -= 4, b += 4 * kPanel) step(0), step(1), step(2), step(3);
  for (; left > 0; --left, b += kPanel) step(0);
  if (t.add) {
    FOVEA_FOR_TILE s[i][j] = hn::Add(hn::LoadU(d, t.c + i * t.c_stride + j * kLanes), s[i][j]);
  }
  FOVEA_FOR_TILE hn::StoreU(s[i][j], d, t.c + i * t.c_stride + j * kLanes);
}
#undef FOVEA_FOR_TILE

void OuterProduct(const WinogradOuterProduct& p, int64_t position, int64_t row_begin, int64_t row_end) {
  const int64_t padded = Panels{p.columns, kLanes}.padded();
  float* sums = p.sums + position * (p.rows * padded + kWinogradApart);
  OuterTileArgs t{.tiles = p.tiles, .a = nullptr, .a_stride = p.v_group};
  t.c_stride = padded;
  t.add = p.add;
  for (int64_t n = 0; n < padded; n += kPanel) {
    t.b = p.z + position * p.z_stride + n * p.tiles;
    const int64_t vectors = std::min(kPanel, padded - n) / kLanes;
    for (int64_t row = row_begin; row < row_end; row += kTileRows) {
      const int64_t in_group = row % p.v_group;
      t.a = p.v + position * p.v_stride + (row - in_group) * p.tiles + in_group;
      t.c = sums + row * padded + n;
      vectors == 3 ? OuterTile<3>(t) : vectors == 2 ? OuterTile<2>(t) : OuterTile<1>(t);
    }
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(Product);
HWY_EXPORT(OuterProduct);

void winograd_product(const WinogradProduct& args, int64_t position, int64_t panel_begin, int64_t panel_end) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Product)(args, position, panel_begin, panel_end);
}

void winograd_outer_product(const WinogradOuterProduct& args, int64_t position, int64_t row_begin,
                            int64_t row_end) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(OuterProduct)(args, position, row_begin, row_end);
}

}  // namespace fovea::kernels
#endif
