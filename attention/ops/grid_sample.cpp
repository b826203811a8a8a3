#include "attention/ops/grid_sample.h"

#include <algorithm>
#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/windows.h"
#include "attention/ops/matmul.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// A place on an axis, in pixels, and its derivative by the grid's value.
struct Place {
  float at, slope;
};

Place reflected(Place place, float low, float span) {
  if (span <= 0) return {0, 0};
  const float sign = place.at < low ? -1.f : 1.f;
  const float away = std::abs(place.at - low), extra = std::fmod(away, span);
  if (std::fmod(std::floor(away / span), 2.f) == 0) return {extra + low, sign * place.slope};
  return {span - extra + low, -sign * place.slope};
}

// Brings a place into [0, size - 1] as `how` says; zeros stay where they are.
Place brought_in(Place place, int64_t size, const GridSample& how) {
  if (how.outside == Outside::kZeros) return place;
  const auto n = static_cast<float>(size);
  if (how.outside == Outside::kReflection)
    place = how.align_corners ? reflected(place, 0, n - 1) : reflected(place, -0.5f, n);
  if (place.at <= 0) return {0, 0};
  if (place.at >= n - 1) return {n - 1, 0};
  return place;
}

// The pixels of one axis that a point is made of, and how much of each; slopes are the weights' derivatives
// by the grid's value.
struct Taps {
  int64_t count = 0, index[4];
  float weight[4], slope[4];

  void add(float at, float w, float s, int64_t size) {
    if (!(at >= 0 && at < static_cast<float>(size))) return;  // zero
    index[count] = static_cast<int64_t>(at), weight[count] = w, slope[count] = s;
    ++count;
  }
};

float cubic(float x) {
  constexpr float a = -0.75f;
  x = std::abs(x);
  return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : (((x - 5) * x + 8) * x - 4) * a;
}

float cubic_slope(float x) {
  constexpr float a = -0.75f;
  const float away = std::abs(x);
  const float slope = away < 1 ? (3 * (a + 2) * away - 2 * (a + 3)) * away : ((3 * away - 10) * away + 8) * a;
  return x < 0 ? -slope : slope;
}

Taps taps_of(float value, int64_t size, const GridSample& how) {
  const auto n = static_cast<float>(size);
  Place place = how.align_corners ? Place{(value + 1) * ((n - 1) / 2), (n - 1) / 2}
                                  : Place{(value + 1) * (n / 2) - 0.5f, n / 2};
  Taps taps;
  if (how.sampling == Sampling::kCubic) {
    const float floor = std::floor(place.at);
    for (float tap = -1; tap <= 2; ++tap) {
      const float away = place.at - floor - tap;
      taps.add(brought_in({floor + tap, 0}, size, how).at, cubic(away), place.slope * cubic_slope(away),
               size);
    }
    return taps;
  }
  place = brought_in(place, size, how);
  if (how.sampling == Sampling::kNearest) {
    taps.add(std::nearbyint(place.at), 1, 0, size);
    return taps;
  }
  const float floor = std::floor(place.at), t = place.at - floor;
  taps.add(floor, 1 - t, -place.slope, size);
  taps.add(floor + 1, t, place.slope, size);
  return taps;
}

struct Work {
  Shape x, grid;
  GridSample how;

  int64_t points() const { return grid[1] * grid[2]; }  // of a picture
  int64_t channels() const { return x[3]; }
  int64_t picture() const { return x[1] * x[2] * x[3]; }
  int64_t grain() const { return 8192 / std::max<int64_t>(channels(), 1) + 1; }
  Taps down(const float* point) const { return taps_of(point[1], x[1], how); }
  Taps across(const float* point) const { return taps_of(point[0], x[2], how); }
  int64_t pixel(int64_t row, int64_t column) const { return (row * x[2] + column) * x[3]; }
};

Tensor sampled(const Tensor& x, const Tensor& grid, const Work& work) {
  const int64_t C = work.channels();
  Tensor y(grid.shape().with_last(C));
  parallel_for(x.dim(0) * work.points(), work.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const Taps down = work.down(grid.data() + 2 * p), across = work.across(grid.data() + 2 * p);
      const float* const picture = x.data() + p / work.points() * work.picture();
      float* const sum = y.mutable_data() + p * C;
      std::fill_n(sum, C, 0.f);
      for (int64_t i = 0; i < down.count; ++i)
        for (int64_t j = 0; j < across.count; ++j)
          kernels::add_scaled(picture + work.pixel(down.index[i], across.index[j]),
                              down.weight[i] * across.weight[j], C, sum);
    }
  });
  return y;
}

