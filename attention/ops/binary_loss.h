#pragma once
#include "attention/ops/reduction.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// Of logits and targets from 0 to 1, of one shape; differentiable in both. p = sigmoid(logit).

// -(w t log(p) + (1 - t) log(1 - p)), with w of the last axis [C], or 1.
Tensor binary_cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& positive_weights = {},
                            Reduction reduction = Reduction::kMean);

struct FocalConfig {
  float alpha = 0.25f;  // weight of the targets 1; those of 0 have 1 - alpha; below 0: neither is weighted
  float gamma = 2;      // the larger, the less do values count that are right already
};
// Lin et al. 2017, https://arxiv.org/abs/1708.02002.
Tensor sigmoid_focal_loss(const Tensor& logits, const Tensor& targets, const FocalConfig& config = {},
                          Reduction reduction = Reduction::kNone);

// 1 - (2 sum(p t) + 1) / (sum(p) + sum(t) + 1) of each of the first axis's parts, as DETR's masks are scored;
// [B, ...] -> [B] before the reduction.
Tensor dice_loss(const Tensor& logits, const Tensor& targets, Reduction reduction = Reduction::kSum);

}  // namespace fovea
