#pragma once
#include "attention/nn/layers.h"
#include "attention/nn/pass.h"

namespace fovea {

struct LatentPoolConfig {
  int64_t dim = 0, mlp = 0;
  int heads = 1;
  int64_t latents = 1;
  int64_t positions = 0;  // that have an embedding of their own; 0: none have
  bool qkv_bias = true;
  bool mean = false;  // of what the latents found, rather than the first's
};

// Pooling by multi-head attention, Lee et al. 2019, https://arxiv.org/abs/1810.00825, as SigLIP has it:
// learned latents look at the tokens; y + mlp(y). Checkpoint names: latent [1, latents, dim], q, kv, proj,
// mlp.fc1, mlp.fc2; pos_embed [positions, dim]. Taps hand out the weights [B, heads, latents, N].
class LatentPool {
 public:
  LatentPool(const LatentPoolConfig& config, const Weights& w);
  Tensor operator()(const Tensor& tokens, const Pass& pass = {}) const;  // [B, N, dim] -> [B, dim]

 private:
  std::string name_;
  LatentPoolConfig config_;
  Tensor latent_, pos_embed_;
  Linear q_, kv_, proj_, fc1_, fc2_;
};

}  // namespace fovea
