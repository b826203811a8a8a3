#include "vision/resize_kernel.h"

#include <cstring>

#include "attention/base/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/resize_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef FOVEA_VISION_RESIZE_TASKS
#define FOVEA_VISION_RESIZE_TASKS
namespace fovea {
// Plain pointers: nothing of std may be instantiated in code compiled for one instruction set.
struct ColumnsTask {
  const uint8_t* const* rows;
  int64_t width, outputs;
  const int32_t* first;
  const int32_t* pairs;
  const int16_t* split;
  int64_t stride;
  int16_t* tile;  // [pixel pair][channel][row][2]
  uint8_t* const* out;
};
struct RowTask {
  const uint8_t* rows;
  int64_t row_stride, row_count;
  const int16_t* split;
  int64_t pairs, bytes;
  uint8_t* out;
};
}  // namespace fovea
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums wrap as Pillow's would; unsigned, since the two halves may pass 2^31 on their way to a result that
// fits.
HWY_INLINE uint8_t Clip(uint32_t high, uint32_t low) {
  const int32_t value = static_cast<int32_t>((high << 11) + low + (1u << 21)) >> 22;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

HWY_INLINE uint8_t WeighOne(const uint8_t* x, int64_t step, int64_t left, const int16_t* w, int64_t pairs) {
  uint32_t high = 0, low = 0;
  for (int64_t p = 0; p < pairs; ++p, w += 4, x += 2 * step, left -= 2) {
    const int32_t a = x[0], b = left > 1 ? x[step] : 0;
    high += static_cast<uint32_t>(a * w[0] + b * w[1]);
    low += static_cast<uint32_t>(a * w[2] + b * w[3]);
  }
  return Clip(high, low);
}

#if HWY_TARGET == HWY_SCALAR

template <int C>
void Columns(const ColumnsTask& t) {
  for (int r = 0; r < kTileRows; ++r)
    for (int64_t i = 0; i < t.outputs; ++i)
      for (int c = 0; c < C; ++c)
        t.out[r][i * C + c] = WeighOne(t.rows[r] + t.first[i] * C + c, C, t.width - t.first[i],
                                       t.split + i * t.stride, t.pairs[i]);
}

void Row(const RowTask& t) {
  for (int64_t k = 0; k < t.bytes; ++k)
    t.out[k] = WeighOne(t.rows + k, t.row_stride, t.row_count, t.split, t.pairs);
}

#else

using D8 = hn::Full128<uint8_t>;
using D16 = hn::CappedTag<int16_t, 16>;
using D32 = hn::RepartitionToWide<D16>;
using V32 = hn::Vec<D32>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D32()));
constexpr int kVectors = 8 / kLanes;  // that hold 8 sums

// a[2j] * b[2j] + a[2j+1] * b[2j+1]; a is not negative.
HWY_INLINE V32 PairProducts(hn::Vec<D16> a, hn::Vec<D16> b) {
  const D32 d32;
#if HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128
  V32 unused =
      hn::Zero(d32);  // x86 has this very instruction; elsewhere Highway orders the products otherwise
  return hn::ReorderWidenMulAccumulate(d32, a, b, hn::Zero(d32), unused);
#else
  const V32 pa = hn::BitCast(d32, a), pb = hn::BitCast(d32, b);
  const V32 even = hn::Mul(hn::And(pa, hn::Set(d32, 0xFFFF)), hn::ShiftRight<16>(hn::ShiftLeft<16>(pb)));
  return hn::Add(even, hn::Mul(hn::ShiftRight<16>(pa), hn::ShiftRight<16>(pb)));
#endif
}

HWY_INLINE hn::Vec<D16> Broadcast(const int16_t* pair) {
  int32_t both;
  memcpy(&both, pair, sizeof both);
  return hn::BitCast(D16(), hn::Set(D32(), both));
}

HWY_INLINE void StoreClipped(V32 high, V32 low, uint8_t* out) {
  const D32 d32;
  const V32 sum = hn::Add(hn::ShiftLeft<11>(high), hn::Add(low, hn::Set(d32, 1 << 21)));
  const hn::Rebind<uint8_t, D32> d8;
  hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<22>(sum)), d8, out);
}

