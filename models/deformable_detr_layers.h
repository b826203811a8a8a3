#pragma once
#include "attention/blocks/deformable_attention.h"
#include "attention/blocks/multi_head_attention.h"

namespace fovea {

struct DeformableLayerConfig {
  DeformableConfig attention;
  int64_t mlp = 1024;
  Activation activation = Activation::kRelu;
  float dropout = 0, attention_dropout = 0, activation_dropout = 0;
};

// norm(x + mlp(x)). Checkpoint names: fc1, fc2, norm.
class DeformableMlp {
 public:
  DeformableMlp(const DeformableLayerConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const Pass& pass) const;

 private:
  float dropout_, activation_dropout_;
  Activation activation_;
  Linear fc1_, fc2_;
  LayerNorm norm_;
};

// The layers of Deformable DETR, Zhu et al. 2021, https://arxiv.org/abs/2010.04159. Checkpoint names: attn,
// norm, mlp.
class DeformableEncoderLayer {
 public:
  DeformableEncoderLayer(const DeformableLayerConfig& config, const Weights& w);
  // memory.tokens and their position, [B, S, dim] or [S, dim] -> the tokens after the layer
  Tensor operator()(const DeformableMemory& memory, const Tensor& position, const Tensor& reference,
                    const Pass& pass) const;

 private:
  float dropout_;
  DeformableAttention attn_;
  LayerNorm norm_;
  DeformableMlp mlp_;
};

// The queries of a decoder: `own` that see each other, then denoising ones in groups; see DenoisingQueries.
struct QueryGroups {
  int64_t own = 0, group = 0;
};

// Checkpoint names: self_attn, self_norm, cross_attn, cross_norm, mlp.
class DeformableDecoderLayer {
 public:
  DeformableDecoderLayer(const DeformableLayerConfig& config, const Weights& w);
  // x and position [B, N, dim], reference as DeformableAttention takes it.
  Tensor operator()(const Tensor& x, const Tensor& position, const Tensor& reference,
                    const QueryGroups& groups, const DeformableMemory& memory, const Pass& pass) const;

 private:
  Tensor look_around(const Tensor& x, const Tensor& position, const QueryGroups& groups,
                     const Pass& pass) const;

  float dropout_;
  MultiHeadAttention self_attn_;
  LayerNorm self_norm_;
  DeformableAttention cross_attn_;
  LayerNorm cross_norm_;
  DeformableMlp mlp_;
};

}  // namespace fovea
