#pragma once
#include <optional>
#include <vector>

#include "models/detr_layers.h"

namespace fovea {

// Where queries are; one set for all pictures, or each picture's own.
struct QueryPlaces {
  Tensor position;  // [Q, dim] or [B, Q, dim]
  Tensor waves;     // the same: sines and cosines of the centre
};

// What they look at.
struct ConditionalMemory {
  Tensor tokens;  // [B, N, dim]
  DetrTokens at;
};

// Contents and positions are projected apart, then added. Checkpoint names: q, q_position, k, k_position, v,
// out. Taps hand out the weights.
class PlacedSelfAttention {
 public:
  PlacedSelfAttention(const DetrLayerConfig& config, const Weights& w);
  // x [B, Q, dim]; the residual is added to the result unless it is none.
  Tensor operator()(const Tensor& x, const QueryPlaces& places, const Tensor& residual,
                    const Pass& pass) const;

 private:
  std::string name_;
  int heads_;
  float dropout_;
  Linear q_, q_position_, k_, k_position_, v_, out_;
};

// Meng et al. 2021, https://arxiv.org/abs/2108.06152: in each head, contents meet contents and the waves of
// the query's centre meet the tokens' positions. `adds_position`: contents carry positions as well.
// Checkpoint names: q, q_position of one that adds it, q_waves, k, k_position, v, out. Taps hand out the
// weights.
class ConditionalCrossAttention {
 public:
  ConditionalCrossAttention(const DetrLayerConfig& config, bool adds_position, const Weights& w);
  Tensor operator()(const Tensor& x, const QueryPlaces& places, const ConditionalMemory& memory,
                    const Tensor& residual, const Pass& pass) const;

 private:
  std::string name_;
  int heads_;
  float dropout_;
  Linear q_, q_waves_, k_, k_position_, v_, out_;
  std::optional<Linear> q_position_;
};

// Checkpoint names: self_attn, norm1, cross_attn, norm2, mlp, norm3.
class ConditionalDecoderLayer {
 public:
  ConditionalDecoderLayer(const DetrLayerConfig& config, bool adds_position, const Weights& w);
  Tensor operator()(const Tensor& x, const QueryPlaces& places, const ConditionalMemory& memory,
                    const Pass& pass) const;

 private:
  float layer_drop_;
  PlacedSelfAttention self_attn_;
  ConditionalCrossAttention cross_attn_;
  DetrResidual self_residual_, cross_residual_;
  DetrMlp mlp_;
};

}  // namespace fovea
