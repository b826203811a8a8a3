#pragma once
#include <array>
#include <cmath>

namespace fovea {

// A value with its slopes along N inputs. Formulas written over T give values alone for T = double, and exact
// gradients for T = Dual: kinks follow PyTorch, and where a quotient or a root has no finite slope it is 0.
template <int N>
struct Dual {
  double value = 0;
  std::array<double, N> slopes{};
  Dual() = default;
  Dual(double v) : value(v) {}
};

inline double value_of(double x) {
  return x;
}
template <int N>
double value_of(const Dual<N>& x) {
  return x.value;
}

// A function of one or two numbers, by its value and its slopes along them.
inline double chain(double, double value, double) {
  return value;
}
inline double chain(double, double, double value, double, double) {
  return value;
}
template <int N>
Dual<N> chain(const Dual<N>& x, double value, double slope) {
  Dual<N> y(value);
  for (int i = 0; i < N; ++i) y.slopes[i] = slope * x.slopes[i];
  return y;
}
template <int N>
Dual<N> chain(const Dual<N>& a, const Dual<N>& b, double value, double along_a, double along_b) {
  Dual<N> y(value);
  for (int i = 0; i < N; ++i) y.slopes[i] = along_a * a.slopes[i] + along_b * b.slopes[i];
  return y;
}

template <int N>
Dual<N> operator+(const Dual<N>& a, const Dual<N>& b) {
  return chain(a, b, a.value + b.value, 1, 1);
}
template <int N>
Dual<N> operator-(const Dual<N>& a, const Dual<N>& b) {
  return chain(a, b, a.value - b.value, 1, -1);
}
template <int N>
Dual<N> operator*(const Dual<N>& a, const Dual<N>& b) {
  return chain(a, b, a.value * b.value, b.value, a.value);
}
template <int N>
Dual<N> operator+(const Dual<N>& a, double b) {
  return chain(a, a.value + b, 1);
}
template <int N>
Dual<N> operator-(double a, const Dual<N>& b) {
  return chain(b, a - b.value, -1);
}
template <int N>
Dual<N> operator*(double a, const Dual<N>& b) {
  return chain(b, a * b.value, a);
}

}  // namespace fovea
