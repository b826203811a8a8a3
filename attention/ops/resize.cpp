#include "attention/ops/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/windows.h"
#include "attention/ops/axis.h"

namespace fovea {
namespace {

// How much of one position of the input goes into a position of the result.
struct Tap {
  int64_t from;
  double weight;
};
using Taps = std::vector<Tap>;  // of one position of the result
using Plan = std::vector<Taps>;

double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double triangle(double x) {
  return std::max(0.0, 1 - std::abs(x));
}

// What all filters are made from.
struct Axis {
  int64_t from, to;
  Resize how;

  double step() const {
    if (how.align_corners) return to > 1 ? static_cast<double>(from - 1) / static_cast<double>(to - 1) : 0;
    return how.step > 0 ? how.step : static_cast<double>(from) / static_cast<double>(to);
  }
  // Where the centre of position i lies, counted in positions of the input.
  double centre(int64_t i) const {
    return how.align_corners ? step() * static_cast<double>(i)
                             : step() * (static_cast<double>(i) + 0.5) - 0.5;
  }
};

void add(Taps& taps, double from, double weight, int64_t size) {  // beyond the ends: the end
  if (weight == 0) return;
  taps.push_back({std::clamp<int64_t>(static_cast<int64_t>(from), 0, size - 1), weight});
}

// In float, since the rounding decides which position is taken.
Taps nearest(const Axis& axis, int64_t i, float offset) {
  Taps taps;
  const float at = (static_cast<float>(i) + offset) * static_cast<float>(axis.step());
  add(taps, std::floor(at), 1, axis.from);
  return taps;
}

Taps linear(const Axis& axis, int64_t i) {
  Taps taps;
  const double at = std::max(axis.centre(i), 0.0), floor = std::floor(at);
  add(taps, floor, 1 - (at - floor), axis.from);
  add(taps, floor + 1, at - floor, axis.from);
  return taps;
}

Taps cubic(const Axis& axis, int64_t i) {
  Taps taps;
  const double at = axis.centre(i), floor = std::floor(at);
  for (double tap = -1; tap <= 2; ++tap) add(taps, floor + tap, cubic(at - floor - tap, -0.75), axis.from);
  return taps;
}

Taps antialiased(const Axis& axis, int64_t i) {
  const bool is_cubic = axis.how.filter == Interpolation::kCubic;
  const double widen = std::max(axis.step(), 1.0), reach = (is_cubic ? 2 : 1) * widen;
  const double centre = axis.step() * (static_cast<double>(i) + 0.5);
  const int64_t begin = std::max<int64_t>(0, static_cast<int64_t>(centre - reach + 0.5));
  const int64_t end = std::min<int64_t>(axis.from, static_cast<int64_t>(centre + reach + 0.5));
  Taps taps;
  double sum = 0;
  for (int64_t j = begin; j < end; ++j) {
    const double x = (static_cast<double>(j) - centre + 0.5) / widen;
    const double weight = is_cubic ? cubic(x, -0.5) : triangle(x);
    add(taps, static_cast<double>(j), weight, axis.from);
    sum += weight;
  }
  for (Tap& tap : taps) tap.weight /= sum;
  return taps;
}

Taps area(const Axis& axis, int64_t i) {
  const int64_t begin = i * axis.from / axis.to, end = ((i + 1) * axis.from + axis.to - 1) / axis.to;
  Taps taps;
  for (int64_t j = begin; j < end; ++j) taps.push_back({j, 1 / static_cast<double>(end - begin)});
  return taps;
}

Taps taps_of(const Axis& axis, int64_t i) {
  switch (axis.how.filter) {
    case Interpolation::kNearest:
      return nearest(axis, i, 0);
    case Interpolation::kNearestExact:
      return nearest(axis, i, 0.5f);
    case Interpolation::kLinear:
      return axis.how.antialias ? antialiased(axis, i) : linear(axis, i);
    case Interpolation::kCubic:
      return axis.how.antialias ? antialiased(axis, i) : cubic(axis, i);
    case Interpolation::kArea:
      return area(axis, i);
  }
  fail("resize: no such filter");
}

Plan turned(const Plan& plan, int64_t from) {
  Plan back(static_cast<size_t>(from));
  for (size_t i = 0; i < plan.size(); ++i)
    for (const Tap& tap : plan[i])
      back[static_cast<size_t>(tap.from)].push_back({static_cast<int64_t>(i), tap.weight});
  return back;
}

Tensor apply(const Tensor& x, int axis, const Plan& plan) {
  const AxisSplit from = split_at(x, axis);
  const auto to = static_cast<int64_t>(plan.size());
  Tensor y(x.shape().with(axis, to));
  const int64_t grain = 16384 / std::max<int64_t>(from.inner, 1) + 1;
  parallel_for(from.outer * to, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* const sum = y.mutable_data() + i * from.inner;
      std::fill_n(sum, from.inner, 0.f);
      for (const Tap& tap : plan[static_cast<size_t>(i % to)])
        kernels::add_scaled(x.data() + (i / to * from.n + tap.from) * from.inner,
                            static_cast<float>(tap.weight), from.inner, sum);
    }
  });
  return y;
}

}  // namespace

Tensor resize(const Tensor& x, int axis, int64_t size, const Resize& how) {
  const int64_t from = x.dim(axis);
  if (from < 1 || size < 1 || !(how.step >= 0))
    fail("resize: axis ", axis, " of ", x.shape(), " to ", size, " positions");
  const bool smooth = how.filter == Interpolation::kLinear || how.filter == Interpolation::kCubic;
  if ((how.align_corners || how.antialias) && (!smooth || (how.align_corners && how.antialias)))
    fail("resize: only one of align_corners and antialias, and only for linear and cubic filters");
  Plan plan;
  for (int64_t i = 0; i < size; ++i) plan.push_back(taps_of({from, size, how}, i));
  return record(apply(x, axis, plan), {x}, [axis, from, plan](const Tensor& dy) {
    return std::vector<Tensor>{apply(dy, axis, turned(plan, from))};
  });
}

Tensor resize_map(const Tensor& x, int64_t height, int64_t width, const Resize& how) {
  if (x.shape().rank() != 4) fail("resize_map: ", x.shape(), " is not [B, H, W, C]");
  return resize(resize(x, 1, height, how), 2, width, how);
}

}  // namespace fovea
