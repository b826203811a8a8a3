#include "attention/explain/principal_map.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attention/base/rng.h"
#include "attention/explain/lapack_direction.h"

namespace fovea {
namespace {

using Vector = std::vector<double>;

double dot(const double* a, const double* b, int64_t n) {
  return std::inner_product(a, a + n, b, 0.0);
}

void add_scaled(double factor, const double* x, Vector& y) {
  for (size_t i = 0; i < y.size(); ++i) y[i] += factor * x[i];
}

struct Points {
  Vector values;
  int64_t rows, columns;

  const double* row(int64_t i) const { return values.data() + i * columns; }
  Vector along(const Vector& direction) const {
    Vector y(static_cast<size_t>(rows));
    for (int64_t i = 0; i < rows; ++i) y[static_cast<size_t>(i)] = dot(row(i), direction.data(), columns);
    return y;
  }
  Vector scatter_times(const Vector& direction) const {  // X^T X v
    const Vector y = along(direction);
    Vector out(direction.size());
    for (int64_t i = 0; i < rows; ++i) add_scaled(y[static_cast<size_t>(i)], row(i), out);
    return out;
  }
};

void centre(Points& points) {
  Vector mean(static_cast<size_t>(points.columns));
  for (int64_t i = 0; i < points.rows; ++i) add_scaled(1, points.row(i), mean);
  for (double& m : mean) m /= static_cast<double>(points.rows);
  for (size_t i = 0; i < points.values.size(); ++i) points.values[i] -= mean[i % mean.size()];
}

// The eigenvector of the greatest eigenvalue of a small symmetric matrix, by Jacobi's rotations.
Vector leading_of_small(std::vector<Vector> a) {
  const size_t n = a.size();
  std::vector<Vector> vectors(n, Vector(n));
  for (size_t i = 0; i < n; ++i) vectors[i][i] = 1;
  const auto rotate = [](double& x, double& y, double c, double s) {
    const double keep = x;
    x = c * keep - s * y;
    y = s * keep + c * y;
  };
  for (int sweep = 0; sweep < 30; ++sweep) {
    for (size_t p = 0; p < n; ++p)
      for (size_t q = p + 1; q < n; ++q) {
        if (std::abs(a[p][q]) <= 1e-18 * std::abs(a[p][p] + a[q][q])) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t = std::copysign(1, theta) / (std::abs(theta) + std::hypot(theta, 1));
        const double c = 1 / std::hypot(t, 1), s = t * c;
        for (size_t k = 0; k < n; ++k) rotate(a[k][p], a[k][q], c, s);
        for (size_t k = 0; k < n; ++k) rotate(a[p][k], a[q][k], c, s);
        for (size_t k = 0; k < n; ++k) rotate(vectors[k][p], vectors[k][q], c, s);
      }
  }
  size_t best = 0;
  for (size_t i = 1; i < n; ++i)
    if (a[i][i] > a[best][best]) best = i;
  Vector leading(n);
  for (size_t k = 0; k < n; ++k) leading[k] = vectors[k][best];
  return leading;
}

// Of length 1 and at right angles to all of `basis`; false if nothing is left of it.
bool made_orthonormal(Vector& v, const std::vector<Vector>& basis) {
  const auto n = static_cast<int64_t>(v.size());
  const double before = std::sqrt(dot(v.data(), v.data(), n));
  for (int twice = 0; twice < 2; ++twice)
    for (const Vector& b : basis) add_scaled(-dot(v.data(), b.data(), n), b.data(), v);
  const double length = std::sqrt(dot(v.data(), v.data(), n));
  if (!(length > 1e-13 * before)) return false;
  for (double& x : v) x /= length;
  return true;
}

// One round of Krylov's subspace: from v to the best direction among v, Av, AAv, ..., A = X^T X. Returns
// whether v was an eigenvector already.
bool refine(const Points& points, Vector& v) {
  constexpr size_t kBasis = 16;
  std::vector<Vector> basis = {v}, images;
  while (true) {
    images.push_back(points.scatter_times(basis.back()));
    Vector next = images.back();
    if (basis.size() == kBasis || !made_orthonormal(next, basis)) break;
    basis.push_back(std::move(next));
  }
  const double value = dot(v.data(), images[0].data(), points.columns);
  Vector rest = images[0];
  add_scaled(-value, v.data(), rest);
  if (std::sqrt(dot(rest.data(), rest.data(), points.columns)) <= 1e-12 * value) return true;

  std::vector<Vector> projected(basis.size(), Vector(basis.size()));
  for (size_t i = 0; i < basis.size(); ++i)
    for (size_t j = 0; j < basis.size(); ++j)
      projected[i][j] = dot(basis[std::min(i, j)].data(), images[std::max(i, j)].data(), points.columns);
  const Vector mix = leading_of_small(projected);
  std::fill(v.begin(), v.end(), 0);
  for (size_t i = 0; i < basis.size(); ++i) add_scaled(mix[i], basis[i].data(), v);
  made_orthonormal(v, {});
  return false;
}

}  // namespace

std::vector<double> principal_map(std::vector<double> x, int64_t positions, int64_t channels) {
  Points points{std::move(x), positions, channels};
  centre(points);
  if (std::all_of(points.values.begin(), points.values.end(), [](double value) { return value == 0; }))
    return Vector(static_cast<size_t>(positions));
  // Gradients are small, and their squares' squares too small.
  double greatest = 0;
  for (double value : points.values) greatest = std::max(greatest, std::abs(value));
  for (double& value : points.values) value /= greatest;

  Rng rng(1);
  Vector direction(static_cast<size_t>(channels));
  for (double& d : direction) d = rng.normal();
  direction = points.scatter_times(direction);
  made_orthonormal(direction, {});
  for (int round = 0; round < 200 && !refine(points, direction); ++round) {
  }

  Vector places = points.along(direction);
  const bool opposite = opposite_in_lapack(points.values, positions, channels, direction);
  const double sign = opposite ? -greatest : greatest;
  for (double& place : places) place *= sign;
  return places;
}

}  // namespace fovea
