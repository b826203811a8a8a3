#include "attention/blocks/position_encoding.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// What a coordinate is divided by for each pair of values.
std::vector<float> periods(int64_t dim, double temperature) {
  std::vector<float> all;
  for (int64_t i = 0; i < dim; i += 2)
    all.push_back(
        static_cast<float>(std::pow(temperature, static_cast<double>(i) / static_cast<double>(dim))));
  return all;
}

void write_waves(float at, const std::vector<float>& period, float* to) {
  for (size_t i = 0; i < period.size(); ++i) {
    to[2 * i] = std::sin(at / period[i]);
    to[2 * i + 1] = std::cos(at / period[i]);
  }
}

// Each cell's number on one axis, counted over the picture and from 1, then as `how` says. [H, W]
std::vector<float> cell_numbers(const float* padding, int64_t height, int64_t width, bool down,
                                const SinePosition& how) {
  std::vector<float> numbers(static_cast<size_t>(height * width));
  const int64_t lines = down ? width : height, n = down ? height : width;
  for (int64_t line = 0; line < lines; ++line) {
    const auto cell = [&](int64_t i) { return down ? i * width + line : line * width + i; };
    float last = 0;
    for (int64_t i = 0; i < n; ++i) {
      last += padding[cell(i)] == 0;
      numbers[static_cast<size_t>(cell(i))] = last + how.shift;
    }
    for (int64_t i = 0; how.normalise && i < n; ++i) {
      float& number = numbers[static_cast<size_t>(cell(i))];
      number = number / (last + 1e-6f) * static_cast<float>(how.scale);
    }
  }
  return numbers;
}

// One picture's encoding. A cell that has its neighbour's number copies its values.
void encode(const float* padding, int64_t height, int64_t width, const SinePosition& how, float* to) {
  const int64_t half = how.dim / 2;
  for (const bool down : {true, false}) {
    const std::vector<float> numbers = cell_numbers(padding, height, width, down, how);
    const std::vector<float> period = periods(half, down ? how.temperature_y : how.temperature_x);
    const int64_t back = down ? 1 : width;  // to the neighbour across the axis
    for (int64_t cell = 0; cell < height * width; ++cell) {
      float* const values = to + cell * how.dim + (down ? 0 : half);
      const bool has_neighbour = down ? cell % width > 0 : cell >= width;
      const float number = numbers[static_cast<size_t>(cell)];
      if (has_neighbour && number == numbers[static_cast<size_t>(cell - back)]) {
        std::copy_n(values - back * how.dim, half, values);
      } else {
        write_waves(number, period, values);
      }
    }
  }
}

}  // namespace

Tensor sine_position(const Tensor& padding, const SinePosition& how) {
  if (padding.shape().rank() != 3 || how.dim < 4 || how.dim % 4)
    fail("sine_position: ", how.dim, " values for maps ", padding.shape());
  const int64_t B = padding.dim(0), H = padding.dim(1), W = padding.dim(2);
  Tensor y({B, H, W, how.dim});
  parallel_for(B, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      encode(padding.data() + b * H * W, H, W, how, y.mutable_data() + b * H * W * how.dim);
  });
  return y;
}

Tensor sine_of_coordinates(const Tensor& coordinates, int64_t dim, double temperature) {
  constexpr float kTurn = 2 * std::numbers::pi_v<float>;
  if (coordinates.shape().rank() != 3 || dim < 2 || dim % 2)
    fail("sine_of_coordinates: ", dim, " values for each of ", coordinates.shape());
  const std::vector<float> period = periods(dim, temperature);
  const int64_t grain = std::max<int64_t>(1, 2048 / dim);
  Tensor y(coordinates.shape().with_last(coordinates.dim(2) * dim));
  parallel_for(coordinates.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      write_waves(coordinates.data()[i] * kTurn, period, y.mutable_data() + i * dim);
  });
  return record(y, {coordinates}, [y, shape = coordinates.shape(), period, dim, grain](const Tensor& dy) {
    Tensor dx(shape);
    parallel_for(dx.count(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float *waves = y.data() + i * dim, *g = dy.data() + i * dim;
        double sum = 0;
        for (size_t k = 0; k < period.size(); ++k)
          sum += (static_cast<double>(g[2 * k]) * waves[2 * k + 1] -
                  static_cast<double>(g[2 * k + 1]) * waves[2 * k]) /
                 period[k];
        dx.mutable_data()[i] = static_cast<float>(sum) * kTurn;
      }
    });
    return std::vector<Tensor>{dx};
  });
}

LearnedPosition::LearnedPosition(int64_t dim, const Weights& w, int64_t size)
    : rows_((w / "row").get("weight", {size, dim / 2}, Init::kNormal002)),
      columns_((w / "column").get("weight", {size, dim / 2}, Init::kNormal002)) {}

Tensor LearnedPosition::operator()(int64_t height, int64_t width) const {
  if (height > rows_.dim(0) || width > columns_.dim(0))
    fail("learned position: a map of ", height, " x ", width, ", the model has places for ", rows_.dim(0),
         " x ", columns_.dim(0));
  const Tensor down = permute(repeat(slice(rows_, 0, 0, height), width), {1, 0, 2});
  return concat(repeat(slice(columns_, 0, 0, width), height), down, -1);
}

}  // namespace fovea
