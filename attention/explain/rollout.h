#pragma once
#include <span>

#include "attention/autograd/grad.h"
#include "attention/explain/heads.h"

namespace fovea {

struct RolloutConfig {
  HeadFusion fusion = HeadFusion::kMean;
  // Share of each layer's smallest fused weights that count as 0. rollout() counts among them the weight of
  // token 0 on itself, but keeps it, as vit-explain does.
  double discard = 0;
};

// Attention rollout, Abnar & Zuidema 2020, https://arxiv.org/abs/2005.00928: how much each token of the first
// layer's input counts in one token of the last layer's output, when layers are row-normalised (A + I) / 2
// and multiplied. A row is carried from the last layer to the first, so that no N x N product is made and a
// layer's weights exist for some rows at a time. `maps`: self-attention of successive layers, of kTokens; the
// last may have been computed for its first queries only. `token`: a query of the last map, or -1: the mean
// over all.
// -> [B, N].
Tensor rollout(std::span<const AttentionMap> maps, int64_t token, const RolloutConfig& config = {});

// The same over attention times its gradient, fused, negative results cut to 0 (as in vit-explain's gradient
// rollout, which may discard any weight). The maps must come from a pass with Taps::probes.
Tensor gradient_rollout(std::span<const AttentionMap> maps, const Gradients& gradients, int64_t token,
                        const RolloutConfig& config = {});

}  // namespace fovea
