#include "attention/kernels/filter_gradient.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/filter_gradient.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>

#include "attention/base/isa.h"
#include "attention/kernels/packed_matrix.h"
#include "attention/kernels/vector_math-inl.h"

#ifndef FOVEA_FILTER_GRADIENT_ONCE
#define FOVEA_FILTER_GRADIENT_ONCE
namespace fovea::kernels {

constexpr int64_t kQuad = 4;  // channels that a tile takes

// Rows of outputs that are summed in one go, so that what a panel of dy holds stays in L1: some rows of one
// picture, or several small pictures.
struct Band {
  int64_t picture = 0, pictures = 1, row = 0, rows = 1;
  int64_t in_rows = 0, in_columns = 0;  // of each picture, with the zeros around it
};

inline Band whole_band(const FilterGradientArgs& a) {
  constexpr int64_t kPixels = 256;
  Band band;
  band.rows = std::clamp<int64_t>(kPixels / a.out_width, 1, a.out_height);
  if (band.rows == a.out_height) band.pictures = std::max<int64_t>(1, kPixels / (a.out_height * a.out_width));
  return band;
}

inline void set_input_size(const FilterGradientArgs& a, Band& band) {
  const Window& w = a.window;
  band.in_rows = (band.rows - 1) * w.stride[0] + (w.size[0] - 1) * w.dilation[0] + 1;
  band.in_columns = (a.out_width - 1) * w.stride[1] + (w.size[1] - 1) * w.dilation[1] + 1;
}

// The band's input as [4 channels][picture][row][column][channel of these], zeros where there is none.
inline void pack_input(const FilterGradientArgs& a, const FilterGradientPart& part, const Band& band,
                       float* out) {
  const int64_t count = part.channel_end - part.channel_begin, quads = (count + kQuad - 1) / kQuad;
  const int64_t plane = band.pictures * band.in_rows * band.in_columns * kQuad;
  const int64_t top = band.row * a.window.stride[0] - a.window.padding[0], left = -a.window.padding[1];
  const float* from = a.x + part.group * (a.channels / a.groups) + part.channel_begin;
  for (int64_t p = 0; p < band.pictures; ++p)
    for (int64_t r = 0; r < band.in_rows; ++r)
      for (int64_t c = 0; c < band.in_columns; ++c, out += kQuad) {
        const int64_t y = top + r, x = left + c;
        const bool inside = y >= 0 && y < a.height && x >= 0 && x < a.width;
        const float* pixel = from + (((band.picture + p) * a.height + y) * a.width + x) * a.channels;
        const int64_t whole = inside ? count / kQuad : 0;
        for (int64_t q = 0; q < whole; ++q) std::copy_n(pixel + q * kQuad, kQuad, out + q * plane);
        for (int64_t q = whole; q < quads; ++q)
          for (int64_t i = 0; i < kQuad; ++i)
            out[q * plane + i] = inside && q * kQuad + i < count ? pixel[q * kQuad + i] : 0.f;
      }
}

}  // namespace fovea::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr int64_t kPanel = 3 * kLanes;  // outputs that a tile takes

// The band's output gradients as [panel of 3 vectors][pixel][output in panel].
void PackGradients(const FilterGradientArgs& a, int64_t group, const Band& band, float* out) {
  const int64_t all = a.outputs / a.groups, padded = (all + kLanes - 1) / kLanes * kLanes;
  const int64_t pixels = band.pictures * band.rows * a.out_width;  // they lie one after another
  const float* from = a.dy + (band.picture * a.out_height + band.row) * a.out_width * a.outputs + group * all;
  for (int64_t n = 0; n < padded; n += kPanel) {
    const int64_t width = std::min(kPanel, padded - n), valid = std::min(width, all - n);
    for (int64_t p = 0; p < pixels; ++p, out += width) {
      std::copy_n(from + p * a.outputs + n, valid, out);
      std::fill(out + valid, out + width, 0.f);
    }
  }
}

