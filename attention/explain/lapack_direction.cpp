#include "attention/explain/lapack_direction.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attention/explain/bidiagonal_qr.h"

namespace fovea {
namespace {

using Vector = std::vector<double>;

struct View {
  double* values;
  int64_t rows, columns, row_step, column_step;
  double& at(int64_t i, int64_t j) const { return values[i * row_step + j * column_step]; }
  View transposed() const { return {values, columns, rows, column_step, row_step}; }
  View top_left(int64_t size) const { return {values, size, size, row_step, column_step}; }
};

// Householder's reflection that clears column j below row i, of the columns from j on, and of `along`.
void reflect(const View& a, int64_t i, int64_t j, Vector* along) {
  double rest = 0;
  for (int64_t k = i + 1; k < a.rows; ++k) rest += a.at(k, j) * a.at(k, j);
  if (rest == 0) return;
  const double first = a.at(i, j), beta = -std::copysign(std::sqrt(first * first + rest), first);
  const double factor = (beta - first) / beta;
  Vector mirror(static_cast<size_t>(a.rows - i), 1);
  for (int64_t k = i + 1; k < a.rows; ++k) mirror[static_cast<size_t>(k - i)] = a.at(k, j) / (first - beta);
  const auto apply = [&](const auto& element) {
    double sum = 0;
    for (int64_t k = i; k < a.rows; ++k) sum += mirror[static_cast<size_t>(k - i)] * element(k);
    for (int64_t k = i; k < a.rows; ++k) element(k) -= factor * sum * mirror[static_cast<size_t>(k - i)];
  };
  for (int64_t column = j; column < a.columns; ++column)
    apply([&](int64_t k) -> double& { return a.at(k, column); });
  for (int64_t k = i + 1; k < a.rows; ++k) a.at(k, j) = 0;
  if (along != nullptr) apply([&](int64_t k) -> double& { return (*along)[static_cast<size_t>(k)]; });
}

// a, no wider than tall, becomes upper bidiagonal; left and right are turned as its columns and rows are.
void bidiagonalise(const View& a, Vector* left, Vector* right) {
  for (int64_t k = 0; k < a.columns; ++k) {
    reflect(a, k, k, left);
    if (k + 1 < a.columns) reflect(a.transposed(), k + 1, k, right);
  }
}

// Turns a lower bidiagonal matrix into an upper one from the left.
void make_upper(Vector& diagonal, Vector& below) {
  for (size_t i = 0; i < below.size(); ++i) {
    const double length = std::hypot(diagonal[i], below[i]), r = std::copysign(length, diagonal[i]);
    if (below[i] == 0) continue;
    const double c = std::abs(diagonal[i]) / length, s = below[i] / r;
    diagonal[i] = r;
    below[i] = s * diagonal[i + 1];
    diagonal[i + 1] *= c;
  }
}

// gesdd's ways by shape; only what turns right singular vectors is followed.
bool followed(Vector x, int64_t rows, int64_t columns, Vector direction) {
  const int64_t lesser = std::min(rows, columns);
  const View whole{x.data(), rows, columns, columns, 1};
  const bool by_factors = std::max(rows, columns) >= lesser * 11 / 6;
  const bool lower = rows < columns && !by_factors;
  View square = whole;
  if (lower) {
    square = whole.transposed();
    bidiagonalise(square, &direction, nullptr);
  } else {
    if (by_factors) {
      const View tall = rows < columns ? whole.transposed() : whole;
      for (int64_t k = 0; k < lesser; ++k) reflect(tall, k, k, rows < columns ? &direction : nullptr);
      square = whole.top_left(lesser);
    }
    bidiagonalise(square, nullptr, &direction);
  }
  Vector diagonal, above;
  for (int64_t i = 0; i < lesser; ++i) diagonal.push_back(square.at(i, i));
  for (int64_t i = 0; i + 1 < lesser; ++i) above.push_back(square.at(i, i + 1));
  if (lower) make_upper(diagonal, above);
  direction.resize(static_cast<size_t>(lesser));
  return along_leading_vector(std::move(diagonal), std::move(above), std::move(direction)) < 0;
}

}  // namespace

bool opposite_in_lapack(const Vector& x, int64_t rows, int64_t columns, const Vector& direction) {
  constexpr int64_t kDivided = 25;
  if (std::min(rows, columns) <= kDivided) return followed(x, rows, columns, direction);
  // Reflections decide: of a tall matrix the first component has the sign opposite to the first value's; of a
  // wide one the first row's place is positive, or negative if gesdd takes its LQ factors.
  if (rows >= columns && direction[0] != 0) return (direction[0] > 0) == (x[0] >= 0);
  const bool positive = rows < columns && columns < rows * 11 / 6;
  return (std::inner_product(direction.begin(), direction.end(), x.begin(), 0.0) > 0) != positive;
}

}  // namespace fovea
