#include "attention/nn/attention_dropout.h"

#include "attention/nn/dropout.h"
#include "attention/ops/matmul.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"

namespace fovea {

Tensor attention_dropout(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args,
                         float share, const Pass& pass) {
  if (!pass.training || share == 0) return attention(q, k, v, args);
  const int64_t B = q.dim(0), Nq = q.dim(1), Nk = k.dim(1), heads = args.heads, dim = v.dim(2) / heads;
  const Tensor weights = dropout(attention_weights(q, k, args), share, pass);
  const Tensor values = permute(reshape(v, {B, Nk, heads, dim}), {0, 2, 1, 3});
  const Tensor sums = matmul(reshape(weights, {B * heads, Nq, Nk}), reshape(values, {B * heads, Nk, dim}));
  return reshape(permute(reshape(sums, {B, heads, Nq, dim}), {0, 2, 1, 3}), {B, Nq, heads * dim});
}

}  // namespace fovea
