#include "attention/ops/deformable_attention.h"

#include <algorithm>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/deformable.h"

namespace fovea {
namespace {

// What the kernels know of each point of a query: its map.
struct PointMaps {
  std::vector<float> width, height;
  std::vector<int32_t> start;
};

struct Work {
  Tensor value;
  SamplingPoints points;
  PointMaps maps;
  int64_t B, S, C, Q, heads, count;  // count: points of a head

  kernels::DeformablePicture picture(int64_t b) const {
    return {.value = value.data() + b * S * C,
            .heads = heads,
            .dim = C / heads,
            .points = count,
            .width = maps.width.data(),
            .height = maps.height.data(),
            .start = maps.start.data(),
            .places = points.places.data() + b * Q * heads * count * 2,
            .weights = points.weights.data() + b * Q * heads * count};
  }
};

PointMaps point_maps(std::span<const MapSize> maps, int64_t heads, int64_t points) {
  PointMaps all;
  for (int64_t head = 0; head < heads; ++head) {
    int64_t start = 0;
    for (const MapSize& map : maps) {
      all.width.insert(all.width.end(), static_cast<size_t>(points), static_cast<float>(map.width));
      all.height.insert(all.height.end(), static_cast<size_t>(points), static_cast<float>(map.height));
      all.start.insert(all.start.end(), static_cast<size_t>(points), static_cast<int32_t>(start));
      start += map.height * map.width;
    }
  }
  const auto padded = all.start.size() + static_cast<size_t>(kernels::kDeformablePadding);
  all.width.resize(padded, 1), all.height.resize(padded, 1), all.start.resize(padded, 0);
  return all;
}

Work work_of(const Tensor& value, std::span<const MapSize> maps, const SamplingPoints& points) {
  const Tensor &places = points.places, &weights = points.weights;
  if (value.shape().rank() != 3 || places.shape().rank() != 6 || places.dim(5) != 2 ||
      places.dim(0) != value.dim(0) || places.dim(2) < 1 || value.dim(2) < 1 ||
      value.dim(2) % places.dim(2) || places.dim(3) != static_cast<int64_t>(maps.size()))
    fail("deformable_attention: values ", value.shape(), " of ", maps.size(), " maps at ", places.shape());
  const int64_t heads = places.dim(2), count = places.dim(3) * places.dim(4);
  if (weights.shape() != Shape{places.dim(0), places.dim(1), heads, count})
    fail("deformable_attention: weights ", weights.shape(), " for places ", places.shape());
  int64_t tokens = 0;
  for (const MapSize& map : maps) {
    if (map.height < 1 || map.width < 1)
      fail("deformable_attention: a map of ", map.height, " x ", map.width, " cells");
    tokens += map.height * map.width;
  }
  constexpr int64_t kMost = int64_t{1} << 24;  // that a float counts
  if (tokens != value.dim(1) || tokens > kMost)
    fail("deformable_attention: values ", value.shape(), " for maps of ", tokens, " cells");
  return {.value = value,
          .points = points,
          .maps = point_maps(maps, heads, places.dim(4)),
          .B = value.dim(0),
          .S = value.dim(1),
          .C = value.dim(2),
          .Q = places.dim(1),
          .heads = heads,
          .count = count};
}

Tensor sampled(const Work& work) {
  Tensor y({work.B, work.Q, work.C});
  const int64_t grain = std::clamp<int64_t>(65536 / std::max<int64_t>(1, work.count * work.C), 1, 64);
  const int64_t blocks = (work.Q + grain - 1) / grain;
  parallel_for(work.B * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / blocks, first = i % blocks * grain;
      kernels::deformable(work.picture(b), first, std::min(work.Q, first + grain),
                          y.mutable_data() + b * work.Q * work.C);
    }
  });
  return y;
}

// A head of a picture is one task, and its columns no other's: the same sums on any thread.
std::vector<Tensor> gradients(const Work& work, const Tensor& dy) {
  Tensor value = work.value.grad_node() ? Tensor::full(work.value.shape(), 0) : Tensor();
  Tensor places(work.points.places.shape()), weights(work.points.weights.shape());
  parallel_for(work.B * work.heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / work.heads, points = b * work.Q * work.heads * work.count;
      kernels::deformable_gradient(work.picture(b), i % work.heads, work.Q,
                                   {.dy = dy.data() + b * work.Q * work.C,
                                    .value = value ? value.mutable_data() + b * work.S * work.C : nullptr,
                                    .places = places.mutable_data() + points * 2,
                                    .weights = weights.mutable_data() + points});
    }
  });
  return {value, work.points.places.grad_node() ? places : Tensor(),
          work.points.weights.grad_node() ? weights : Tensor()};
}

}  // namespace

Tensor deformable_attention(const Tensor& value, std::span<const MapSize> maps,
                            const SamplingPoints& points) {
  const Work work = work_of(value, maps, points);
  return record(sampled(work), {value, points.places, points.weights},
                [work](const Tensor& dy) { return gradients(work, dy); });
}

}  // namespace fovea
