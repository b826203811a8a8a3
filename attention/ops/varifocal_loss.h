#pragma once
#include "attention/ops/reduction.h"
#include "attention/tensor/tensor.h"

namespace fovea {

struct VarifocalConfig {
  float alpha = 0.75f, gamma = 2;
};
// Binary cross-entropy towards a quality from 0 to 1, of weight quality where `positives` is 1 and of weight
// alpha sigmoid(logit)^gamma, which has no gradient, where it is 0: Zhang et al. 2020,
// https://arxiv.org/abs/2008.13367, as RT-DETR has it. One shape; differentiable in the logits.
Tensor varifocal_loss(const Tensor& logits, const Tensor& positives, const Tensor& quality,
                      const VarifocalConfig& config = {}, Reduction reduction = Reduction::kNone);

}  // namespace fovea
