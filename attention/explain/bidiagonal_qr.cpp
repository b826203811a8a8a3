#include "attention/explain/bidiagonal_qr.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fovea {
namespace {

using Vector = std::vector<double>;
constexpr double kEps = std::numeric_limits<double>::epsilon() / 2;

// [c s; -s c] [f; g] = [r; 0], with c >= 0.
struct Rotation {
  double c = 1, s = 0, r = 0;
};
Rotation rotation(double f, double g) {
  if (g == 0) return {1, 0, f};
  if (f == 0) return {0, std::copysign(1.0, g), std::abs(g)};
  const double length = std::hypot(f, g), r = std::copysign(length, f);
  return {std::abs(f) / length, g / r, r};
}

// The lesser singular value of [f g; 0 h].
double least_singular_value(double f, double g, double h) {
  const double low = std::min(std::abs(f), std::abs(h)), high = std::max(std::abs(f), std::abs(h));
  if (low == 0) return 0;
  const double sum = 1 + low / high, difference = (high - low) / high, above = std::abs(g) / high;
  return 2 * low / (std::hypot(sum, above) + std::hypot(difference, above));
}

// The SVD of [f g; 0 h], g not 0, with its right rotation. Values may be negative.
struct TwoByTwo {
  double greatest, least, c, s;
};
TwoByTwo decompose(double f, double g, double h) {
  const bool swapped = std::abs(h) > std::abs(f);
  const double ft = swapped ? h : f, ht = swapped ? f : h, fa = std::abs(ft), ha = std::abs(ht);
  double cos_left = 1, sin_left = 0, cos_right = 1, sin_right = 0, greatest = fa, least = ha;
  if (fa < kEps * std::abs(g)) {
    greatest = std::abs(g);
    least = fa * (ha / greatest);
    sin_left = ht / g;
    sin_right = 1;
    cos_right = ft / g;
  } else {
    const double m = g / ft, l = (fa - ha) / fa, t = 2 - l;
    const double s = std::hypot(t, m), r = std::hypot(l, m), a = (s + r) / 2;
    least = ha / a;
    greatest = fa * a;
    const double twice_tangent = (m / (s + t) + m / (r + l)) * (1 + a), length = std::hypot(twice_tangent, 2);
    cos_right = 2 / length;
    sin_right = twice_tangent / length;
    cos_left = (cos_right + sin_right * m) / a;
    sin_left = ht / ft * sin_right / a;
  }
  const double c = swapped ? sin_left : cos_right, s = swapped ? cos_left : sin_right;
  const auto sign = [](double x) { return std::copysign(1.0, x); };
  double turned = swapped ? sign(s) * sign(cos_right) * sign(h) : sign(c) * sign(cos_left) * sign(f);
  if (std::abs(g) > fa) turned = sign(s) * sign(swapped ? sin_right : cos_left) * sign(g);
  return {std::copysign(greatest, turned), std::copysign(least, turned * sign(f) * sign(h)), c, s};
}

class Iteration {
 public:
  Iteration(Vector diagonal, Vector above, Vector right)
      : d_(std::move(diagonal)), e_(std::move(above)), right_(std::move(right)) {}

  double run() {
    find_threshold();
    // A bound that no matrix is known to need; bdsqr has one as well.
    size_t last = d_.size() - 1;
    for (size_t step = 0; last > 0 && step < 6 * d_.size() * d_.size(); ++step) last = advance(last);
    size_t best = 0;
    for (size_t i = 1; i < d_.size(); ++i)
      if (std::abs(d_[i]) > std::abs(d_[best])) best = i;
    return d_[best] < 0 ? -right_[best] : right_[best];
  }

 private:
  void find_threshold() {
    double least = std::abs(d_[0]), mu = least;
    for (size_t i = 1; i < d_.size() && least > 0; ++i) {
      mu = std::abs(d_[i]) * (mu / (mu + std::abs(e_[i - 1])));
      least = std::min(least, mu);
    }
    const double n = static_cast<double>(d_.size());
    threshold_ = std::max(kTolerance * least / std::sqrt(n), 6 * n * n * std::numeric_limits<double>::min());
  }

  // One step on the last block that is not yet diagonal, which ends at `last` -> where the rest ends.
  size_t advance(size_t last) {
    size_t first = last;
    double greatest = std::abs(d_[last]);
    for (; first > 0; --first) {
      if (std::abs(e_[first - 1]) <= threshold_) {
        e_[first - 1] = 0;
        break;
      }
      greatest = std::max({greatest, std::abs(d_[first - 1]), std::abs(e_[first - 1])});
    }
    if (first == last) return last - 1;
    if (first + 1 == last) return finish_pair(first);
    if (!started_ || first > old_last_ || last < old_first_)
      downwards_ = std::abs(d_[first]) >= std::abs(d_[last]);
    double least = 0;
    if (has_converged(first, last, least)) return last;
    started_ = true;
    old_first_ = first;
    old_last_ = last;
    sweep(first, last, shift(first, last, least / greatest));
    return last;
  }

