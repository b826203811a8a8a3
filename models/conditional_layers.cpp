#include "models/conditional_layers.h"

#include "attention/nn/attention_dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

Tensor attend(const std::string& name, const Tensor& q, const Tensor& k, const Tensor& v,
              const AttentionArgs& args, float dropout, const Pass& pass) {
  return tapped(pass, {.name = name, .q = q, .k = k, .v = v, .args = args},
                attention_dropout(q, k, v, args, dropout, pass));
}

// Each head of a [B, N, C] followed by that of b, which may be one for all pictures: [B, N, 2 C].
Tensor side_by_side(const Tensor& a, const Tensor& b, int heads) {
  const int64_t B = a.dim(0), N = a.dim(1), C = a.dim(2);
  const Shape cut{B, N, heads, C / heads};
  const Tensor all = b.shape().rank() == 2 ? repeat(b, B) : b;
  return reshape(concat(reshape(a, cut), reshape(all, cut), -1), {B, N, 2 * C});
}

}  // namespace

PlacedSelfAttention::PlacedSelfAttention(const DetrLayerConfig& c, const Weights& w)
    : name_(w.path()),
      heads_(c.heads),
      dropout_(c.attention_dropout),
      q_(c.dim, c.dim, w / "q"),
      q_position_(c.dim, c.dim, w / "q_position"),
      k_(c.dim, c.dim, w / "k"),
      k_position_(c.dim, c.dim, w / "k_position"),
      v_(c.dim, c.dim, w / "v"),
      out_(c.dim, c.dim, w / "out") {}

Tensor PlacedSelfAttention::operator()(const Tensor& x, const QueryPlaces& places, const Tensor& residual,
                                       const Pass& pass) const {
  const Tensor q = q_(x) + q_position_(places.position), k = k_(x) + k_position_(places.position);
  return out_(attend(name_, q, k, v_(x), {.heads = heads_}, dropout_, pass), {.residual = residual});
}

ConditionalCrossAttention::ConditionalCrossAttention(const DetrLayerConfig& c, bool adds_position,
                                                     const Weights& w)
    : name_(w.path()),
      heads_(c.heads),
      dropout_(c.attention_dropout),
      q_(c.dim, c.dim, w / "q"),
      q_waves_(c.dim, c.dim, w / "q_waves"),
      k_(c.dim, c.dim, w / "k"),
      k_position_(c.dim, c.dim, w / "k_position"),
      v_(c.dim, c.dim, w / "v"),
      out_(c.dim, c.dim, w / "out") {
  if (adds_position) q_position_.emplace(c.dim, c.dim, w / "q_position");
}

Tensor ConditionalCrossAttention::operator()(const Tensor& x, const QueryPlaces& places,
                                             const ConditionalMemory& memory, const Tensor& residual,
                                             const Pass& pass) const {
  Tensor q = q_(x), k = k_(memory.tokens);
  const Tensor positions = k_position_(memory.at.position);
  if (q_position_) {
    q = q + (*q_position_)(places.position);
    k = k + positions;
  }
  const AttentionArgs args{.heads = heads_, .key_mask = memory.at.padding};
  return out_(attend(name_, side_by_side(q, q_waves_(places.waves), heads_),
                     side_by_side(k, positions, heads_), v_(memory.tokens), args, dropout_, pass),
              {.residual = residual});
}

ConditionalDecoderLayer::ConditionalDecoderLayer(const DetrLayerConfig& c, bool adds_position,
                                                 const Weights& w)
    : layer_drop_(c.layer_drop),
      self_attn_(c, w / "self_attn"),
      cross_attn_(c, adds_position, w / "cross_attn"),
      self_residual_(c, w / "norm1"),
      cross_residual_(c, w / "norm2"),
      mlp_(c, w, "norm3") {}

Tensor ConditionalDecoderLayer::operator()(const Tensor& x, const QueryPlaces& places,
                                           const ConditionalMemory& memory, const Pass& pass) const {
  if (drops_layer(layer_drop_, pass)) return x;
  const Tensor y = self_residual_(x, pass, [&](const Tensor& input, const Tensor& residual) {
    return self_attn_(input, places, residual, pass);
  });
  const Tensor z = cross_residual_(y, pass, [&](const Tensor& input, const Tensor& residual) {
    return cross_attn_(input, places, memory, residual, pass);
  });
  return mlp_(z, pass);
}

}  // namespace fovea
