#include "attention/kernels/channels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/channels.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>

#include "attention/kernels/derivative-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr int64_t kRun = 16;  // rows that are summed in float

HWY_INLINE V Load(const float* p, int64_t width) {
  if (width == kLanes) return hn::LoadU(D(), p);
  HWY_ALIGN float part[kLanes] = {};
  std::copy_n(p, width, part);
  return hn::Load(D(), part);
}

HWY_INLINE void Store(V v, float* p, int64_t width) {
  if (width == kLanes) return hn::StoreU(v, D(), p);
  HWY_ALIGN float part[kLanes];
  hn::Store(v, D(), part);
  std::copy_n(part, width, p);
}

// Around the first value of the run: what that costs in rounding is a part of what it adds to the squares.
HWY_INLINE void SumsOfRun(const float* x, int64_t rows, int64_t n, int64_t width, double* sums,
                          double* squares) {
  const V first = Load(x, width);
  V d = hn::Zero(D()), q = d;
  for (int64_t r = 1; r < rows; ++r) {
    const V t = hn::Sub(Load(x + r * n, width), first);
    d = hn::Add(d, t);
    q = hn::MulAdd(t, t, q);
  }
  HWY_ALIGN float shifts[kLanes], firsts[kLanes], seconds[kLanes];
  hn::Store(first, D(), shifts);
  hn::Store(d, D(), firsts);
  hn::Store(q, D(), seconds);
  const double count = static_cast<double>(rows);
  for (int64_t i = 0; i < width; ++i) {
    const double shift = shifts[i], sum = firsts[i];
    sums[i] += count * shift + sum;
    squares[i] += seconds[i] + shift * (2 * sum + count * shift);
  }
}

void ChannelSums(const float* x, int64_t rows, int64_t n, double* sums, double* squares) {
  for (int64_t r = 0; r < rows; r += kRun)
    for (int64_t c = 0; c < n; c += kLanes)
      SumsOfRun(x + r * n + c, std::min(kRun, rows - r), n, std::min(kLanes, n - c), sums + c, squares + c);
}

// The constants of a vector of channels.
struct Channels {
  HWY_INLINE Channels(const ChannelNorm& norm, int64_t c, int64_t w)
      : mean(Load(norm.mean + c, w)), scale(Load(norm.scale + c, w)), bias(Load(norm.bias + c, w)) {}
  HWY_INLINE V Before(V centred) const { return hn::MulAdd(centred, scale, bias); }  // the activation
  V mean, scale, bias;
};

template <Activation kActivation>
HWY_INLINE V Incoming(const Channels& channels, Activation activation, V centred, V dy) {
  if constexpr (kActivation == Activation::kNone) return dy;
  const V z = channels.Before(centred);
  if constexpr (kActivation == Activation::kRelu) return hn::IfThenElseZero(hn::Gt(z, hn::Zero(D())), dy);
  return hn::Mul(dy, Derivative(activation, z));
}

// Calls body with the activation as a type where that pays; kTanh stands for all others.
template <class Body>
HWY_INLINE void WithActivation(Activation activation, const Body& body) {
  using enum Activation;
  if (activation == kNone) return body(std::integral_constant<Activation, kNone>());
  if (activation == kRelu) return body(std::integral_constant<Activation, kRelu>());
  body(std::integral_constant<Activation, kTanh>());
}

// Over runs of rows, and in each over vectors of channels: body(index of the first, rows, channel, width).
template <class Body>
HWY_INLINE void OverRuns(int64_t rows, int64_t n, const Body& body) {
  for (int64_t r = 0; r < rows; r += kRun)
    for (int64_t c = 0; c < n; c += kLanes)
      body(r * n + c, std::min(kRun, rows - r), c, std::min(kLanes, n - c));
}

void Normalise(const ChannelNorm& norm, const float* x, int64_t rows, int64_t n, float* y) {
  OverRuns(rows, n, [&](int64_t at, int64_t run, int64_t c, int64_t width) HWY_ATTR {
    const Channels channels(norm, c, width);
    for (int64_t i = at; run > 0; --run, i += n) {
      const V z = channels.Before(hn::Sub(Load(x + i, width), channels.mean));
      Store(Activate(norm.activation, z), y + i, width);
    }
  });
}