struct OuterArgs {
  const float* x;   // 4 channels of the tap's first pixel
  const float* dy;  // a panel
  float* sums;      // 4 rows
  int64_t sums_stride;
  int64_t pictures, rows, columns;
  int64_t picture_step, row_step, pixel_step;  // of x
};

// sums += x^T dy over all pixels of a band: 4 channels by kVectors vectors of outputs in registers.
#define FOVEA_FOR_OUTER                                   \
  _Pragma("GCC unroll 4") for (int i = 0; i < kQuad; ++i) \
      _Pragma("GCC unroll 3") for (int j = 0; j < kVectors; ++j)

template <int kVectors>
HWY_INLINE void OuterOf(const OuterArgs& t) {
  const D d;
  V s[kQuad][kVectors];
  FOVEA_FOR_OUTER s[i][j] = hn::Zero(d);
  const float* dy = t.dy;
  for (int64_t p = 0; p < t.pictures; ++p)
    for (int64_t r = 0; r < t.rows; ++r) {
      const float* x = t.x + p * t.picture_step + r * t.row_step;
      for (int64_t c = 0; c < t.columns; ++c, x += t.pixel_step, dy += kVectors * kLanes) {
        V g[kVectors];
#pragma GCC unroll 3
        for (int j = 0; j < kVectors; ++j) g[j] = hn::LoadU(d, dy + j * kLanes);
#pragma GCC unroll 4
        for (int i = 0; i < kQuad; ++i) {
          const V v = hn::Set(d, x[i]);
#pragma GCC unroll 3
          for (int j = 0; j < kVectors; ++j) s[i][j] = hn::MulAdd(v, g[j], s[i][j]);
        }
      }
    }
  FOVEA_FOR_OUTER {
    float* sum = t.sums + i * t.sums_stride + j * kLanes;
    hn::StoreU(hn::Add(hn::LoadU(d, sum), s[i][j]), d, sum);
  }
}
#undef FOVEA_FOR_OUTER

inline HWY_NOINLINE void Outer(int64_t vectors, const OuterArgs& t) {
  vectors == 3 ? OuterOf<3>(t) : vectors == 2 ? OuterOf<2>(t) : OuterOf<1>(t);
}

void BandGradient(const FilterGradientArgs& a, int64_t quads, const Band& band, const float* x,
                  const float* dy, float* sums) {
  const Window& w = a.window;
  const int64_t padded = (a.outputs / a.groups + kLanes - 1) / kLanes * kLanes;
  const int64_t row = band.in_columns * kQuad, plane = band.pictures * band.in_rows * row;
  OuterArgs t{};
  t.sums_stride = padded;
  t.pictures = band.pictures, t.rows = band.rows, t.columns = a.out_width;
  t.picture_step = band.in_rows * row, t.row_step = row * w.stride[0], t.pixel_step = kQuad * w.stride[1];
  for (int64_t n = 0; n < padded; n += kPanel) {
    t.dy = dy + n * band.pictures * band.rows * a.out_width;
    for (int64_t q = 0; q < quads; ++q)
      for (int64_t tap = 0; tap < w.taps(); ++tap) {
        t.x = x + q * plane + tap / w.size[1] * w.dilation[0] * row + tap % w.size[1] * w.dilation[1] * kQuad;
        t.sums = sums + (q * w.taps() + tap) * kQuad * padded + n;
        Outer(std::min(kPanel, padded - n) / kLanes, t);
      }
  }
}

void FilterGradient(const FilterGradientArgs& a, const FilterGradientPart& part, float* scratch,
                    float* sums) {
  const int64_t padded = (a.outputs / a.groups + kLanes - 1) / kLanes * kLanes;
  const int64_t quads = (part.channel_end - part.channel_begin + kQuad - 1) / kQuad;
  const Band whole = whole_band(a);
  float* const dy = scratch;
  float* const x = scratch + whole.pictures * whole.rows * a.out_width * padded;
  for (int64_t p = part.picture_begin; p < part.picture_end; p += whole.pictures)
    for (int64_t r = 0; r < a.out_height; r += whole.rows) {
      Band band;
      band.picture = p, band.pictures = std::min(whole.pictures, part.picture_end - p);
      band.row = r, band.rows = std::min(whole.rows, a.out_height - r);
      set_input_size(a, band);
      PackGradients(a, part.group, band, dy);
      pack_input(a, part, band, x);
      BandGradient(a, quads, band, x, dy, sums + part.channel_begin * a.window.taps() * padded);
    }
}

