#include "attention/blocks/latent_pool.h"

#include "attention/base/error.h"
#include "attention/ops/attention.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"

namespace fovea {

LatentPool::LatentPool(const LatentPoolConfig& c, const Weights& w)
    : name_(w.path()),
      config_(c),
      latent_(w.get("latent", {1, c.latents, c.dim}, Init::kNormal002)),
      q_(c.dim, c.dim, w / "q", c.qkv_bias),
      kv_(c.dim, 2 * c.dim, w / "kv", c.qkv_bias),
      proj_(c.dim, c.dim, w / "proj"),
      fc1_(c.dim, c.mlp, w / "mlp" / "fc1"),
      fc2_(c.mlp, c.dim, w / "mlp" / "fc2") {
  if (c.positions) pos_embed_ = w.get("pos_embed", {c.positions, c.dim}, Init::kNormal002);
}

Tensor LatentPool::operator()(const Tensor& tokens, const Pass& pass) const {
  const int64_t dim = config_.dim;
  if (tokens.shape().rank() != 3 || tokens.dim(2) != dim ||
      (pos_embed_ && tokens.dim(1) != config_.positions))
    fail("latent_pool: tokens ", tokens.shape(), " for ", config_.positions, " positions of ", dim);
  const Tensor seen = pos_embed_ ? tokens + pos_embed_ : tokens;
  const int64_t B = tokens.dim(0);
  const Tensor q = q_(reshape(repeat(latent_, B), {B, config_.latents, dim})), kv = kv_(seen);
  const Tensor k = slice(kv, 2, 0, dim), v = slice(kv, 2, dim, dim);
  const AttentionArgs args{.heads = config_.heads};
  const Tensor y =
      proj_(tapped(pass, {.name = name_, .q = q, .k = k, .v = v, .args = args}, attention(q, k, v, args)));
  const Tensor found = fc2_(fc1_(y, {.activation = Activation::kGelu}), {.residual = y});
  return config_.mean ? mean_tokens(found) : select(found, 0);
}

}  // namespace fovea