// Points in order within each block of channels, whatever the thread.
Tensor map_gradient(const Tensor& dy, const Tensor& grid, const Work& work) {
  constexpr int64_t kBlock = 64;
  const int64_t C = work.channels(), blocks = (C + kBlock - 1) / kBlock, points = work.points();
  Tensor dx = Tensor::full(work.x, 0);
  parallel_for(work.x[0] * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t c = task % blocks * kBlock, n = std::min(kBlock, C - c);
      float* const picture = dx.mutable_data() + task / blocks * work.picture() + c;
      for (int64_t p = task / blocks * points; p < (task / blocks + 1) * points; ++p) {
        const Taps down = work.down(grid.data() + 2 * p), across = work.across(grid.data() + 2 * p);
        for (int64_t i = 0; i < down.count; ++i)
          for (int64_t j = 0; j < across.count; ++j)
            kernels::add_scaled(dy.data() + p * C + c, down.weight[i] * across.weight[j], n,
                                picture + work.pixel(down.index[i], across.index[j]));
      }
    }
  });
  return dx;
}

Tensor grid_gradient(const Tensor& dy, const Tensor& x, const Tensor& grid, const Work& work) {
  const int64_t C = work.channels();
  Tensor dgrid(grid.shape());
  parallel_for(x.dim(0) * work.points(), work.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const Taps down = work.down(grid.data() + 2 * p), across = work.across(grid.data() + 2 * p);
      const float* const picture = x.data() + p / work.points() * work.picture();
      double by_x = 0, by_y = 0;
      for (int64_t i = 0; i < down.count; ++i)
        for (int64_t j = 0; j < across.count; ++j) {
          float dot = 0;
          kernels::row_dots(dy.data() + p * C, picture + work.pixel(down.index[i], across.index[j]), 1, C,
                            &dot);
          by_x += static_cast<double>(dot) * down.weight[i] * across.slope[j];
          by_y += static_cast<double>(dot) * down.slope[i] * across.weight[j];
        }
      dgrid.mutable_data()[2 * p] = static_cast<float>(by_x);
      dgrid.mutable_data()[2 * p + 1] = static_cast<float>(by_y);
    }
  });
  return dgrid;
}

// The centres of n pixels, from -1 to 1.
float centre(int64_t i, int64_t n, bool align_corners) {
  const auto at = static_cast<double>(i), size = static_cast<double>(n);
  if (!align_corners) return static_cast<float>((2 * at + 1) / size - 1);
  return n > 1 ? static_cast<float>(2 * at / (size - 1) - 1) : 0;
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSample& how) {
  if (x.shape().rank() != 4 || grid.shape().rank() != 4 || grid.dim(3) != 2 || grid.dim(0) != x.dim(0))
    fail("grid_sample: ", x.shape(), " at ", grid.shape());
  if (x.dim(1) < 1 || x.dim(2) < 1) fail("grid_sample: the map ", x.shape(), " is empty");
  const Work work{x.shape(), grid.shape(), how};
  return record(sampled(x, grid, work), {x, grid}, [x, grid, work](const Tensor& dy) {
    return std::vector<Tensor>{x.grad_node() ? map_gradient(dy, grid, work) : Tensor(),
                               grid.grad_node() ? grid_gradient(dy, x, grid, work) : Tensor()};
  });
}

Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, bool align_corners) {
  if (theta.shape().rank() != 3 || theta.dim(1) != 2 || theta.dim(2) != 3 || height < 1 || width < 1)
    fail("affine_grid: ", theta.shape(), " for ", height, " x ", width, " points");
  const int64_t B = theta.dim(0);
  Tensor points({height * width, 3});
  for (int64_t i = 0; i < height * width; ++i) {
    float* const point = points.mutable_data() + i * 3;
    point[0] = centre(i % width, width, align_corners);
    point[1] = centre(i / width, height, align_corners);
    point[2] = 1;
  }
  return reshape(matmul_transposed(repeat(points, B), theta), {B, height, width, 2});
}

}  // namespace fovea
