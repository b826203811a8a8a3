#pragma once
#include <optional>

#include "attention/blocks/gate.h"
#include "attention/nn/convolution_layers.h"

namespace fovea {

struct SpatialAttentionConfig {
  // What the convolution sees of each position's channels.
  enum class Sees { kMaxMean, kMeanMax, kBlend };  // two maps in that order, or the mean of both

  int64_t kernel = 7;  // odd
  bool norm = true;    // batch norm after a convolution without bias; else one with bias
  BatchNormConfig norm_config = {.eps = 1e-5f, .momentum = 0.01f};
  Sees sees = Sees::kMaxMean;
  Gate gate = Gate::kSigmoid;
};

// The spatial half of CBAM, Woo et al. 2018, https://arxiv.org/abs/1807.06521.
// A gate for each position, computed from the mean and maximum channel of its neighbourhood. Checkpoint
// names: conv, norm. Taps hand out the gates, [B, 1, H, W].
class SpatialAttention {
 public:
  SpatialAttention(const SpatialAttentionConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const;  // [B, H, W, C] -> [B, H, W, 1]

 private:
  std::string name_;
  SpatialAttentionConfig config_;
  std::optional<ConvNorm> conv_norm_;  // or, without norm,
  std::optional<Conv2d> conv_;
};

}  // namespace fovea