// 16 bytes -> 16 values, in one or two vectors.
template <class V8>
HWY_INLINE void Widen(V8 bytes, hn::Vec<D16>* wide) {
  if constexpr (kVectors == 1) {
    wide[0] = hn::PromoteTo(D16(), bytes);
  } else {
    wide[0] = hn::PromoteTo(D16(), hn::LowerHalf(bytes));
    wide[1] = hn::PromoteTo(D16(), hn::UpperHalf(hn::Half<D8>(), bytes));
  }
}

// One step of pixels of eight rows into the tile: lanes become rows, two neighbouring pixels each.
template <int C>
HWY_INLINE void FillTile(const uint8_t* const* rows, int64_t offset, int64_t bytes_left, int16_t* tile) {
  const D8 d8;
  const hn::Full128<uint16_t> d16;
  alignas(16) static constexpr uint8_t kPairs[16] = {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, 12, 13, 14, 15};
  hn::Vec<hn::Full128<uint16_t> > v[8], next[8];
  for (int r = 0; r < 8; ++r) {
    hn::Vec<D8> x;
    if (bytes_left >= 16) {
      x = hn::LoadU(d8, rows[r] + offset);
    } else {
      alignas(16) uint8_t padded[16] = {};
      memcpy(padded, rows[r] + offset, static_cast<size_t>(bytes_left));
      x = hn::Load(d8, padded);
    }
    if constexpr (C == 3) x = hn::TableLookupBytes(x, hn::Load(d8, kPairs));
    v[r] = hn::BitCast(d16, x);
  }
  for (int round = 0; round < 3; ++round) {  // each moves one bit of the row number behind the place
    for (int i = 0; i < 4; ++i) {
      next[2 * i] = hn::InterleaveLower(d16, v[i], v[i + 4]);
      next[2 * i + 1] = hn::InterleaveUpper(d16, v[i], v[i + 4]);
    }
    for (int i = 0; i < 8; ++i) v[i] = next[i];
  }
  for (int i = 0; i < (C == 3 ? 6 : 8); ++i) {
    hn::Vec<D16> wide[kVectors];
    Widen(hn::BitCast(d8, v[i]), wide);
    for (int j = 0; j < kVectors; ++j) hn::StoreU(wide[j], D16(), tile + i * 16 + j * 2 * kLanes);
  }
}

// One output pixel of eight rows: out[c][row].
template <int C>
HWY_INLINE void WeighTile(const int16_t* tile, const int16_t* w, int64_t pairs, uint8_t* out) {
  V32 high[C * kVectors], low[C * kVectors];
  for (int n = 0; n < C * kVectors; ++n) high[n] = low[n] = hn::Zero(D32());
  for (int64_t p = 0; p < pairs; ++p, w += 4, tile += C * 16) {
    const hn::Vec<D16> w_high = Broadcast(w), w_low = Broadcast(w + 2);
    hn::Vec<D16> x[C * kVectors];
    for (int n = 0; n < C * kVectors; ++n) x[n] = hn::LoadU(D16(), tile + n * 2 * kLanes);
    for (int n = 0; n < C * kVectors; ++n) high[n] = hn::Add(high[n], PairProducts(x[n], w_high));
    for (int n = 0; n < C * kVectors; ++n) low[n] = hn::Add(low[n], PairProducts(x[n], w_low));
  }
  for (int n = 0; n < C * kVectors; ++n) StoreClipped(high[n], low[n], out + n * kLanes);
}

// Eight values of eight rows, [value][row], to the rows.
HWY_INLINE void StoreRows(const uint8_t* values, uint8_t* const* out, int64_t offset, int64_t bytes) {
  const D8 d8;
  hn::Vec<D8> v[4], next[4];
  for (int i = 0; i < 4; ++i) v[i] = hn::Load(d8, values + 16 * i);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2; ++i) {
      next[2 * i] = hn::InterleaveLower(d8, v[i], v[i + 2]);
      next[2 * i + 1] = hn::InterleaveUpper(d8, v[i], v[i + 2]);
    }
    for (int i = 0; i < 4; ++i) v[i] = next[i];
  }
  alignas(16) uint8_t by_row[64];
  for (int i = 0; i < 4; ++i) hn::Store(v[i], d8, by_row + 16 * i);
  for (int r = 0; r < kTileRows; ++r) {
    if (bytes >= 8)
      memcpy(out[r] + offset, by_row + 8 * r, 8);
    else
      memcpy(out[r] + offset, by_row + 8 * r, static_cast<size_t>(bytes));
  }
}

