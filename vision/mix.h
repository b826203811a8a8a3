#pragma once
#include <opencv2/core.hpp>
#include <span>

#include "attention/base/rng.h"
#include "attention/tensor/tensor.h"
#include "vision/augment.h"

namespace fovea {

// Draws from Gamma(shape, 1), as its logarithm since small shapes give values below any float, and Beta(a,
// b).
double draw_log_gamma(double shape, Rng& rng);
double draw_beta(double a, double b, Rng& rng);

Tensor one_hot(std::span<const int> labels, int64_t classes);  // [B, classes]

// Each element of a batch [B, ...] is mixed with the one before it, the first with the last.
Tensor mixed_up(const Tensor& batch, double share);               // share * own + (1 - share) * other
Tensor cut_mixed(const Tensor& images, cv::Rect from_the_other);  // [B, H, W, C]

// MixUp (https://arxiv.org/abs/1710.09412) or CutMix (https://arxiv.org/abs/1905.04899), as `how` says.
// Returns the share that mixed the targets.
double mix(Tensor& images, Tensor& targets, const Augmentation& how, Rng& rng);

}  // namespace fovea
