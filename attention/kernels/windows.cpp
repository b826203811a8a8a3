#include "attention/kernels/windows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/windows.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <cmath>
#include <limits>

#include "attention/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

HWY_INLINE bool Beats(float v, float best) {
  return v > best || v != v;
}

template <bool kTaps>
void WindowMaxOf(const float* x, const int64_t* places, int64_t count, int64_t n, float* y, float* taps) {
  const D d;
  int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) {
    V best = count > 0 ? hn::LoadU(d, x + places[0] * n + c) : Constant(kLowest);
    V tap = Constant(count > 0 ? 0.f : -1.f);
    for (int64_t i = 1; i < count; ++i) {
      const V v = hn::LoadU(d, x + places[i] * n + c);
      const auto beats = hn::Or(hn::Gt(v, best), hn::Ne(v, v));
      best = hn::IfThenElse(beats, v, best);
      if constexpr (kTaps) tap = hn::IfThenElse(beats, Constant(static_cast<float>(i)), tap);
    }
    hn::StoreU(best, d, y + c);
    if constexpr (kTaps) hn::StoreU(tap, d, taps + c);
  }
  for (; c < n; ++c) {
    int64_t tap = count > 0 ? 0 : -1;
    float best = count > 0 ? x[places[0] * n + c] : kLowest;
    for (int64_t i = 1; i < count; ++i) {
      const float v = x[places[i] * n + c];
      if (!Beats(v, best)) continue;
      best = v;
      tap = i;
    }
    y[c] = best;
    if constexpr (kTaps) taps[c] = static_cast<float>(tap);
  }
}

void WindowMax(const float* x, const int64_t* places, int64_t count, int64_t n, float* y, float* taps) {
  if (taps) return WindowMaxOf<true>(x, places, count, n, y, taps);
  WindowMaxOf<false>(x, places, count, n, y, taps);
}

void WindowSum(const float* x, const int64_t* places, int64_t count, int64_t n, float factor, float* y) {
  const D d;
  int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) {
    V sum = hn::Zero(d);
    for (int64_t i = 0; i < count; ++i) sum = hn::Add(sum, hn::LoadU(d, x + places[i] * n + c));
    hn::StoreU(hn::Mul(sum, Constant(factor)), d, y + c);
  }
  for (; c < n; ++c) {
    float sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += x[places[i] * n + c];
    y[c] = sum * factor;
  }
}

void AddScaled(const float* x, float factor, int64_t n, float* y) {
  const D d;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    hn::StoreU(hn::MulAdd(hn::LoadU(d, x + i), Constant(factor), hn::LoadU(d, y + i)), d, y + i);
  for (; i < n; ++i) y[i] += factor * x[i];
}

void ScaleRows(const float* x, const float* factors, int64_t rows, int64_t n, float* y) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const V factor = Constant(factors[r]);
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factor), d, y + i);
    for (; i < n; ++i) y[i] = x[i] * factors[r];
  }
}

// The sum over a row of what value(i) and values(i) give, in four chains.
template <class Values, class Value>
HWY_INLINE float RowSum(int64_t n, const Values& values, const Value& value) {
  const D d;
  V s[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes)
    for (int k = 0; k < 4; ++k) s[k] = hn::Add(s[k], values(i + k * kLanes));
  for (; i + kLanes <= n; i += kLanes) s[0] = hn::Add(s[0], values(i));
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s[0], s[1]), hn::Add(s[2], s[3]))));
  for (; i < n; ++i) sum += value(i);
  return sum;
}

void RowDots(const float* a, const float* b, int64_t rows, int64_t n, float* y) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, a += n, b += n)
    y[r] = RowSum(
        n, [&](int64_t i) HWY_ATTR { return hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)); },
        [&](int64_t i) { return a[i] * b[i]; });
}

void RowMeans(const float* x, int64_t rows, int64_t n, float* y) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, x += n)
    y[r] = RowSum(
               n, [&](int64_t i) HWY_ATTR { return hn::LoadU(d, x + i); }, [&](int64_t i) { return x[i]; }) /
           static_cast<float>(n);
}

void RowMaxima(const float* x, int64_t rows, int64_t n, float* y) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, x += n) {
    HWY_ALIGN float lanes[kLanes];
    V best = Constant(kLowest);
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      const V v = hn::LoadU(d, x + i);
      best = hn::IfThenElse(hn::Or(hn::Gt(v, best), hn::Ne(v, v)), v, best);
    }
    hn::Store(best, d, lanes);
    y[r] = kLowest;
    for (const float v : lanes)
      if (Beats(v, y[r])) y[r] = v;
    for (; i < n; ++i)
      if (Beats(x[i], y[r])) y[r] = x[i];
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "attention/base/isa.h"

namespace fovea::kernels {

HWY_EXPORT(WindowMax);
HWY_EXPORT(WindowSum);
HWY_EXPORT(AddScaled);
HWY_EXPORT(ScaleRows);
HWY_EXPORT(RowDots);
HWY_EXPORT(RowMeans);
HWY_EXPORT(RowMaxima);

void window_max(const float* x, const int64_t* places, int64_t count, int64_t n, float* y, float* taps) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(WindowMax)(x, places, count, n, y, taps);
}

void window_sum(const float* x, const int64_t* places, int64_t count, int64_t n, float factor, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(WindowSum)(x, places, count, n, factor, y);
}

void add_scaled(const float* x, float factor, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(AddScaled)(x, factor, n, y);
}

void scale_rows(const float* x, const float* factors, int64_t rows, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(ScaleRows)(x, factors, rows, n, y);
}

void row_dots(const float* a, const float* b, int64_t rows, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(RowDots)(a, b, rows, n, y);
}

void row_means(const float* x, int64_t rows, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(RowMeans)(x, rows, n, y);
}

void row_maxima(const float* x, int64_t rows, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(RowMaxima)(x, rows, n, y);
}

}  // namespace fovea::kernels
#endif