template <Activation kActivation>
void SumsWith(const ChannelNorm& norm, const float* x, const float* dy, int64_t rows, int64_t n, double* sums,
              double* dots) {
  OverRuns(rows, n, [&](int64_t at, int64_t run, int64_t c, int64_t width) HWY_ATTR {
    const Channels channels(norm, c, width);
    V sum = hn::Zero(D()), dot = sum;
    for (int64_t i = at; run > 0; --run, i += n) {
      const V centred = hn::Sub(Load(x + i, width), channels.mean);
      const V g = Incoming<kActivation>(channels, norm.activation, centred, Load(dy + i, width));
      sum = hn::Add(sum, g);
      dot = hn::MulAdd(g, centred, dot);
    }
    HWY_ALIGN float first[kLanes], second[kLanes];
    hn::Store(sum, D(), first);
    hn::Store(dot, D(), second);
    for (int64_t i = 0; i < width; ++i) sums[c + i] += first[i];
    for (int64_t i = 0; i < width; ++i) dots[c + i] += second[i];
  });
}

void NormaliseSums(const ChannelNorm& norm, const float* x, const float* dy, int64_t rows, int64_t n,
                   double* sums, double* dots) {
  WithActivation(norm.activation, [&](auto known) { SumsWith<known()>(norm, x, dy, rows, n, sums, dots); });
}

template <Activation kActivation>
void GradientWith(const ChannelNorm& norm, const float* slope, const float* offset, const float* x,
                  const float* dy, int64_t rows, int64_t n, float* dx) {
  OverRuns(rows, n, [&](int64_t at, int64_t run, int64_t c, int64_t width) HWY_ATTR {
    const Channels channels(norm, c, width);
    const V p = Load(slope + c, width), q = Load(offset + c, width);
    for (int64_t i = at; run > 0; --run, i += n) {
      const V centred = hn::Sub(Load(x + i, width), channels.mean);
      const V g = Incoming<kActivation>(channels, norm.activation, centred, Load(dy + i, width));
      Store(hn::MulAdd(g, channels.scale, hn::MulAdd(centred, p, q)), dx + i, width);
    }
  });
}

void NormaliseGradient(const ChannelNorm& norm, const float* slope, const float* offset, const float* x,
                       const float* dy, int64_t rows, int64_t n, float* dx) {
  WithActivation(norm.activation,
                 [&](auto known) { GradientWith<known()>(norm, slope, offset, x, dy, rows, n, dx); });
}

void ActivateGradient(Activation activation, const float* x, const float* dy, float* dx, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t width = std::min(kLanes, n - i);
    Store(hn::Mul(Load(dy + i, width), Derivative(activation, Load(x + i, width))), dx + i, width);
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "attention/base/isa.h"

namespace fovea::kernels {

HWY_EXPORT(ChannelSums);
HWY_EXPORT(Normalise);
HWY_EXPORT(NormaliseSums);
HWY_EXPORT(NormaliseGradient);
HWY_EXPORT(ActivateGradient);

void channel_sums(const float* x, int64_t rows, int64_t n, double* sums, double* squares) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(ChannelSums)(x, rows, n, sums, squares);
}

void normalise(const ChannelNorm& norm, const float* x, int64_t rows, int64_t n, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Normalise)(norm, x, rows, n, y);
}

void normalise_sums(const ChannelNorm& norm, const float* x, const float* dy, int64_t rows, int64_t n,
                    double* sums, double* dots) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(NormaliseSums)(norm, x, dy, rows, n, sums, dots);
}

void normalise_gradient(const ChannelNorm& norm, const float* slope, const float* offset, const float* x,
                        const float* dy, int64_t rows, int64_t n, float* dx) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(NormaliseGradient)(norm, slope, offset, x, dy, rows, n, dx);
}

void activate_gradient(Activation activation, const float* x, const float* dy, float* dx, int64_t n) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(ActivateGradient)(activation, x, dy, dx, n);
}

}  // namespace fovea::kernels
#endif
