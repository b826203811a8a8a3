#include <algorithm>

#include "attention/kernels/winograd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/winograd_weights.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "attention/base/isa.h"
#include "attention/kernels/tile-inl.h"
#include "attention/kernels/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

using DD = hn::ScalableTag<double>;
using VD = hn::Vec<DD>;
using DF = hn::Rebind<float, DD>;
constexpr int64_t kDoubles = static_cast<int64_t>(hn::MaxLanes(DD()));
constexpr int64_t kWeightPanel = kTileVectors * kLanes;

#define FOVEA_UNROLL _Pragma("GCC unroll 6")

HWY_INLINE VD Scaled(double factor, VD x) {
  return hn::Mul(hn::Set(DD(), factor), x);
}

// Row p of G is [1, p, p^2] over the product of p's distances to the other points: 1, -1.5, -1.5, 6, 6.
struct WeightTransform {  // 3 taps -> 6 positions
  static constexpr int kFrom = 3, kTo = 6;
  static HWY_INLINE void Apply(const VD* x, VD* y) {
    const VD even_near = hn::MulAdd(hn::Set(DD(), -1. / 3), x[2], Scaled(-2. / 3, x[0]));
    const VD even_far = hn::MulAdd(hn::Set(DD(), 1. / 3), x[2], Scaled(1. / 6, x[0]));
    const VD odd_near = Scaled(-2. / 3 * kNear, x[1]), odd_far = Scaled(kFar / 6, x[1]);
    y[0] = x[0];
    y[1] = hn::Add(even_near, odd_near);
    y[2] = hn::Sub(even_near, odd_near);
    y[3] = hn::Add(even_far, odd_far);
    y[4] = hn::Sub(even_far, odd_far);
    y[5] = x[2];
  }
};

struct SmallWeightTransform {  // 3 taps -> 4 positions
  static constexpr int kFrom = 3, kTo = 4;
  static HWY_INLINE void Apply(const VD* x, VD* y) {
    const VD even = Scaled(0.5, hn::Add(x[0], x[2])), odd = Scaled(0.5, x[1]);
    y[0] = x[0];
    y[1] = hn::Add(even, odd);
    y[2] = hn::Sub(even, odd);
    y[3] = x[2];
  }
};

struct WeightGradientTransform {  // its transpose: 6 -> 3
  static constexpr int kFrom = 6, kTo = 3;
  static HWY_INLINE void Apply(const VD* x, VD* y) {
    const VD even_near = hn::Add(x[1], x[2]), odd_near = hn::Sub(x[1], x[2]);
    const VD even_far = hn::Add(x[3], x[4]), odd_far = hn::Sub(x[3], x[4]);
    y[0] = hn::Add(x[0], hn::MulAdd(hn::Set(DD(), -2. / 3), even_near, Scaled(1. / 6, even_far)));
    y[1] = hn::MulAdd(hn::Set(DD(), -2. / 3 * kNear), odd_near, Scaled(kFar / 6, odd_far));
    y[2] = hn::Add(x[5], Scaled(1. / 3, hn::Sub(even_far, even_near)));
  }
};

// Rows, then columns, of a small square: load(i, j) -> store(i, j, value).
template <class Transform, class Load, class Store>
HWY_INLINE void Square(const Load& load, const Store& store) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  VD columns[kTo][kFrom];
  FOVEA_UNROLL for (int j = 0; j < kFrom; ++j) {
    VD x[kFrom], y[kTo];
    FOVEA_UNROLL for (int i = 0; i < kFrom; ++i) x[i] = load(i, j);
    Transform::Apply(x, y);
    FOVEA_UNROLL for (int i = 0; i < kTo; ++i) columns[i][j] = y[i];
  }
  FOVEA_UNROLL for (int i = 0; i < kTo; ++i) {
    VD y[kTo];
    Transform::Apply(columns[i], y);
    FOVEA_UNROLL for (int j = 0; j < kTo; ++j) store(i, j, y[j]);
  }
}

template <class Transform>
void WeightPanel(const WinogradWeights& w, int64_t panel, int64_t k_begin, int64_t k_end, float* packed) {
  const DD d;
  const Panels panels{w.columns, kLanes};
  const int64_t n = panels.begin(panel), width = panels.width(panel), valid = std::min(width, w.columns - n);
  const int64_t position_stride = w.depth * panels.padded() + kWinogradApart;
  HWY_ALIGN double taps[9][kWeightPanel] = {};
  for (int64_t k = k_begin; k < k_end; ++k) {
    for (int64_t j = 0; j < valid; ++j) {
      const float* from = w.data + (n + j) * w.column_stride + k * w.depth_stride;
      for (int t = 0; t < 9; ++t) taps[t][j] = from[w.mirrored ? 8 - t : t];
    }
    float* out = packed + n * w.depth + k * width;
    for (int64_t j = 0; j < width; j += kDoubles)
      Square<Transform>([&](int row, int column)
                            HWY_ATTR { return hn::LoadU(d, taps[row * 3 + column] + j); },
                        [&](int row, int column, VD u) HWY_ATTR {
                          hn::StoreU(hn::DemoteTo(DF(), u), DF(),
                                     out + (row * Transform::kTo + column) * position_stride + j);
                        });
  }
}

void Weights(const WinogradWeights& w, int64_t panel, int64_t k_begin, int64_t k_end, float* packed) {
  const bool four = w.tile == WinogradTile::kFour;
  (four ? WeightPanel<WeightTransform> : WeightPanel<SmallWeightTransform>)(w, panel, k_begin, k_end, packed);
}

void WeightGradient(const float* sums, int64_t depth, int64_t columns, float* dw, int64_t begin,
                    int64_t end) {
  constexpr int64_t kBlock = kWinogradChannels;  // of columns, whose sums share cache lines
  const DD d;
  const int64_t padded = Panels{columns, kLanes}.padded();
  for (int64_t n = begin; n < end; n += kBlock)
    for (int64_t k = 0; k < depth; ++k) {
      HWY_ALIGN double taps[9][kBlock];
      const float* from = sums + k * padded + n;
      for (int64_t j = 0; j < kBlock; j += kDoubles)
        Square<WeightGradientTransform>(
            [&](int row, int column) HWY_ATTR {
              const float* at = from + (row * 6 + column) * (depth * padded + kWinogradApart) + j;
              return hn::PromoteTo(d, hn::LoadU(DF(), at));
            },
            [&](int row, int column, VD g) HWY_ATTR { hn::StoreU(g, d, taps[row * 3 + column] + j); });
      for (int64_t j = 0; j < kBlock; ++j)
        for (int t = 0; t < 9; ++t) dw[((n + j) * depth + k) * 9 + t] = static_cast<float>(taps[t][j]);
    }
}
#undef FOVEA_UNROLL

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(Weights);
HWY_EXPORT(WeightGradient);

void winograd_weights(const WinogradWeights& w, int64_t panel, int64_t k_begin, int64_t k_end,
                      float* packed) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Weights)(w, panel, k_begin, k_end, packed);
}

void winograd_weight_gradient(const float* sums, int64_t depth, int64_t columns, float* dw, int64_t begin,
                              int64_t end) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(WeightGradient)(sums, depth, columns, dw, begin, end);
}

}  // namespace fovea::kernels
#endif
