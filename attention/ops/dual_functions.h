#pragma once
#include <algorithm>

#include "attention/ops/dual_number.h"

namespace fovea {

// Functions of numbers that may be Dual.

template <class T>
T held(const T& x) {  // the value as a constant
  return value_of(x);
}
template <class T>
T over(const T& a, const T& b) {  // 0 where nothing is to be divided by
  const double u = value_of(a), v = value_of(b);
  return v == 0 ? T(0) : chain(a, b, u / v, 1 / v, -u / v / v);
}
template <class T>
T greater_of(const T& a, const T& b) {
  const double u = value_of(a), v = value_of(b), share = u == v ? 0.5 : u > v;
  return chain(a, b, std::max(u, v), share, 1 - share);
}
template <class T>
T lesser_of(const T& a, const T& b) {
  const double u = value_of(a), v = value_of(b), share = u == v ? 0.5 : u < v;
  return chain(a, b, std::min(u, v), share, 1 - share);
}
template <class T>
T positive_part(const T& x) {
  const double u = value_of(x);
  return chain(x, std::max(u, 0.0), u > 0);
}
template <class T>
T magnitude(const T& x) {
  const double u = value_of(x);
  return chain(x, std::abs(u), u == 0 ? 0 : u > 0 ? 1 : -1);
}
template <class T>
T square(const T& x) {
  return x * x;
}
template <class T>
T power(const T& x, double exponent) {
  const double u = value_of(x);
  return chain(x, std::pow(u, exponent), u == 0 ? 0 : exponent * std::pow(u, exponent - 1));
}
template <class T>
T exponential(const T& x) {
  const double y = std::exp(value_of(x));
  return chain(x, y, y);
}
template <class T>
T angle_of(const T& width, const T& height) {  // the arctangent of width / height
  const double sign = value_of(height) < 0 ? -1 : 1, w = sign * value_of(width), h = sign * value_of(height);
  const double square = w * w + h * h;
  if (square == 0) return 0;
  return chain(width, height, std::atan2(w, h), sign * h / square, -sign * w / square);
}

}  // namespace fovea
