#pragma once
#include <span>

#include "attention/ops/reduction.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// Of rows of vectors, [B, D], all of one shape; differentiable in all. -> [B] before the reduction.

// 1 - cosine(a, b) where the row's label is 1; how far the cosine is above the margin where it is -1.
Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, std::span<const int> labels, float margin = 0,
                             Reduction reduction = Reduction::kMean);

// |a - b + eps| by the p-norm, p at least 1 -> [B]; eps keeps the slope finite between equal vectors.
Tensor pairwise_distance(const Tensor& a, const Tensor& b, float p = 2, float eps = 1e-6f);

struct TripletConfig {
  float margin = 1, p = 2, eps = 1e-6f;
  bool swap = false;  // the negative may be as near as it is to the positive, if that is nearer
};
// How much less than the margin the negative is farther from the anchor than the positive is: max(0,
// distance(anchor, positive) - distance(anchor, negative) + margin).
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletConfig& config = {}, Reduction reduction = Reduction::kMean);

}  // namespace fovea