// kVectors vectors of channels from c on, one tap, one row.
template <int kVectors>
HWY_INLINE void DepthwiseRow(const float* x, int64_t x_step, const float* dy, int64_t dy_step, int64_t n,
                             float* sums) {
  const D d;
  V s[kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) s[j] = hn::LoadU(d, sums + j * kLanes);
  for (int64_t i = 0; i < n; ++i, x += x_step, dy += dy_step)
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      s[j] = hn::MulAdd(hn::LoadU(d, x + j * kLanes), hn::LoadU(d, dy + j * kLanes), s[j]);
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) hn::StoreU(s[j], d, sums + j * kLanes);
}

// All channels, one tap, n neighbours in a row.
void DepthwiseSums(const FilterGradientArgs& a, const float* x, const float* dy, int64_t n, float* sums) {
  const int64_t step = a.channels * a.window.stride[1];
  int64_t c = 0;
  for (; c + 4 * kLanes <= a.channels; c += 4 * kLanes)
    DepthwiseRow<4>(x + c, step, dy + c, a.channels, n, sums + c);
  for (; c + kLanes <= a.channels; c += kLanes) DepthwiseRow<1>(x + c, step, dy + c, a.channels, n, sums + c);
  for (; c < a.channels; ++c)
    for (int64_t i = 0; i < n; ++i) sums[c] += x[c + i * step] * dy[c + i * a.channels];
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(FilterGradient);
HWY_EXPORT(DepthwiseSums);

int64_t filter_gradient_outputs(const FilterGradientArgs& a) {
  const int64_t lanes = vector_lanes();
  return (a.outputs / a.groups + lanes - 1) / lanes * lanes;
}

int64_t filter_gradient_sums(const FilterGradientArgs& a) {
  const int64_t quads = (a.channels / a.groups + kQuad - 1) / kQuad;
  return quads * kQuad * a.window.taps() * filter_gradient_outputs(a);
}

int64_t filter_gradient_scratch(const FilterGradientArgs& a, int64_t channels) {
  Band band = whole_band(a);
  set_input_size(a, band);
  return band.pictures * (band.rows * a.out_width * filter_gradient_outputs(a) +
                          band.in_rows * band.in_columns * ((channels + kQuad - 1) / kQuad * kQuad));
}

void filter_gradient(const FilterGradientArgs& args, const FilterGradientPart& part, float* scratch,
                     float* sums) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(FilterGradient)(args, part, scratch, sums);
}

void depthwise_filter_gradient(const FilterGradientArgs& a, int64_t picture_begin, int64_t picture_end,
                               float* sums) {
  active_isa();
  const Window& w = a.window;
  const auto add = HWY_DYNAMIC_DISPATCH(DepthwiseSums);
  for (int64_t row = picture_begin * a.out_height; row < picture_end * a.out_height; ++row)
    for (int64_t tap = 0; tap < w.taps(); ++tap) {
      const int64_t y = row % a.out_height * w.stride[0] + tap / w.size[1] * w.dilation[0] - w.padding[0];
      const int64_t left = tap % w.size[1] * w.dilation[1] - w.padding[1];
      if (y < 0 || y >= a.height) continue;
      const int64_t begin = left < 0 ? (-left + w.stride[1] - 1) / w.stride[1] : 0;
      const int64_t end = std::min(a.out_width, left < a.width ? (a.width - left - 1) / w.stride[1] + 1 : 0);
      if (begin >= end) continue;
      const float* x =
          a.x + ((row / a.out_height * a.height + y) * a.width + left + begin * w.stride[1]) * a.channels;
      add(a, x, a.dy + (row * a.out_width + begin) * a.channels, end - begin, sums + tap * a.channels);
    }
}

}  // namespace fovea::kernels
#endif
