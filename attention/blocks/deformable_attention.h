#pragma once
#include "attention/nn/layers.h"
#include "attention/nn/pass.h"
#include "attention/ops/deformable_attention.h"

namespace fovea {

struct DeformableConfig {
  int64_t dim = 256;
  int heads = 8, levels = 4, points = 4;
};

// What the queries look at.
struct DeformableMemory {
  Tensor tokens;              // [B, S, dim]: all maps, one after the other
  std::vector<MapSize> maps;  // one a level
  Tensor padding = {};        // [B, S], not 0: such tokens count as zeros; none: there are none
};

// Multi-scale deformable attention, Zhu et al. 2021, https://arxiv.org/abs/2010.04159: each query weighs a
// few points that it places itself, around a reference of its own. Checkpoint names: offsets, weights, value,
// out. Taps hand out the weights as [B, heads, Q, levels * points].
class DeformableAttention {
 public:
  DeformableAttention(const DeformableConfig& config, const Weights& w);
  // query [B, Q, dim], with its position added; reference [B, Q, levels, 2] = {x, y} of 0 to 1, offsets then
  // counted in cells of each map, or [B, Q, levels, 4] = {x, y, w, h}, offsets then in shares of the box.
  // -> [B, Q, dim]
  Tensor operator()(const Tensor& query, const Tensor& reference, const DeformableMemory& memory,
                    const Pass& pass) const;

 private:
  std::string name_;
  DeformableConfig config_;
  Linear offsets_, weights_, value_, out_;
};

}  // namespace fovea
