#pragma once
#include "attention/nn/layers.h"
#include "attention/nn/pass.h"

namespace fovea {

struct AttentionPoolConfig {
  int64_t channels = 0;
  int64_t height = 0, width = 0;  // of the map that the position embeddings are made for
  int heads = 1;
  int64_t dim = 0, outputs = 0;  // of the attention and of the result; 0: channels
  bool qkv_bias = true;
};

// CLIP's pool, Radford et al. 2021, https://arxiv.org/abs/2103.00020: the mean of a map looks at the map, and
// at itself. Checkpoint names: pos_embed [1 + height * width, channels], q, k, v, proj. Taps hand out the
// weights [B, heads, 1, 1 + H W].
class AttentionPool {
 public:
  AttentionPool(const AttentionPoolConfig& config, const Weights& w);
  // [B, H, W, channels] -> [B, outputs]; another size than the config's resamples the position embeddings.
  Tensor operator()(const Tensor& x, const Pass& pass = {}) const;

 private:
  Tensor positions(int64_t height, int64_t width) const;

  std::string name_;
  AttentionPoolConfig config_;
  Tensor pos_embed_;
  Linear q_, k_, v_, proj_;
};

}  // namespace fovea
