#pragma once
#include <vector>

#include "models/matcher.h"

namespace fovea {

// Each [1] and differentiable.
struct MaskLossParts {
  Tensor focal, dice;
};
// Of matched queries' masks, as DETR is trained for segmentation: Carion et al. 2020, section 4.4. masks [B,
// N, h, w] are logits; targets are each picture's [labels, H, W] of 0 and 1, or none, which end with 0 where
// another picture is larger. Both are divided by `objects`.
MaskLossParts mask_loss(const Tensor& masks, const std::vector<Tensor>& targets,
                        const std::vector<Matches>& matches, double objects);

}  // namespace fovea
