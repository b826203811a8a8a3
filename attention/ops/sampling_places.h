#pragma once
#include <span>

#include "attention/ops/deformable_attention.h"

namespace fovea {

// SamplingPoints::places, each its query's reference moved by an offset. offsets [B, Q, heads, levels,
// points, 2]; reference [B, Q, levels, 2] = {x, y}, offsets then in cells of each map, or [B, Q, levels, 4] =
// {x, y, w, h}, offsets then in shares: `points` of them reach from the box's centre to its edge.
// Differentiable.
Tensor sampling_places(const Tensor& reference, const Tensor& offsets, std::span<const MapSize> maps);

}  // namespace fovea
