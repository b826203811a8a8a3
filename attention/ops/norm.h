#pragma once
#include "attention/kernels/epilogue.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// Over the last axis. weight, bias [last].
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps);

// Mean and biased variance of each channel.
struct Moments {
  Tensor mean, variance;  // [C]
};

// activation((x - mean) / sqrt(variance + eps) * weight + bias) over every axis but the last, [..., C] -> the
// same. The first takes the moments of x itself, and gives them to `moments`; the second takes those given as
// constants.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps, Activation activation,
                  Moments& moments);
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Moments& moments,
                  float eps, Activation activation);

// Wu & He 2018, https://arxiv.org/abs/1803.08494: each picture's channels in `groups` neighbouring groups,
// over all positions. x [B, ..., C]; weight, bias [C] or none. As many groups as channels: instance norm.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, float eps);

}  // namespace fovea
