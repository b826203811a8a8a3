#include "attention/ops/sampling_places.h"

#include <algorithm>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

struct Work {
  Tensor reference, offsets;
  std::vector<float> cells;  // [levels, 2]: the share of the map that an offset of 1 is, without a box
  int64_t heads, levels, points;

  int64_t coordinates() const { return reference.dim(3); }
  // Of axis i, by the reference of one query on one level.
  float step(const float* place, int64_t level, int64_t i) const {
    return coordinates() == 2 ? cells[static_cast<size_t>(2 * level + i)]
                              : place[2 + i] * 0.5f / static_cast<float>(points);
  }
  // Calls body(query, level, first value of offsets) for each head's points on each level, in order.
  template <class Body>
  void for_each_level(const Body& body) const {
    const int64_t size = heads * levels * points * 2;
    parallel_for(offsets.count() / std::max<int64_t>(1, size), std::max<int64_t>(1, 8192 / (size + 1)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t q = begin; q < end; ++q)
                     for (int64_t head = 0; head < heads; ++head)
                       for (int64_t level = 0; level < levels; ++level)
                         body(q, level, q * size + (head * levels + level) * points * 2);
                 });
  }
};

Tensor moved(const Work& work) {
  Tensor places(work.offsets.shape());
  work.for_each_level([&](int64_t q, int64_t level, int64_t at) {
    const float* place = work.reference.data() + (q * work.levels + level) * work.coordinates();
    const float x = place[0], y = place[1], dx = work.step(place, level, 0), dy = work.step(place, level, 1);
    const float* from = work.offsets.data() + at;
    float* to = places.mutable_data() + at;
    for (int64_t p = 0; p < 2 * work.points; p += 2)
      to[p] = x + from[p] * dx, to[p + 1] = y + from[p + 1] * dy;
  });
  return places;
}

Tensor offsets_gradient(const Work& work, const Tensor& dplaces) {
  Tensor doffsets(work.offsets.shape());
  work.for_each_level([&](int64_t q, int64_t level, int64_t at) {
    const float* place = work.reference.data() + (q * work.levels + level) * work.coordinates();
    const float dx = work.step(place, level, 0), dy = work.step(place, level, 1);
    const float* from = dplaces.data() + at;
    float* to = doffsets.mutable_data() + at;
    for (int64_t p = 0; p < 2 * work.points; p += 2) to[p] = from[p] * dx, to[p + 1] = from[p + 1] * dy;
  });
  return doffsets;
}

// Sums over the heads and points of each query and level.
Tensor reference_gradient(const Work& work, const Tensor& dplaces) {
  Tensor sums = Tensor::full(work.reference.shape(), 0);
  work.for_each_level([&](int64_t q, int64_t level, int64_t at) {
    float* sum = sums.mutable_data() + (q * work.levels + level) * work.coordinates();
    const float *from = dplaces.data() + at, *offsets = work.offsets.data() + at;
    for (int64_t p = 0; p < 2 * work.points; ++p) {
      sum[p % 2] += from[p];
      if (work.coordinates() == 4)
        sum[2 + p % 2] += from[p] * offsets[p] * 0.5f / static_cast<float>(work.points);
    }
  });
  return sums;
}

}  // namespace

Tensor sampling_places(const Tensor& reference, const Tensor& offsets, std::span<const MapSize> maps) {
  const auto levels = static_cast<int64_t>(maps.size());
  if (offsets.shape().rank() != 6 || offsets.dim(3) != levels || offsets.dim(5) != 2 ||
      reference.shape().rank() != 4 ||
      reference.shape() != Shape{offsets.dim(0), offsets.dim(1), levels, reference.dim(3)} ||
      (reference.dim(3) != 2 && reference.dim(3) != 4))
    fail("sampling_places: references ", reference.shape(), " and offsets ", offsets.shape(), " on ", levels,
         " maps");
  Work work{reference, offsets, {}, offsets.dim(2), levels, offsets.dim(4)};
  for (const MapSize& map : maps) {
    work.cells.push_back(1 / static_cast<float>(map.width));
    work.cells.push_back(1 / static_cast<float>(map.height));
  }
  return record(moved(work), {reference, offsets}, [work](const Tensor& dplaces) {
    return std::vector<Tensor>{work.reference.grad_node() ? reference_gradient(work, dplaces) : Tensor(),
                               work.offsets.grad_node() ? offsets_gradient(work, dplaces) : Tensor()};
  });
}

}  // namespace fovea
