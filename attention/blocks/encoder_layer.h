#pragma once
#include "attention/blocks/multi_head_attention.h"

namespace fovea {

struct EncoderLayerConfig {
  int64_t dim = 0, mlp = 0;
  int heads = 1;
  float norm_eps = 1e-6f;
  Activation activation = Activation::kGelu;
  bool qkv_bias = true;
  // Shares dropped in training: of attention's weights, of the MLP's hidden values, of what each of the two
  // adds; and the share of the pictures for which it adds nothing (stochastic depth).
  float attention_dropout = 0, hidden_dropout = 0, dropout = 0, drop_path = 0;
};

// The layer of a Vision Transformer, Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929: y = x +
// attn(norm1(x)), then y + mlp(norm2(y)). Checkpoint names: norm1, norm2, attn, mlp.fc1, mlp.fc2.
class EncoderLayer {
 public:
  EncoderLayer(const EncoderLayerConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const { return (*this)(x, x.dim(1), pass); }
  // [B, N, dim] -> [B, rows, dim]: the others are needed as keys and values alone.
  Tensor operator()(const Tensor& x, int64_t rows, const Pass& pass) const;

 private:
  Tensor dropped(const Tensor& added, const Pass& pass) const;

  LayerNorm norm1_, norm2_;
  MultiHeadAttention attn_;
  Linear fc1_, fc2_;
  Activation activation_;
  float hidden_dropout_, dropout_, drop_path_;
};

}  // namespace fovea
