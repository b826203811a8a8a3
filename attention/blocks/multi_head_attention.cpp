#include "attention/blocks/multi_head_attention.h"

#include "attention/nn/attention_dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// A mask over Nk keys, grown by `more` keys that everybody sees.
Tensor widened(const Tensor& mask, int64_t more) {
  if (!mask || more == 0) return mask;
  return concat(mask, Tensor::full(mask.shape().with_last(more), 0), -1);
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const MultiHeadConfig& c, const Weights& w)
    : name_(w.path()),
      config_(c),
      q_(c.dim, c.dim, w / "q", c.qkv_bias),
      k_(c.key_dim ? c.key_dim : c.dim, c.dim, w / "k", c.qkv_bias),
      v_(c.value_dim ? c.value_dim : c.dim, c.dim, w / "v", c.qkv_bias),
      out_(c.dim, c.dim, w / "out", c.out_bias) {
  if (!c.bias_key_value) return;
  bias_k_ = w.get("bias_k", {1, c.dim}, Init::kXavier);
  bias_v_ = w.get("bias_v", {1, c.dim}, Init::kXavier);
}

Tensor MultiHeadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                      const AttentionMask& mask, const Pass& pass) const {
  Tensor q = q_(query), k = k_(key), v = v_(value);
  const int64_t B = k.dim(0);
  if (config_.bias_key_value) {
    k = concat(k, repeat(bias_k_, B), 1);
    v = concat(v, repeat(bias_v_, B), 1);
  }
  if (config_.zero_key_value) {
    const Tensor zero = Tensor::full({B, 1, config_.dim}, 0);
    k = concat(k, zero, 1);
    v = concat(v, zero, 1);
  }
  const int64_t more = config_.bias_key_value + config_.zero_key_value;
  const AttentionArgs args{
      .heads = config_.heads, .key_mask = widened(mask.keys, more), .bias = widened(mask.bias, more)};
  const Tensor y = attention_dropout(q, k, v, args, config_.dropout, pass);
  return out_(tapped(pass, {.name = name_, .q = q, .k = k, .v = v, .args = args}, y),
              {.residual = mask.residual});
}

}  // namespace fovea
