#pragma once
#include <cstdint>
#include <span>

#include "attention/tensor/tensor.h"

namespace fovea {

struct MapSize {
  int64_t height, width;
  bool operator==(const MapSize&) const = default;
};

// Where queries look: a few points on each of several maps, in place of every token.
struct SamplingPoints {
  Tensor places;   // [B, Q, heads, levels, points, 2]: {x, y}, 0 to 1 over each map; zeros lie beyond
  Tensor weights;  // [B, Q, heads, levels * points]
};

// Zhu et al. 2021, https://arxiv.org/abs/2010.04159: the weighted sum of bilinear samples. value [B, S, C]
// holds the tokens of all maps, one map after the other; a head is a range of columns. -> [B, Q, C].
// Differentiable in value, places and weights.
Tensor deformable_attention(const Tensor& value, std::span<const MapSize> maps, const SamplingPoints& points);

}  // namespace fovea