  size_t finish_pair(size_t first) {
    const TwoByTwo pair = decompose(d_[first], e_[first], d_[first + 1]);
    d_[first] = pair.greatest;
    e_[first] = 0;
    d_[first + 1] = pair.least;
    turn(first, pair.c, pair.s);
    return first > 0 ? first - 1 : 0;
  }

  // Whether an element above the diagonal could be set to 0; if not, `least` bounds the singular values.
  bool has_converged(size_t first, size_t last, double& least) {
    double& end = downwards_ ? e_[last - 1] : e_[first];
    if (std::abs(end) <= kTolerance * std::abs(d_[downwards_ ? last : first])) {
      end = 0;
      return true;
    }
    double mu = least = std::abs(d_[downwards_ ? first : last]);
    for (size_t k = 0; k < last - first; ++k) {
      const size_t i = downwards_ ? first + k : last - 1 - k;
      if (std::abs(e_[i]) <= kTolerance * mu) {
        e_[i] = 0;
        return true;
      }
      mu = std::abs(d_[downwards_ ? i + 1 : i]) * (mu / (mu + std::abs(e_[i])));
      least = std::min(least, mu);
    }
    return false;
  }

  double shift(size_t first, size_t last, double spread) const {
    if (static_cast<double>(d_.size()) * kTolerance * spread <= std::max(kEps, 0.01 * kTolerance)) return 0;
    const size_t pair = downwards_ ? last - 1 : first;
    const double value = least_singular_value(d_[pair], e_[pair], d_[pair + 1]);
    const double start = std::abs(d_[downwards_ ? first : last]);
    return start > 0 && (value / start) * (value / start) < kEps ? 0 : value;
  }

  // Both directions at once: the k-th element of the diagonal from where the sweep starts, and of those
  // above.
  void sweep(size_t first, size_t last, double by) {
    const size_t count = last - first;
    const auto d = [&](size_t k) -> double& { return d_[downwards_ ? first + k : last - k]; };
    const auto e = [&](size_t k) -> double& { return e_[downwards_ ? first + k : last - 1 - k]; };
    // Right rotations come first downwards, and second upwards, where they turn the other way.
    const auto turned = [&](size_t k, const Rotation& one, const Rotation& two) {
      if (downwards_)
        turn(first + k, one.c, one.s);
      else
        turn(last - 1 - k, two.c, -two.s);
    };
    if (by == 0) {
      Rotation one, two;
      for (size_t k = 0; k < count; ++k) {
        one = rotation(d(k) * one.c, e(k));
        if (k > 0) e(k - 1) = two.s * one.r;
        two = rotation(two.c * one.r, d(k + 1) * one.s);
        d(k) = two.r;
        turned(k, one, two);
      }
      const double h = d(count) * one.c;
      d(count) = h * two.c;
      e(count - 1) = h * two.s;
    } else {
      double f = (std::abs(d(0)) - by) * (std::copysign(1.0, d(0)) + by / d(0)), g = e(0);
      for (size_t k = 0; k < count; ++k) {
        const Rotation one = rotation(f, g);
        if (k > 0) e(k - 1) = one.r;
        f = one.c * d(k) + one.s * e(k);
        e(k) = one.c * e(k) - one.s * d(k);
        g = one.s * d(k + 1);
        d(k + 1) *= one.c;
        const Rotation two = rotation(f, g);
        d(k) = two.r;
        f = two.c * e(k) + two.s * d(k + 1);
        d(k + 1) = two.c * d(k + 1) - two.s * e(k);
        if (k + 1 < count) {
          g = two.s * e(k + 1);
          e(k + 1) *= two.c;
        }
        turned(k, one, two);
      }
      e(count - 1) = f;
    }
    if (std::abs(e(count - 1)) <= threshold_) e(count - 1) = 0;
  }

  void turn(size_t i, double c, double s) {
    const double keep = right_[i];
    right_[i] = c * keep + s * right_[i + 1];
    right_[i + 1] = c * right_[i + 1] - s * keep;
  }

  static constexpr double kTolerance = 0x1p6 * 1.5422108254079407 * kEps;  // eps^(-1/8) eps
  Vector d_, e_, right_;
  double threshold_ = 0;
  bool started_ = false, downwards_ = true;
  size_t old_first_ = 0, old_last_ = 0;
};

}  // namespace

double along_leading_vector(Vector diagonal, Vector above, Vector right) {
  if (diagonal.size() == 1) return right[0];
  return Iteration(std::move(diagonal), std::move(above), std::move(right)).run();
}

}  // namespace fovea
