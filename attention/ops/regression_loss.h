#pragma once
#include "attention/ops/reduction.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// Of each value of x and its target t, of one shape; differentiable in both.

Tensor l1_loss(const Tensor& x, const Tensor& t, Reduction reduction = Reduction::kMean);   // |x - t|
Tensor mse_loss(const Tensor& x, const Tensor& t, Reduction reduction = Reduction::kMean);  // (x - t)^2

// (x - t)^2 / (2 beta) where |x - t| < beta, else |x - t| - beta / 2 (Girshick 2015,
// https://arxiv.org/abs/1504.08083, with his beta of 1).
Tensor smooth_l1_loss(const Tensor& x, const Tensor& t, float beta = 1,
                      Reduction reduction = Reduction::kMean);

}  // namespace fovea
