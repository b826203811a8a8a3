#pragma once
#include "attention/nn/layers.h"
#include "attention/nn/pass.h"

namespace fovea {

struct MultiHeadConfig {
  int64_t dim = 0;
  int heads = 1;
  int64_t key_dim = 0, value_dim = 0;  // features of the keys' and values' inputs; 0: dim
  bool qkv_bias = true;
  bool out_bias = true;
  bool bias_key_value = false;  // one learned key and value after the others (torch's add_bias_kv)
  bool zero_key_value = false;  // and one of zeros (torch's add_zero_attn)
  float dropout = 0;            // of the weights, in training
};

// What a call may hide or add; see AttentionArgs.
struct AttentionMask {
  Tensor keys = {};      // [B, Nk], not 0 marks padding
  Tensor bias = {};      // [Nq, Nk], [heads, Nq, Nk] or [B, heads, Nq, Nk]; -inf hides
  Tensor residual = {};  // [B, Nq, dim], added to the result
};

// Multi-head attention, Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
// Checkpoint names: q, k, v, out; bias_k, bias_v [1, dim]. Taps hand out the weights [B, heads, Nq, Nk].
class MultiHeadAttention {
 public:
  MultiHeadAttention(const MultiHeadConfig& config, const Weights& w);
  // [B, Nq, dim], [B, Nk, key_dim], [B, Nk, value_dim] -> [B, Nq, dim]
  Tensor operator()(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionMask& mask,
                    const Pass& pass) const;

 private:
  std::string name_;
  MultiHeadConfig config_;
  Linear q_, k_, v_, out_;
  Tensor bias_k_, bias_v_;
};

}  // namespace fovea