template <int C>
void Columns(const ColumnsTask& t) {
  constexpr int64_t kStep = C == 3 ? 4 : 16;  // pixels a FillTile
  const int64_t origin = t.first[0];
  int64_t filled = origin;
  alignas(16) uint8_t values[8 * C * kTileRows] = {};
  for (int64_t i = 0; i < t.outputs; ++i) {
    for (; filled < t.first[i] + 2 * t.pairs[i]; filled += kStep)
      FillTile<C>(t.rows, filled * C, (t.width - filled) * C, t.tile + (filled - origin) / 2 * C * 16);
    const int64_t place = i % 8;
    WeighTile<C>(t.tile + (t.first[i] - origin) / 2 * C * 16, t.split + i * t.stride, t.pairs[i],
                 values + place * C * kTileRows);
    if (place < 7 && i + 1 < t.outputs) continue;
    const int64_t bytes = (place + 1) * C;
    for (int64_t k = 0; k < bytes; k += 8)
      StoreRows(values + k * kTileRows, t.out, (i - place) * C + k, bytes - k);
  }
}

HWY_INLINE void WeighRows16(const RowTask& t, int64_t k) {
  const D8 d8;
  V32 high[2 * kVectors], low[2 * kVectors];
  for (int n = 0; n < 2 * kVectors; ++n) high[n] = low[n] = hn::Zero(D32());
  const uint8_t* row = t.rows + k;
  const int16_t* w = t.split;
  for (int64_t p = 0; p < t.pairs; ++p, w += 4, row += 2 * t.row_stride) {
    const hn::Vec<D8> a = hn::LoadU(d8, row);
    const hn::Vec<D8> b = 2 * p + 1 < t.row_count ? hn::LoadU(d8, row + t.row_stride) : hn::Zero(d8);
    hn::Vec<D16> x[2 * kVectors];
    Widen(hn::InterleaveLower(d8, a, b), x);
    Widen(hn::InterleaveUpper(d8, a, b), x + kVectors);
    const hn::Vec<D16> w_high = Broadcast(w), w_low = Broadcast(w + 2);
    for (int n = 0; n < 2 * kVectors; ++n) {
      high[n] = hn::Add(high[n], PairProducts(x[n], w_high));
      low[n] = hn::Add(low[n], PairProducts(x[n], w_low));
    }
  }
  for (int n = 0; n < 2 * kVectors; ++n) StoreClipped(high[n], low[n], t.out + k + n * kLanes);
}

void Row(const RowTask& t) {
  int64_t k = 0;
  for (; k + 16 <= t.bytes; k += 16) WeighRows16(t, k);
  for (; k < t.bytes; ++k) t.out[k] = WeighOne(t.rows + k, t.row_stride, t.row_count, t.split, t.pairs);
}

#endif

void ColumnsGray(const ColumnsTask& t) {
  Columns<1>(t);
}
void ColumnsRgb(const ColumnsTask& t) {
  Columns<3>(t);
}

}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
HWY_EXPORT(ColumnsGray);
HWY_EXPORT(ColumnsRgb);
HWY_EXPORT(Row);

int64_t resize_scratch(int64_t width, int channels) {
  return (width + 32) / 2 * channels * 2 * kTileRows;
}

void resize_columns(const uint8_t* const* rows, int64_t width, int channels, const FixedTaps& taps,
                    int16_t* scratch, uint8_t* const* out) {
  active_isa();
  const ColumnsTask task{rows,
                         width,
                         static_cast<int64_t>(taps.first.size()),
                         taps.first.data(),
                         taps.pairs.data(),
                         taps.split.data(),
                         taps.stride,
                         scratch,
                         out};
  channels == 3 ? HWY_DYNAMIC_DISPATCH(ColumnsRgb)(task) : HWY_DYNAMIC_DISPATCH(ColumnsGray)(task);
}

void resize_row(const uint8_t* first_row, int64_t row_stride, const FixedTaps& taps, int64_t i, int64_t bytes,
                uint8_t* out) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Row)
  ({first_row, row_stride, taps.inputs - taps.first[i], taps.split.data() + i * taps.stride, taps.pairs[i],
    bytes, out});
}

}  // namespace fovea
#endif
