#pragma once
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// More ops that only move values; ops/reorder.h has the most common ones. A negative axis counts from the
// back.

Tensor permute(const Tensor& x, const std::vector<int>& axes);  // axis i of the result is axes[i] of x
// Position i of the result along an axis is position places[i] of x, or `otherwise` where that is negative.
Tensor take(const Tensor& x, int axis, const std::vector<int64_t>& places, float otherwise = 0);
Tensor roll(const Tensor& x, int axis, int64_t shift);  // position i goes to i + shift, round the end
Tensor flip(const Tensor& x, int axis);

// What lies beyond the ends of an axis.
enum class Border { kConstant, kReflect, kReplicate, kCircular };  // kReflect does not repeat the end itself
// `before` and `after` more positions, or fewer where negative; `value` is that of kConstant.
Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, Border border, float value = 0);

// Shi et al. 2016, https://arxiv.org/abs/1609.05158: [B, H, W, C f f] -> [B, f H, f W, C], where channel
// (c f + i) f + j goes to row i and column j; and back.
Tensor pixel_shuffle(const Tensor& x, int64_t factor);
Tensor pixel_unshuffle(const Tensor& x, int64_t factor);
// Zhang et al. 2017, https://arxiv.org/abs/1707.01083: channel (g, i) of [..., C] goes to (i, g).
Tensor channel_shuffle(const Tensor& x, int64_t groups);

}  // namespace fovea
