#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Boxes are the last axis's 4 values. All differentiable.

Tensor box_corners(const Tensor& boxes);  // {centre x, centre y, width, height} -> {x0, y0, x1, y1}
Tensor box_centres(const Tensor& boxes);  // and back

// Intersection over union; less the empty share of the smallest box around both (Rezatofighi et al. 2019,
// https://arxiv.org/abs/1902.09630); less the centres' squared distance as a share of that box's diagonal,
// and less a term for their aspect ratios (Zheng et al. 2019, https://arxiv.org/abs/1911.08287).
enum class BoxOverlap { kIou, kGiou, kDiou, kCiou };
// Of every a with every b, both {x0, y0, x1, y1}: [N, 4], [M, 4] -> [N, M]. 0 for two empty boxes.
Tensor pairwise_overlap(const Tensor& a, const Tensor& b, BoxOverlap overlap);

}  // namespace fovea
