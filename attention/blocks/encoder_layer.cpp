#include "attention/blocks/encoder_layer.h"

#include "attention/ops/reorder.h"

namespace fovea {

EncoderLayer::EncoderLayer(const EncoderLayerConfig& c, const Weights& w)
    : norm1_(c.dim, w / "norm1", c.norm_eps),
      norm2_(c.dim, w / "norm2", c.norm_eps),
      attn_({.dim = c.dim, .heads = c.heads, .qkv_bias = c.qkv_bias}, w / "attn"),
      fc1_(c.dim, c.mlp, w / "mlp.fc1"),
      fc2_(c.mlp, c.dim, w / "mlp.fc2"),
      activation_(c.activation) {}

Tensor EncoderLayer::operator()(const Tensor& x, int64_t rows, const Pass& pass) const {
  const auto first = [rows](const Tensor& t) { return rows == t.dim(1) ? t : slice(t, 1, 0, rows); };
  const Tensor n = norm1_(x);
  const Tensor y = attn_(first(n), n, n, {.residual = first(x)}, pass);
  return fc2_(fc1_(norm2_(y), {.activation = activation_}), {.residual = y});
}

}  // namespace fovea
