#include "attention/blocks/deformable_attention.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "attention/base/error.h"
#include "attention/ops/pool.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "attention/ops/sampling_places.h"

namespace fovea {
namespace {

// As the paper begins: each head looks another way, each of its points a cell further.
Tensor compass(const DeformableConfig& c) {
  Tensor offsets({c.heads * c.levels * c.points * 2});
  for (int64_t i = 0; i < offsets.count(); i += 2) {
    const int64_t point = i / 2 % c.points, head = i / 2 / c.points / c.levels;
    const double angle = 2 * std::numbers::pi * static_cast<double>(head) / c.heads;
    const double x = std::cos(angle), y = std::sin(angle);
    const double cells = static_cast<double>(point + 1) / std::max(std::abs(x), std::abs(y));
    offsets.mutable_data()[i] = static_cast<float>(x * cells);
    offsets.mutable_data()[i + 1] = static_cast<float>(y * cells);
  }
  return offsets;
}

Tensor no_preference(const DeformableConfig& c) {
  return Tensor::full({c.heads * c.levels * c.points}, 0);
}

Tensor without_padding(const Tensor& value, const Tensor& padding) {
  if (!padding) return value;
  const int64_t B = value.dim(0), S = value.dim(1), C = value.dim(2);
  if (padding.shape() != Shape{B, S})
    fail("deformable attention: padding ", padding.shape(), " for tokens ", value.shape());
  Tensor seen({B, S, 1, 1});
  std::transform(padding.values().begin(), padding.values().end(), seen.mutable_data(),
                 [](float p) { return p != 0 ? 0.f : 1.f; });
  return reshape(scale_positions(reshape(value, {B, S, 1, C}), seen), {B, S, C});
}

}  // namespace

DeformableAttention::DeformableAttention(const DeformableConfig& c, const Weights& w)
    : name_(w.path()),
      config_(c),
      offsets_(c.dim, w / "offsets", Init::kZeros, compass(c)),
      weights_(c.dim, w / "weights", Init::kZeros, no_preference(c)),
      value_(c.dim, c.dim, w / "value"),
      out_(c.dim, c.dim, w / "out") {}

Tensor DeformableAttention::operator()(const Tensor& query, const Tensor& reference,
                                       const DeformableMemory& memory, const Pass& pass) const {
  const DeformableConfig& c = config_;
  const int64_t B = query.dim(0), Q = query.dim(1);
  const Tensor value = without_padding(value_(memory.tokens), memory.padding);
  const Tensor offsets = reshape(offsets_(query), {B, Q, c.heads, c.levels, c.points, 2});
  const Tensor weights = softmax(reshape(weights_(query), {B, Q, c.heads, c.levels * c.points}), -1);
  const Tensor places = sampling_places(reference, offsets, memory.maps);
  const Tensor y = deformable_attention(value, memory.maps, {places, weights});
  if (!pass.taps) return out_(y);
  const Tensor map = permute(weights, {0, 2, 1, 3});
  return out_(
      tapped(pass, {.name = name_, .of = AttentionMap::Of::kPoints, .value = map, .places = places}, y));
}

}  // namespace fovea
