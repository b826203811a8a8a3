#include <algorithm>

#include "attention/base/error.h"
#include "attention/explain/relevance.h"
#include "attention/explain/weighted_rows.h"
#include "attention/ops/matmul.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// [B, N, heads * dim] -> [B * heads, N, dim], recorded by nothing.
Tensor by_head(const Tensor& x, int64_t heads) {
  const int64_t B = x.dim(0), N = x.dim(1), dim = x.dim(2) / heads;
  return permute(x.view({B, N, heads, dim}), {0, 2, 1, 3}).view({B * heads, N, dim});
}

const Tensor& probe_gradient(const AttentionMap& map, const Gradients& gradients) {
  if (map.of != AttentionMap::Of::kTokens) fail("gradients of attention: ", map.name, " weighs no tokens");
  if (!map.probe || !map.v) fail("gradients of attention: ", map.name, " comes from a pass without probes");
  if (!gradients.has(map.probe)) fail("gradients of attention: the score does not depend on ", map.name);
  return gradients[map.probe];
}

}  // namespace

Tensor gradient_rows(const AttentionMap& map, const Gradients& gradients, int64_t begin, int64_t count) {
  const Tensor& weighed = probe_gradient(map, gradients);
  const int64_t heads = map.value ? map.value.dim(1) : map.args.heads, B = weighed.dim(0);
  if (map.v.dim(2) % heads) fail("gradients of attention: values ", map.v.shape(), " of ", heads, " heads");
  const Tensor rows = by_head(slice(weighed.view(weighed.shape()), 1, begin, count), heads);
  return matmul_transposed(rows, by_head(map.v, heads)).view({B, heads, count, map.v.dim(1)});
}

Tensor weight_gradients(const AttentionMap& map, const Gradients& gradients) {
  return gradient_rows(map, gradients, 0, probe_gradient(map, gradients).dim(1));
}

Tensor gradient_weighted(const AttentionMap& map, const Gradients& gradients) {
  const WeightedRows layer = positive_gradient_rows(map, gradients);
  Tensor y(Shape{layer.pictures, layer.queries, layer.keys});
  for_row_blocks(layer, [&](int64_t begin, const Tensor& rows) {
    const int64_t size = rows.dim(1) * layer.keys;
    for (int64_t b = 0; b < layer.pictures; ++b)
      std::copy_n(rows.data() + b * size, size, y.mutable_data() + (b * layer.queries + begin) * layer.keys);
  });
  return y;
}

}  // namespace fovea
