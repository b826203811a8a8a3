#include "attention/kernels/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/rows.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>
#include <cmath>

#include "attention/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

struct Moments {
  float mean, inverse_std;
};

// Two passes over a row that lies in L1: the mean, then the centred squares, so that nothing cancels.
HWY_INLINE Moments RowMoments(const float* x, int64_t n, float eps) {
  const D d;
  V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  const int64_t whole = n / (4 * kLanes) * (4 * kLanes);
  for (int64_t i = 0; i < whole; i += 4 * kLanes) {
    s0 = hn::Add(s0, hn::LoadU(d, x + i));
    s1 = hn::Add(s1, hn::LoadU(d, x + i + kLanes));
    s2 = hn::Add(s2, hn::LoadU(d, x + i + 2 * kLanes));
    s3 = hn::Add(s3, hn::LoadU(d, x + i + 3 * kLanes));
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (int64_t i = whole; i < n; ++i) sum += x[i];
  const float mean = sum / static_cast<float>(n);

  const V centre = hn::Set(d, mean);
  s0 = s1 = s2 = s3 = hn::Zero(d);
  auto square = [&](V s, int64_t i) HWY_ATTR {
    const V c = hn::Sub(hn::LoadU(d, x + i), centre);
    return hn::MulAdd(c, c, s);
  };
  for (int64_t i = 0; i < whole; i += 4 * kLanes) {
    s0 = square(s0, i);
    s1 = square(s1, i + kLanes);
    s2 = square(s2, i + 2 * kLanes);
    s3 = square(s3, i + 3 * kLanes);
  }
  float squares = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (int64_t i = whole; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, 1.f / std::sqrt(squares / static_cast<float>(n) + eps)};
}

void LayerNorm(const float* x, int64_t rows, int64_t n, const float* weight, const float* bias, float eps,
               float* y) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const Moments m = RowMoments(x, n, eps);
    const V mean = hn::Set(d, m.mean), scale = hn::Set(d, m.inverse_std);
    int64_t i = 0;
    if (weight && bias)
      for (; i + kLanes <= n; i += kLanes) {
        const V centred = hn::Mul(hn::Sub(hn::LoadU(d, x + i), mean), scale);
        hn::StoreU(hn::MulAdd(centred, hn::LoadU(d, weight + i), hn::LoadU(d, bias + i)), d, y + i);
      }
    for (; i < n; ++i)
      y[i] = (x[i] - m.mean) * m.inverse_std * (weight ? weight[i] : 1.f) + (bias ? bias[i] : 0.f);
  }
}

void LayerNormStatistics(const float* x, int64_t rows, int64_t n, float eps, float* mean,
                         float* inverse_std) {
  for (int64_t r = 0; r < rows; ++r, x += n) {
    const Moments m = RowMoments(x, n, eps);
    mean[r] = m.mean;
    inverse_std[r] = m.inverse_std;
  }
}

// y = x less the row's largest value.
HWY_INLINE void BelowTop(const float* x, int64_t n, float* y) {
  const D d;
  float top = x[0];
  int64_t i = 1;
  if (n >= 2 * kLanes) {
    V most = hn::LoadU(d, x);
    for (i = kLanes; i + kLanes <= n; i += kLanes) most = hn::Max(most, hn::LoadU(d, x + i));
    top = hn::GetLane(hn::MaxOfLanes(d, most));
  }
  for (; i < n; ++i) top = std::max(top, x[i]);
  for (i = 0; i + kLanes <= n; i += kLanes) hn::StoreU(hn::Sub(hn::LoadU(d, x + i), Constant(top)), d, y + i);
  for (; i < n; ++i) y[i] = x[i] - top;
}

HWY_INLINE void DivideBySum(int64_t n, float* y) {
  const D d;
  V sums = hn::Zero(d);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sums = hn::Add(sums, hn::LoadU(d, y + i));
  float sum = i ? hn::GetLane(hn::SumOfLanes(d, sums)) : 0;
  for (; i < n; ++i) sum += y[i];
  const float factor = 1 / sum;
  for (i = 0; i + kLanes <= n; i += kLanes)
    hn::StoreU(hn::Mul(hn::LoadU(d, y + i), Constant(factor)), d, y + i);
  for (; i < n; ++i) y[i] *= factor;
}

// Some rows at a time, so that short ones fill whole vectors.
void Softmax(const float* x, int64_t rows, int64_t n, float* y) {
  constexpr int64_t kRun = 256;
  const D d;
  const V log2_e = Constant(1.44269504f);
  const int64_t block = n < kRun ? kRun / std::max<int64_t>(1, n) : 1;
  for (int64_t first = 0; first < rows && n > 0; first += block) {
    const int64_t end = std::min(rows, first + block), count = (end - first) * n;
    for (int64_t r = first; r < end; ++r) BelowTop(x + r * n, n, y + r * n);
    float* const all = y + first * n;
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
      hn::StoreU(Exp2(hn::Mul(hn::LoadU(d, all + i), log2_e)), d, all + i);
    for (; i < count; ++i) all[i] = hn::GetLane(Exp2(hn::Mul(Constant(all[i]), log2_e)));
    for (int64_t r = first; r < end; ++r) DivideBySum(n, y + r * n);
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "attention/base/isa.h"

namespace fovea::kernels {

HWY_EXPORT(LayerNorm);
HWY_EXPORT(LayerNormStatistics);
HWY_EXPORT(Softmax);

void layer_norm(const float* x, int64_t rows, int64_t n, const float* weight, const float* bias, float eps,
                float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(LayerNorm)(x, rows, n, weight, bias, eps, y);
}

void layer_norm_statistics(const float* x, int64_t rows, int64_t n, float eps, float* mean,
                           float* inverse_std) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(LayerNormStatistics)(x, rows, n, eps, mean, inverse_std);
}

void softmax(const float* x, int64_t rows, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Softmax)(x, rows, n, y);
}

}  // namespace fovea::kernels
#endif
