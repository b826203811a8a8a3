#include "attention/ops/resample.h"

#include <algorithm>
#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"

namespace fovea {
namespace {

// Keys 1981: the cubic convolution kernel.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Row i of the result: how much of each of `from` positions goes into position i of `to`.
std::vector<double> axis_weights(int64_t from, int64_t to, GridResample how) {
  std::vector<double> weights(static_cast<size_t>(from * to), 0);
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  for (int64_t i = 0; i < to; ++i) {
    double* row = weights.data() + i * from;
    if (how == GridResample::kBicubicAntialias) {
      const double widen = std::max(scale, 1.0), centre = scale * (static_cast<double>(i) + 0.5);
      const int64_t lo = std::max<int64_t>(0, static_cast<int64_t>(centre - 2 * widen + 0.5));
      const int64_t hi = std::min<int64_t>(from, static_cast<int64_t>(centre + 2 * widen + 0.5));
      double sum = 0;
      for (int64_t j = lo; j < hi; ++j)
        sum += row[j] = cubic((static_cast<double>(j) - centre + 0.5) / widen, -0.5);
      for (int64_t j = lo; j < hi; ++j) row[j] /= sum;
    } else {
      const double place = how == GridResample::kBicubic ? scale * (static_cast<double>(i) + 0.5) - 0.5
                           : to > 1 ? static_cast<double>(i * (from - 1)) / static_cast<double>(to - 1)
                                    : 0;
      const double floor = std::floor(place);
      for (int64_t tap = -1; tap <= 2; ++tap) {  // taps beyond the edge repeat it
        const int64_t j = std::clamp<int64_t>(static_cast<int64_t>(floor) + tap, 0, from - 1);
        row[j] += cubic(place - floor - static_cast<double>(tap), -0.75);
      }
    }
  }
  return weights;
}

std::vector<double> transposed(const std::vector<double>& m, int64_t rows, int64_t columns) {
  std::vector<double> t(m.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      t[static_cast<size_t>(c * rows + r)] = m[static_cast<size_t>(r * columns + c)];
  return t;
}

// out[(i, j), c] = sum over (y, x) of wy[i, y] wx[j, x] in[(y, x), c]
Tensor apply(const Tensor& in, const std::vector<double>& wy, const std::vector<double>& wx, int64_t h,
             int64_t w, int64_t nh, int64_t nw) {
  const int64_t C = in.dim(1);
  std::vector<double> rows(static_cast<size_t>(nh * w * C), 0), sum(static_cast<size_t>(C));
  for (int64_t i = 0; i < nh; ++i)
    for (int64_t y = 0; y < h; ++y)
      if (const double f = wy[static_cast<size_t>(i * h + y)]; f != 0)
        for (int64_t e = 0; e < w * C; ++e)
          rows[static_cast<size_t>(i * w * C + e)] += f * in.data()[y * w * C + e];
  Tensor out(Shape{nh * nw, C});
  for (int64_t i = 0; i < nh; ++i)
    for (int64_t j = 0; j < nw; ++j) {
      std::fill(sum.begin(), sum.end(), 0);
      for (int64_t x = 0; x < w; ++x)
        if (const double f = wx[static_cast<size_t>(j * w + x)]; f != 0)
          for (int64_t c = 0; c < C; ++c)
            sum[static_cast<size_t>(c)] += f * rows[static_cast<size_t>((i * w + x) * C + c)];
      std::copy(sum.begin(), sum.end(), out.mutable_data() + (i * nw + j) * C);
    }
  return out;
}

}  // namespace

Tensor resample_grid(const Tensor& grid, int64_t height, int64_t width, int64_t new_height, int64_t new_width,
                     GridResample how) {
  if (grid.shape().rank() != 2 || grid.dim(0) != height * width || new_height < 1 || new_width < 1)
    fail("resample_grid: ", grid.shape(), " from ", height, " x ", width, " to ", new_height, " x ",
         new_width);
  const std::vector<double> wy = axis_weights(height, new_height, how),
                            wx = axis_weights(width, new_width, how);
  return record(apply(grid, wy, wx, height, width, new_height, new_width), {grid}, [=](const Tensor& dy) {
    return std::vector<Tensor>{apply(dy, transposed(wy, new_height, height), transposed(wx, new_width, width),
                                     new_height, new_width, height, width)};
  });
}

}  // namespace fovea
