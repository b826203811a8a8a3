#include "attention/ops/fourier.h"

#include <gtest/gtest.h>

#include <complex>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

const Shape kMaps[] = {{2, 6, 5, 2}, {1, 3, 8, 3}, {2, 1, 4, 1}, {1, 5, 1, 2}};

TEST(Fourier, IsTheSumOverAllPixels) {
  for (const Shape& shape : kMaps) {
    const Tensor x = random_tensor(shape, 1);
    const Spectrum s = fourier(x);
    const int64_t H = shape[1], W = shape[2], C = shape[3], columns = W / 2 + 1;
    ASSERT_EQ(s.real.shape(), (Shape{shape[0], H, columns, C}));
    for (int64_t i = 0; i < s.real.count(); ++i) {
      const int64_t c = i % C, v = i / C % columns, u = i / C / columns % H, b = i / C / columns / H;
      std::complex<double> sum = 0;
      for (int64_t p = 0; p < H * W; ++p) {
        const double turns = static_cast<double>(p / W * u) / static_cast<double>(H) +
                             static_cast<double>(p % W * v) / static_cast<double>(W);
        sum += std::polar(1.0, -6.283185307179586 * turns) *
               static_cast<double>(x.data()[(b * H * W + p) * C + c]);
      }
      sum /= std::sqrt(static_cast<double>(H * W));
      EXPECT_NEAR(s.real.data()[i], sum.real(), 1e-5);
      EXPECT_NEAR(s.imaginary.data()[i], sum.imag(), 1e-5);
    }
  }
}

TEST(Fourier, ComesBack) {
  for (const Shape& shape : kMaps) {
    const Tensor x = random_tensor(shape, 1), y = inverse_fourier(fourier(x), shape[2]);
    ASSERT_EQ(y.shape(), shape);
    for (int64_t i = 0; i < x.count(); ++i) EXPECT_NEAR(y.data()[i], x.data()[i], 1e-5);
  }
}

TEST(Fourier, HasGradients) {
  for (const Shape& shape : kMaps) {
    const Tensor x = random_tensor(shape, 1);
    const Spectrum s = fourier(x);
    EXPECT_LT(gradient_error({x}, [](const Inputs& t) { return fourier(t[0]).real; }), 1e-3);
    EXPECT_LT(gradient_error({x}, [](const Inputs& t) { return fourier(t[0]).imaginary; }), 1e-3);
    const auto back = [&](const Inputs& t) { return inverse_fourier({t[0], t[1]}, shape[2]); };
    EXPECT_LT(gradient_error({s.real, s.imaginary}, back), 1e-3);
  }
}

TEST(Fourier, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({2, 6, 5, 2}, 1);
  EXPECT_THROW(fourier(random_tensor({6, 5, 2}, 1)), Error);
  EXPECT_THROW(inverse_fourier(fourier(x), 6), Error);
  EXPECT_THROW(inverse_fourier({x, random_tensor({2, 6, 5, 1}, 1)}, 8), Error);
}

}  // namespace
}  // namespace fovea
