#include "models/detr_layers.h"

#include "attention/base/rng.h"
#include "attention/nn/dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/prelu.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;

MultiHeadConfig attention_of(const DetrLayerConfig& c) {
  return {.dim = c.dim, .heads = c.heads, .dropout = c.attention_dropout};
}

}  // namespace

DetrResidual::DetrResidual(const DetrLayerConfig& c, const Weights& norm)
    : norm_first_(c.norm_first), dropout_(c.dropout), norm_(c.dim, norm, kNormEps) {}

Tensor DetrResidual::dropped(const Tensor& x, const Tensor& added, const Pass& pass) const {
  return x + dropout(added, dropout_, pass);
}

DetrMlp::DetrMlp(const DetrLayerConfig& c, const Weights& w, const std::string& norm)
    : activation_(c.activation),
      dropout_(c.activation_dropout),
      fc1_(c.dim, c.mlp, w / "mlp.fc1"),
      fc2_(c.mlp, c.dim, w / "mlp.fc2"),
      residual_(c, w / norm) {
  if (c.learned_slope) slope_ = (w / "mlp").get("slope", Tensor::full({1}, 0.25f));
}

Tensor DetrMlp::operator()(const Tensor& x, const Pass& pass) const {
  return residual_(x, pass, [&](const Tensor& input, const Tensor& residual) {
    const Tensor hidden = slope_ ? prelu(fc1_(input), slope_) : fc1_(input, {.activation = activation_});
    return fc2_(dropout(hidden, dropout_, pass), {.residual = residual});
  });
}

bool drops_layer(float layer_drop, const Pass& pass) {
  return pass.training && layer_drop > 0 && pass.training->uniform() < static_cast<double>(layer_drop);
}

DetrEncoderLayer::DetrEncoderLayer(const DetrLayerConfig& c, const Weights& w)
    : layer_drop_(c.layer_drop),
      attn_(attention_of(c), w / "attn"),
      attn_residual_(c, w / "norm1"),
      mlp_(c, w, "norm2") {}

Tensor DetrEncoderLayer::operator()(const Tensor& x, const DetrTokens& tokens, const Pass& pass) const {
  if (drops_layer(layer_drop_, pass)) return x;
  const Tensor y = attn_residual_(x, pass, [&](const Tensor& input, const Tensor& residual) {
    const Tensor placed = input + tokens.position;
    return attn_(placed, placed, input, {.keys = tokens.padding, .residual = residual}, pass);
  });
  return mlp_(y, pass);
}

DetrDecoderLayer::DetrDecoderLayer(const DetrLayerConfig& c, const Weights& w)
    : layer_drop_(c.layer_drop),
      self_attn_(attention_of(c), w / "self_attn"),
      cross_attn_(attention_of(c), w / "cross_attn"),
      self_residual_(c, w / "norm1"),
      cross_residual_(c, w / "norm2"),
      mlp_(c, w, "norm3") {}

Tensor DetrDecoderLayer::operator()(const Tensor& x, const Tensor& position, const DetrMemory& memory,
                                    const Pass& pass) const {
  if (drops_layer(layer_drop_, pass)) return x;
  const Tensor y = self_residual_(x, pass, [&](const Tensor& input, const Tensor& residual) {
    const Tensor placed = input + position;
    return self_attn_(placed, placed, input, {.residual = residual}, pass);
  });
  const Tensor z = cross_residual_(y, pass, [&](const Tensor& input, const Tensor& residual) {
    return cross_attn_(input + position, memory.keys, memory.values,
                       {.keys = memory.padding, .residual = residual}, pass);
  });
  return mlp_(z, pass);
}

}  // namespace fovea
