#pragma once
#include "attention/blocks/channel_attention.h"
#include "attention/blocks/spatial_attention.h"

namespace fovea {

struct CbamConfig {
  ChannelAttentionConfig channel;
  std::optional<SpatialAttentionConfig> spatial = SpatialAttentionConfig{};  // none: channels only
  bool residual = false;                                                     // adds the map itself at the end
};

// Convolutional Block Attention Module, Woo et al. 2018, https://arxiv.org/abs/1807.06521.
// Weighs each channel, then each position. Checkpoint names: channel.fc1, channel.fc2, spatial.conv,
// spatial.norm. Taps hand out the gates of both halves.
class Cbam {
 public:
  Cbam(const CbamConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const;  // [B, H, W, C] -> the same

 private:
  ChannelAttention channel_;
  std::optional<SpatialAttention> spatial_;
  bool residual_;
};

}  // namespace fovea
