#pragma once
#include "attention/nn/pass.h"

namespace fovea {

enum class HeadFusion { kMean, kMax, kMin };

// [B, heads, Nq, Nk] -> [B, Nq, Nk].
Tensor fused(const Tensor& weights, HeadFusion fusion);

// Queries [begin, begin + count) of a map of tokens -> [B, heads, count, Nk]. The other rows are not worked
// out.
Tensor weight_rows(const AttentionMap& map, int64_t begin, int64_t count);

}  // namespace fovea
