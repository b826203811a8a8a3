#include "attention/ops/fourier.h"

#include <cmath>
#include <utility>
#include <vector>

#include "attention/base/error.h"
#include "attention/ops/linear.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"

namespace fovea {
namespace {

// cos and sin of 2 pi r c / n, by sqrt(n): [rows, columns].
struct Waves {
  Tensor cosine, sine;
};

Waves waves(int64_t rows, int64_t columns, int64_t n) {
  constexpr double kTurn = 6.283185307179586;
  Waves w{Tensor(Shape{rows, columns}), Tensor(Shape{rows, columns})};
  const auto size = static_cast<double>(n);
  for (int64_t i = 0; i < rows * columns; ++i) {
    const double angle = kTurn * static_cast<double>(i / columns * (i % columns) % n) / size;
    w.cosine.mutable_data()[i] = static_cast<float>(std::cos(angle) / std::sqrt(size));
    w.sine.mutable_data()[i] = static_cast<float>(std::sin(angle) / std::sqrt(size));
  }
  return w;
}

// A matrix times x [B, H, W, C] along one of its axes, which goes last meanwhile.
Tensor along(int axis, const Tensor& matrix, const Tensor& x) {
  std::vector<int> axes{0, 1, 2, 3};
  std::swap(axes[static_cast<size_t>(axis)], axes[3]);
  return permute(linear(permute(x, axes), matrix, {}), axes);
}

Tensor along_height(const Tensor& matrix, const Tensor& x) {
  return along(1, matrix, x);
}
Tensor along_width(const Tensor& matrix, const Tensor& x) {
  return along(2, matrix, x);
}

// Columns that stand for their conjugates too count twice.
void double_inner_columns(Tensor& matrix, int64_t width) {
  const int64_t columns = matrix.dim(1);
  for (int64_t i = 0; i < matrix.count(); ++i)
    if (i % columns != 0 && 2 * (i % columns) != width) matrix.mutable_data()[i] *= 2;
}

}  // namespace

Spectrum fourier(const Tensor& x) {
  if (x.shape().rank() != 4 || x.dim(1) < 1 || x.dim(2) < 1)
    fail("fourier: ", x.shape(), " is not [B, H, W, C]");
  const int64_t H = x.dim(1), W = x.dim(2);
  const Waves across = waves(W / 2 + 1, W, W), down = waves(H, H, H);
  const Tensor real = along_width(across.cosine, x), imaginary = scale(along_width(across.sine, x), -1);
  return {along_height(down.cosine, real) + along_height(down.sine, imaginary),
          along_height(down.cosine, imaginary) - along_height(down.sine, real)};
}

Tensor inverse_fourier(const Spectrum& spectrum, int64_t width) {
  const Tensor &a = spectrum.real, &b = spectrum.imaginary;
  if (a.shape().rank() != 4 || a.shape() != b.shape() || width < 1 || a.dim(2) != width / 2 + 1 ||
      a.dim(1) < 1)
    fail("inverse_fourier: ", a.shape(), " and ", b.shape(), " for a width of ", width);
  const Waves down = waves(a.dim(1), a.dim(1), a.dim(1));
  Waves across = waves(width, width / 2 + 1, width);
  double_inner_columns(across.cosine, width);
  double_inner_columns(across.sine, width);
  const Tensor real = along_height(down.cosine, a) - along_height(down.sine, b);
  const Tensor imaginary = along_height(down.cosine, b) + along_height(down.sine, a);
  return along_width(across.cosine, real) - along_width(across.sine, imaginary);
}

}  // namespace fovea
