#include "attention/blocks/encoder_layer.h"

#include "attention/nn/dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {

EncoderLayer::EncoderLayer(const EncoderLayerConfig& c, const Weights& w)
    : norm1_(c.dim, w / "norm1", c.norm_eps),
      norm2_(c.dim, w / "norm2", c.norm_eps),
      attn_({.dim = c.dim, .heads = c.heads, .qkv_bias = c.qkv_bias, .dropout = c.attention_dropout},
            w / "attn"),
      fc1_(c.dim, c.mlp, w / "mlp.fc1"),
      fc2_(c.mlp, c.dim, w / "mlp.fc2"),
      activation_(c.activation),
      hidden_dropout_(c.hidden_dropout),
      dropout_(c.dropout),
      drop_path_(c.drop_path) {}

Tensor EncoderLayer::dropped(const Tensor& added, const Pass& pass) const {
  return drop_path(dropout(added, dropout_, pass), drop_path_, pass);
}

Tensor EncoderLayer::operator()(const Tensor& x, int64_t rows, const Pass& pass) const {
  const auto first = [rows](const Tensor& t) { return rows == t.dim(1) ? t : slice(t, 1, 0, rows); };
  const bool drops = pass.training && (dropout_ > 0 || drop_path_ > 0);  // else the products add themselves
  const Tensor n = norm1_(x), kept = first(x);
  Tensor y = attn_(first(n), n, n, {.residual = drops ? Tensor() : kept}, pass);
  if (drops) y = kept + dropped(y, pass);
  const Tensor hidden = dropout(fc1_(norm2_(y), {.activation = activation_}), hidden_dropout_, pass);
  return drops ? y + dropped(fc2_(hidden), pass) : fc2_(hidden, {.residual = y});
}

}  // namespace fovea
