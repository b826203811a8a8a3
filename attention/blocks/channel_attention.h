#pragma once
#include <vector>

#include "attention/blocks/gate.h"
#include "attention/nn/layers.h"

namespace fovea {

// A channel's values over all positions as one number.
enum class GlobalPool { kMean, kMax, kNorm, kLogSumExp };  // kNorm: the square root of the sum of squares

struct ChannelAttentionConfig {
  int64_t channels = 0;
  int64_t hidden = 0;  // 0: channels / 16, at least 1
  bool bias = true;
  std::vector<GlobalPool> pools = {GlobalPool::kMean, GlobalPool::kMax};
  bool blend = false;  // the layers see the mean of the pools once; else each pool, and their scores add up
  Activation activation = Activation::kRelu;
  Gate gate = Gate::kSigmoid;
};

// The channel half of CBAM, Woo et al. 2018, https://arxiv.org/abs/1807.06521.
// A gate for each channel, computed from several pools of all channels. Checkpoint names: fc1, fc2. Taps hand
// out the gates, [B, 1, 1, C].
class ChannelAttention {
 public:
  ChannelAttention(const ChannelAttentionConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const;  // [B, H, W, C] -> [B, C]

 private:
  std::string name_;
  ChannelAttentionConfig config_;
  Linear squeeze_, excite_;
};

}  // namespace fovea
