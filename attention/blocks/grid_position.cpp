#include "attention/blocks/grid_position.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "attention/base/error.h"

namespace fovea {
namespace {

// All in float, as the libraries do whose models learnt these values: at a frequency of 100 pi, a rounding
// more is seen.

// `count` values from first to last, from each end to the middle.
std::vector<float> steps(float first, float last, int64_t count) {
  const float step = count > 1 ? (last - first) / static_cast<float>(count - 1) : 0;
  std::vector<float> all;
  for (int64_t i = 0; i < count; ++i)
    all.push_back(count == 1 || i < count / 2 ? first + step * static_cast<float>(i)
                                              : last - step * static_cast<float>(count - 1 - i));
  return all;
}

std::vector<float> falling_frequencies(int64_t count, double temperature) {
  std::vector<float> all;
  for (int64_t i = 0; i < count; ++i)
    all.push_back(
        1 / std::pow(static_cast<float>(temperature), static_cast<float>(i) / static_cast<float>(count)));
  return all;
}

std::vector<float> pixel_frequencies(const FourierGrid& grid) {
  const double most = grid.max_resolution / 2;
  std::vector<float> all = grid.linear ? steps(1, static_cast<float>(most), grid.bands)
                                       : steps(0, static_cast<float>(std::log2(most)), grid.bands);
  for (float& frequency : all)
    frequency = (grid.linear ? frequency : std::exp2(frequency)) * std::numbers::pi_v<float>;
  return all;
}

// The coordinates along an axis of the grid.
std::vector<float> coordinates(const FourierGrid& grid, size_t axis) {
  const int64_t size = grid.sizes[axis];
  std::vector<float> all = steps(-1, 1, size);
  for (int64_t i = 0; !grid.in_pixels && i < size; ++i)
    all[static_cast<size_t>(i)] = static_cast<float>(i) + grid.offset;
  if (!grid.trained.empty())
    for (float& at : all) at = at / static_cast<float>(size) * static_cast<float>(grid.trained[axis]);
  return all;
}

}  // namespace

Tensor grid_waves(int64_t rows, int64_t columns, const GridWaves& how) {
  if (rows < 1 || columns < 1 || how.dim < 4 || how.dim % 4)
    fail("grid_waves: ", how.dim, " values for ", rows, " x ", columns, " cells");
  const std::vector<float> frequencies = falling_frequencies(how.dim / 4, how.temperature);
  const auto bands = static_cast<int64_t>(frequencies.size());
  Tensor y({rows * columns, how.dim});
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t token = i / how.dim, part = i % how.dim / bands;  // part: one of four
    const bool second = how.by_coordinate ? part / 2 : part % 2,
               cosine = how.by_coordinate ? part % 2 : part / 2;
    const float angle = static_cast<float>(second ? token % columns : token / columns) *
                        frequencies[static_cast<size_t>(i % bands)];
    y.mutable_data()[i] = cosine ? std::cos(angle) : std::sin(angle);
  }
  return y;
}

FourierPosition fourier_position(const FourierGrid& grid) {
  const size_t axes = grid.sizes.size();
  if (axes < 1 || axes > 4 || (!grid.trained.empty() && grid.trained.size() != axes) || grid.bands < 1 ||
      (grid.column_first && axes < 2))
    fail("fourier_position: ", grid.bands, " bands over ", axes, " axes");
  const std::vector<float> frequencies =
      grid.in_pixels ? pixel_frequencies(grid) : falling_frequencies(grid.bands, grid.temperature);
  std::vector<int64_t> shape = grid.sizes;
  shape.push_back(static_cast<int64_t>(axes)), shape.push_back(grid.bands);
  FourierPosition position{.coordinates = Tensor(Shape(shape).with_last(1)),
                           .sines = Tensor(Shape(shape)),
                           .cosines = Tensor(Shape(shape))};
  for (size_t place = 0; place < axes; ++place) {  // of the coordinate, in each cell
    const size_t axis = grid.column_first && place < 2 ? 1 - place : place;
    int64_t inner = 1;
    for (size_t i = axis + 1; i < axes; ++i) inner *= grid.sizes[i];
    const std::vector<float> along = coordinates(grid, axis);
    const auto count = static_cast<int64_t>(axes);
    for (int64_t i = static_cast<int64_t>(place); i < position.coordinates.count(); i += count) {
      const float at = along[static_cast<size_t>(i / count / inner % grid.sizes[axis])];
      position.coordinates.mutable_data()[i] = at;
      for (int64_t k = 0; k < grid.bands; ++k) {
        const float angle = at * frequencies[static_cast<size_t>(k)];
        position.sines.mutable_data()[i * grid.bands + k] = std::sin(angle);
        position.cosines.mutable_data()[i * grid.bands + k] = std::cos(angle);
      }
    }
  }
  return position;
}

}  // namespace fovea
