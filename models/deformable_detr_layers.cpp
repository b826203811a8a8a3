#include "models/deformable_detr_layers.h"

#include "attention/base/error.h"
#include "attention/nn/dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;

}  // namespace

DeformableMlp::DeformableMlp(const DeformableLayerConfig& c, const Weights& w)
    : dropout_(c.dropout),
      activation_dropout_(c.activation_dropout),
      activation_(c.activation),
      fc1_(c.attention.dim, c.mlp, w / "fc1"),
      fc2_(c.mlp, c.attention.dim, w / "fc2"),
      norm_(c.attention.dim, w / "norm", kNormEps) {}

Tensor DeformableMlp::operator()(const Tensor& x, const Pass& pass) const {
  const Tensor inner = dropout(fc1_(x, {.activation = activation_}), activation_dropout_, pass);
  if (!pass.training) return norm_(fc2_(inner, {.residual = x}));
  return norm_(x + dropout(fc2_(inner), dropout_, pass));
}

DeformableEncoderLayer::DeformableEncoderLayer(const DeformableLayerConfig& c, const Weights& w)
    : dropout_(c.dropout),
      attn_(c.attention, w / "attn"),
      norm_(c.attention.dim, w / "norm", kNormEps),
      mlp_(c, w / "mlp") {}

Tensor DeformableEncoderLayer::operator()(const DeformableMemory& memory, const Tensor& position,
                                          const Tensor& reference, const Pass& pass) const {
  const Tensor& x = memory.tokens;
  const Tensor seen = attn_(x + position, reference, memory, pass);
  return mlp_(norm_(x + dropout(seen, dropout_, pass)), pass);
}

DeformableDecoderLayer::DeformableDecoderLayer(const DeformableLayerConfig& c, const Weights& w)
    : dropout_(c.dropout),
      self_attn_({.dim = c.attention.dim, .heads = c.attention.heads, .dropout = c.attention_dropout},
                 w / "self_attn"),
      self_norm_(c.attention.dim, w / "self_norm", kNormEps),
      cross_attn_(c.attention, w / "cross_attn"),
      cross_norm_(c.attention.dim, w / "cross_norm", kNormEps),
      mlp_(c, w / "mlp") {}

// Each group of denoising queries goes as a picture of its own, which spares the masked products.
Tensor DeformableDecoderLayer::look_around(const Tensor& x, const Tensor& position, const QueryGroups& groups,
                                           const Pass& pass) const {
  const Tensor query = x + position;
  const int64_t B = x.dim(0), dim = x.dim(2), more = x.dim(1) - groups.own;
  if (more == 0) return self_attn_(query, query, x, {}, pass);
  const auto own = [&](const Tensor& t) { return slice(t, 1, 0, groups.own); };
  const auto grouped = [&](const Tensor& t) {
    return reshape(slice(t, 1, groups.own, more), {B * more / groups.group, groups.group, dim});
  };
  const Tensor q = own(query), noisy = grouped(query);
  const Pass untapped{.training = pass.training};
  return concat(self_attn_(q, q, own(x), {}, pass),
                reshape(self_attn_(noisy, noisy, grouped(x), {}, untapped), {B, more, dim}), 1);
}

Tensor DeformableDecoderLayer::operator()(const Tensor& x, const Tensor& position, const Tensor& reference,
                                          const QueryGroups& groups, const DeformableMemory& memory,
                                          const Pass& pass) const {
  const Tensor around = look_around(x, position, groups, pass);
  const Tensor y = self_norm_(x + dropout(around, dropout_, pass));
  const Tensor seen = cross_attn_(y + position, reference, memory, pass);
  return mlp_(cross_norm_(y + dropout(seen, dropout_, pass)), pass);
}

}  // namespace fovea
