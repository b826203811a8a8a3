#pragma once
#include <optional>
#include <vector>

#include "attention/blocks/multi_head_attention.h"

namespace fovea {

struct DetrLayerConfig {
  int64_t dim = 256, mlp = 2048;
  int heads = 8;
  Activation activation = Activation::kRelu;
  bool norm_first = false;  // each part reads a norm of its input; else its sum is normed
  // In training: of what each part adds, of attention's weights and of the perceptron's hidden values; and
  // the share of passes that leave the layer out, Fan et al. 2020, https://arxiv.org/abs/1909.11556.
  float dropout = 0, attention_dropout = 0, activation_dropout = 0, layer_drop = 0;
  bool learned_slope = false;  // PReLU with one slope, in place of `activation`
};

// One part of a layer: x and what `add` makes of it, with the norm where the config has it. Checkpoint names
// of the norm: weight, bias.
class DetrResidual {
 public:
  DetrResidual(const DetrLayerConfig& config, const Weights& norm);
  // add(input, residual) -> its output + residual; nothing is added where the residual is none.
  template <class Add>
  Tensor operator()(const Tensor& x, const Pass& pass, const Add& add) const {
    const Tensor input = norm_first_ ? norm_(x) : x;
    const Tensor sum = drops(pass) ? dropped(x, add(input, Tensor()), pass) : add(input, x);
    return norm_first_ ? sum : norm_(sum);
  }

 private:
  bool drops(const Pass& pass) const { return pass.training && dropout_ > 0; }
  Tensor dropped(const Tensor& x, const Tensor& added, const Pass& pass) const;

  bool norm_first_;
  float dropout_;
  LayerNorm norm_;
};

// x + fc2(activation(fc1(x))). Checkpoint names: mlp.fc1, mlp.fc2, mlp.slope [1] of a learned slope, and the
// norm's.
class DetrMlp {
 public:
  DetrMlp(const DetrLayerConfig& config, const Weights& w, const std::string& norm);
  Tensor operator()(const Tensor& x, const Pass& pass) const;

 private:
  Activation activation_;
  float dropout_;
  Linear fc1_, fc2_;
  Tensor slope_;
  DetrResidual residual_;
};

// Whether this pass leaves out a layer of that layer_drop.
bool drops_layer(float layer_drop, const Pass& pass);

// Where tokens are, and which are none. Positions join queries and keys, never values.
struct DetrTokens {
  Tensor position;      // [B, N, dim] or [N, dim]
  Tensor padding = {};  // [B, N], not 0: such tokens are not looked at; none: there are none
};

// Checkpoint names: attn, norm1, mlp, norm2.
class DetrEncoderLayer {
 public:
  DetrEncoderLayer(const DetrLayerConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const DetrTokens& tokens, const Pass& pass) const;  // [B, N, dim]

 private:
  float layer_drop_;
  MultiHeadAttention attn_;
  DetrResidual attn_residual_;
  DetrMlp mlp_;
};

// What a decoder's queries look at.
struct DetrMemory {
  Tensor keys, values;  // [B, N, dim], the keys with their positions
  Tensor padding = {};  // as DetrTokens::padding
};

// Checkpoint names: self_attn, norm1, cross_attn, norm2, mlp, norm3.
class DetrDecoderLayer {
 public:
  DetrDecoderLayer(const DetrLayerConfig& config, const Weights& w);
  // x [B, Q, dim], position [Q, dim] or [B, Q, dim]
  Tensor operator()(const Tensor& x, const Tensor& position, const DetrMemory& memory,
                    const Pass& pass) const;

 private:
  float layer_drop_;
  MultiHeadAttention self_attn_, cross_attn_;
  DetrResidual self_residual_, cross_residual_;
  DetrMlp mlp_;
};

}  // namespace fovea
