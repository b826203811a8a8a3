#include "models/token_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// Calls body(picture, token, map, row, column) for every token in order.
template <class Body>
void for_cells(const TokenGrid& grid, const Body& body) {
  const int64_t B = grid.filled.dim(0);
  for (int64_t b = 0; b < B; ++b) {
    int64_t token = b * grid.tokens();
    for (size_t map = 0; map < grid.maps.size(); ++map)
      for (int64_t y = 0; y < grid.maps[map].height; ++y)
        for (int64_t x = 0; x < grid.maps[map].width; ++x) body(b, token++, static_cast<int64_t>(map), y, x);
  }
}

// How many columns of a map [height, width] the picture fills, by its first row; rows by its first column.
std::pair<float, float> filled_part(const float* padding, const MapSize& size) {
  float columns = 0, rows = 0;
  for (int64_t x = 0; x < size.width; ++x) columns += padding[x] == 0;
  for (int64_t y = 0; y < size.height; ++y) rows += padding[y * size.width] == 0;
  return {columns, rows};
}

}  // namespace

int64_t TokenGrid::tokens() const {
  int64_t count = 0;
  for (const MapSize& map : maps) count += map.height * map.width;
  return count;
}

Tensor TokenGrid::filled_shares() const {
  Tensor shares = filled.clone();
  for (int64_t i = 0; i < shares.count(); ++i) {
    const MapSize& map = maps[static_cast<size_t>(i / 2) % maps.size()];
    shares.mutable_data()[i] /= static_cast<float>(i % 2 == 0 ? map.width : map.height);
  }
  return shares;
}

TokenGrid token_grid(const std::vector<MapSize>& maps, const std::vector<Tensor>& padding, int64_t batch) {
  const auto count = static_cast<int64_t>(maps.size());
  TokenGrid grid{.maps = maps, .filled = Tensor(Shape{batch, count, 2})};
  for (int64_t i = 0; i < batch * count; ++i) {
    const MapSize& map = maps[static_cast<size_t>(i % count)];
    std::pair<float, float> filled(map.width, map.height);
    if (!padding.empty())
      filled = filled_part(
          padding[static_cast<size_t>(i % count)].data() + i / count * map.height * map.width, map);
    grid.filled.mutable_data()[2 * i] = filled.first;
    grid.filled.mutable_data()[2 * i + 1] = filled.second;
  }
  for (const Tensor& map : padding) {
    const Tensor tokens = map.view({batch, map.dim(1) * map.dim(2)});
    grid.padding = grid.padding ? concat(grid.padding, tokens, 1) : tokens;
  }
  return grid;
}

Tensor cell_centres(const TokenGrid& grid) {
  const auto maps = static_cast<int64_t>(grid.maps.size());
  const Tensor shares = grid.filled_shares();
  Tensor centres(Shape{grid.filled.dim(0), grid.tokens(), maps, 2});
  for_cells(grid, [&](int64_t b, int64_t token, int64_t map, int64_t y, int64_t x) {
    const float* const filled = grid.filled.data() + (b * maps + map) * 2;
    const float place[] = {(static_cast<float>(x) + 0.5f) / filled[0],
                           (static_cast<float>(y) + 0.5f) / filled[1]};
    for (int64_t i = 0; i < 2 * maps; ++i)
      centres.mutable_data()[token * maps * 2 + i] = place[i % 2] * shares.data()[b * maps * 2 + i];
  });
  return centres;
}

Tensor on_each_map(const Tensor& reference, const TokenGrid& grid) {
  const int64_t B = reference.dim(0), N = reference.dim(1), n = reference.dim(2);
  const auto maps = static_cast<int64_t>(grid.maps.size());
  if (B != grid.filled.dim(0) || (n != 2 && n != 4))
    fail("on_each_map: references ", reference.shape(), " for ", grid.filled.dim(0), " pictures");
  // body(index in the result, index in the references, factor)
  const auto each = [=, shares = grid.filled_shares()](const auto& body) {
    for (int64_t row = 0; row < B * N; ++row)
      for (int64_t i = 0; i < maps * n; ++i)
        body(row * maps * n + i, row * n + i % n, shares.data()[(row / N * maps + i / n) * 2 + i % 2]);
  };
  Tensor places(Shape{B, N, maps, n});
  each([&](int64_t to, int64_t from, float factor) {
    places.mutable_data()[to] = reference.data()[from] * factor;
  });
  return record(places, {reference}, [each, shape = reference.shape()](const Tensor& dy) {
    Tensor dx = Tensor::full(shape, 0);
    each([&](int64_t from, int64_t to, float factor) { dx.mutable_data()[to] += dy.data()[from] * factor; });
    return std::vector<Tensor>{dx};
  });
}

CellBoxes cell_boxes(const TokenGrid& grid) {
  constexpr float kLeast = 0.01f, kMost = 0.99f, kSide = 0.05f;  // kSide of the first map's boxes
  const int64_t B = grid.filled.dim(0), S = grid.tokens();
  const auto maps = static_cast<int64_t>(grid.maps.size());
  CellBoxes boxes{.logits = Tensor(Shape{B, S, 4})};
  Tensor valid = Tensor::full({B, S, 1, 1}, 1);
  bool all = true;
  for_cells(grid, [&](int64_t b, int64_t token, int64_t map, int64_t y, int64_t x) {
    const float* const filled = grid.filled.data() + (b * maps + map) * 2;
    const float side = std::ldexp(kSide, static_cast<int>(map));
    const float box[] = {(static_cast<float>(x) + 0.5f) / filled[0],
                         (static_cast<float>(y) + 0.5f) / filled[1], side, side};
    const bool inside = (!grid.padding || grid.padding.data()[token] == 0) &&
                        std::all_of(box, box + 4, [](float v) { return v > kLeast && v < kMost; });
    if (!inside) valid.mutable_data()[token] = 0;
    all = all && inside;
    for (int64_t i = 0; i < 4; ++i)
      boxes.logits.mutable_data()[token * 4 + i] =
          inside ? std::log(box[i] / (1 - box[i])) : std::numeric_limits<float>::infinity();
  });
  if (!all) boxes.valid = valid;
  return boxes;
}

Tensor inverse_sigmoid(const Tensor& x) {
  constexpr float kEps = 1e-5f;
  Tensor y(x.shape());
  for (int64_t i = 0; i < x.count(); ++i) {
    const float v = std::clamp(x.data()[i], 0.f, 1.f);
    y.mutable_data()[i] = std::log(std::max(v, kEps) / std::max(1 - v, kEps));
  }
  return record(y, {x}, [x](const Tensor& dy) {
    Tensor dx(x.shape());
    for (int64_t i = 0; i < x.count(); ++i) {
      const float v = x.data()[i];
      const float slope = (v >= kEps && v <= 1 ? 1 / v : 0) + (v >= 0 && 1 - v >= kEps ? 1 / (1 - v) : 0);
      dx.mutable_data()[i] = dy.data()[i] * slope;
    }
    return std::vector<Tensor>{dx};
  });
}

}  // namespace fovea
