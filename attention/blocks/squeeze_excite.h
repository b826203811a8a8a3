#pragma once
#include "attention/blocks/gate.h"
#include "attention/nn/layers.h"

namespace fovea {

struct SqueezeExciteConfig {
  int64_t channels = 0;
  int64_t hidden = 0;  // 0: channels / 16, at least 1
  bool bias = true;
  bool max_pool = false;  // looks at the mean of each channel's mean and maximum
  Activation activation = Activation::kRelu;
  Gate gate = Gate::kSigmoid;
};

// Squeeze-and-Excitation, Hu et al. 2018, https://arxiv.org/abs/1709.01507.
// Weighs each channel by a gate computed from all channel means. Checkpoint names: fc1, fc2. Taps hand out
// the gates, [B, 1, 1, C].
class SqueezeExcite {
 public:
  SqueezeExcite(const SqueezeExciteConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const;  // [B, H, W, C] -> the same

 private:
  std::string name_;
  SqueezeExciteConfig config_;
  Linear squeeze_, excite_;
};

struct EffectiveSqueezeExciteConfig {
  int64_t channels = 0;
  bool max_pool = false;  // as above
  Gate gate = Gate::kHardSigmoid;
};

// Effective Squeeze-and-Excitation, Lee & Park 2020, https://arxiv.org/abs/1911.06667.
// One layer as wide as the map, so that no channel is lost on the way. Checkpoint names: fc. Taps as above.
class EffectiveSqueezeExcite {
 public:
  EffectiveSqueezeExcite(const EffectiveSqueezeExciteConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const;  // [B, H, W, C] -> the same

 private:
  std::string name_;
  EffectiveSqueezeExciteConfig config_;
  Linear excite_;
};

}  // namespace fovea
