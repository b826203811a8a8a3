#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

struct AttentionArgs {
  int heads = 1;
  float scale = 0;       // 0: 1 / sqrt(features per head)
  Tensor key_mask = {};  // [B, Nk], not 0 marks padding; none: every key is seen
  Tensor bias = {};      // added to the scores; [Nq, Nk], [heads, Nq, Nk] or [B, heads, Nq, Nk]; -inf hides
};

// Scaled dot-product attention, Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
// q [B, Nq, C], k [B, Nk, C], v [B, Nk, Cv] -> [B, Nq, Cv]. A head is a range of columns. The Nq x Nk weights
// exist in backward only. A query that sees no key gets the mean of v. Differentiable in q, k, v and bias.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args);
// The weights themselves, [B, heads, Nq, Nk]; for taps. Differentiable in q, k and bias.
Tensor attention_weights(const Tensor& q, const Tensor& k, const AttentionArgs& args);

}  // namespace fovea
