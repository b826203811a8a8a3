// The one-dimensional Winograd transforms of F(4, 3) and F(2, 3), on vectors of 1, 4 or 8 channels. Rows of
// the points +p and -p share their even part and differ in the sign of their odd part. Included once for each
// instruction set by foreach_target.h.
#if defined(FOVEA_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_WINOGRAD_INL_H_
#undef FOVEA_WINOGRAD_INL_H_
#else
#define FOVEA_WINOGRAD_INL_H_
#endif

#include "attention/kernels/winograd.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DC = hn::CappedTag<float, kWinogradChannels>;
using VC = hn::Vec<DC>;
constexpr int64_t kChannelLanes = static_cast<int64_t>(hn::MaxLanes(DC()));

// The points are +-kNear and +-kFar: their squares are 1/2 and 2, whose product is 1 and whose sum is 2.5.
constexpr double kNear = 0.70710678118654752440, kFar = 1.41421356237309504880;

HWY_INLINE VC Times(double factor, VC x) {
  return hn::Mul(hn::Set(DC(), static_cast<float>(factor)), x);
}
HWY_INLINE VC PlusTimes(VC sum, double factor, VC x) {
  return hn::MulAdd(hn::Set(DC(), static_cast<float>(factor)), x, sum);
}

struct InputTransform {  // 6 inputs -> 6 positions
  static constexpr int kFrom = 6, kTo = 6;
  static HWY_INLINE void Apply(const VC* x, VC* y) {
    const VC even_near = PlusTimes(x[4], -2, x[2]), odd_near = PlusTimes(x[3], -2, x[1]);
    const VC even_far = PlusTimes(x[4], -0.5, x[2]), odd_far = PlusTimes(x[3], -0.5, x[1]);
    y[0] = PlusTimes(hn::Add(x[0], x[4]), -2.5, x[2]);
    y[1] = PlusTimes(even_near, kNear, odd_near);
    y[2] = PlusTimes(even_near, -kNear, odd_near);
    y[3] = PlusTimes(even_far, kFar, odd_far);
    y[4] = PlusTimes(even_far, -kFar, odd_far);
    y[5] = PlusTimes(hn::Add(x[1], x[5]), -2.5, x[3]);
  }
};

struct OutputTransform {  // 6 positions -> 4 outputs
  static constexpr int kFrom = 6, kTo = 4;
  static HWY_INLINE void Apply(const VC* x, VC* y) {
    const VC even_near = hn::Add(x[1], x[2]), odd_near = hn::Sub(x[1], x[2]);
    const VC even_far = hn::Add(x[3], x[4]), odd_far = hn::Sub(x[3], x[4]);
    y[0] = hn::Add(x[0], hn::Add(even_near, even_far));
    y[1] = PlusTimes(Times(kNear, odd_near), kFar, odd_far);
    y[2] = PlusTimes(Times(0.5, even_near), 2, even_far);
    y[3] = PlusTimes(PlusTimes(x[5], kNear / 2, odd_near), kFar * 2, odd_far);
  }
};

struct OutputGradientTransform {  // its transpose: 4 -> 6
  static constexpr int kFrom = 4, kTo = 6;
  static HWY_INLINE void Apply(const VC* x, VC* y) {
    const VC even_near = PlusTimes(x[0], 0.5, x[2]), odd_near = PlusTimes(x[1], 0.5, x[3]);
    const VC even_far = PlusTimes(x[0], 2, x[2]), odd_far = PlusTimes(x[1], 2, x[3]);
    y[0] = x[0];
    y[1] = PlusTimes(even_near, kNear, odd_near);
    y[2] = PlusTimes(even_near, -kNear, odd_near);
    y[3] = PlusTimes(even_far, kFar, odd_far);
    y[4] = PlusTimes(even_far, -kFar, odd_far);
    y[5] = x[3];
  }
};

struct SmallInputTransform {  // 4 inputs -> 4 positions
  static constexpr int kFrom = 4, kTo = 4;
  static HWY_INLINE void Apply(const VC* x, VC* y) {
    y[0] = hn::Sub(x[0], x[2]);
    y[1] = hn::Add(x[2], x[1]);
    y[2] = hn::Sub(x[2], x[1]);
    y[3] = hn::Sub(x[3], x[1]);
  }
};

struct SmallOutputTransform {  // 4 positions -> 2 outputs
  static constexpr int kFrom = 4, kTo = 2;
  static HWY_INLINE void Apply(const VC* x, VC* y) {
    y[0] = hn::Add(x[0], hn::Add(x[1], x[2]));
    y[1] = hn::Add(x[3], hn::Sub(x[1], x[2]));
  }
};

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
