#include "attention/blocks/attention_pool.h"

#include "attention/base/error.h"
#include "attention/ops/attention.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resample.h"

namespace fovea {
namespace {

AttentionPoolConfig completed(AttentionPoolConfig c) {
  if (c.dim == 0) c.dim = c.channels;
  if (c.outputs == 0) c.outputs = c.channels;
  return c;
}

}  // namespace

AttentionPool::AttentionPool(const AttentionPoolConfig& config, const Weights& w)
    : name_(w.path()),
      config_(completed(config)),
      pos_embed_(w.get("pos_embed", {1 + config.height * config.width, config.channels}, Init::kNormal002)),
      q_(config.channels, config_.dim, w / "q", config.qkv_bias),
      k_(config.channels, config_.dim, w / "k", config.qkv_bias),
      v_(config.channels, config_.dim, w / "v", config.qkv_bias),
      proj_(config_.dim, config_.outputs, w / "proj") {}

Tensor AttentionPool::positions(int64_t height, int64_t width) const {
  if (height == config_.height && width == config_.width) return pos_embed_;
  const Tensor grid = slice(pos_embed_, 0, 1, config_.height * config_.width);
  return concat(
      slice(pos_embed_, 0, 0, 1),
      resample_grid(grid, config_.height, config_.width, height, width, GridResample::kBicubicAntialias), 0);
}

Tensor AttentionPool::operator()(const Tensor& x, const Pass& pass) const {
  if (x.shape().rank() != 4 || x.dim(3) != config_.channels)
    fail("attention_pool: input ", x.shape(), " for ", config_.channels, " channels");
  const int64_t B = x.dim(0), C = x.dim(3);
  const Tensor pixels = reshape(x, {B, x.dim(1) * x.dim(2), C});
  const Tensor mean = reshape(mean_tokens(pixels), {B, 1, C});
  const Tensor tokens = concat(mean, pixels, 1) + positions(x.dim(1), x.dim(2));
  const Tensor q = q_(slice(tokens, 1, 0, 1)), k = k_(tokens), v = v_(tokens);
  const AttentionArgs args{.heads = config_.heads};
  return reshape(
      proj_(tapped(pass, {.name = name_, .q = q, .k = k, .v = v, .args = args}, attention(q, k, v, args))),
      {B, config_.outputs});
}

}  // namespace fovea
