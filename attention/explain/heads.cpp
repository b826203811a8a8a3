#include "attention/explain/heads.h"

#include <algorithm>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// One query's weights of all heads, `stride` apart -> out [keys].
template <class Better>
void pick_row(const float* weights, int64_t heads, int64_t stride, int64_t keys, const Better& better,
              float* out) {
  std::copy_n(weights, keys, out);
  for (int64_t h = 1; h < heads; ++h)
    for (int64_t j = 0; j < keys; ++j) out[j] = better(out[j], weights[h * stride + j]);
}

void mean_row(const float* weights, int64_t heads, int64_t stride, int64_t keys, float* out) {
  std::vector<double> sums(weights, weights + keys);
  for (int64_t h = 1; h < heads; ++h)
    for (int64_t j = 0; j < keys; ++j) sums[j] += weights[h * stride + j];
  for (int64_t j = 0; j < keys; ++j) out[j] = static_cast<float>(sums[j] / static_cast<double>(heads));
}

void fuse_row(const float* weights, int64_t heads, int64_t stride, int64_t keys, HeadFusion fusion,
              float* out) {
  const auto larger = [](float a, float b) { return a < b ? b : a; };
  const auto smaller = [](float a, float b) { return b < a ? b : a; };
  switch (fusion) {
    case HeadFusion::kMean:
      return mean_row(weights, heads, stride, keys, out);
    case HeadFusion::kMax:
      return pick_row(weights, heads, stride, keys, larger, out);
    case HeadFusion::kMin:
      return pick_row(weights, heads, stride, keys, smaller, out);
  }
}

// The same values, which no op records.
Tensor plain(const Tensor& x) {
  return x.view(x.shape());
}

}  // namespace

Tensor fused(const Tensor& weights, HeadFusion fusion) {
  if (weights.shape().rank() != 4 || weights.count() == 0) fail("fused: weights ", weights.shape());
  const int64_t B = weights.dim(0), heads = weights.dim(1), Nq = weights.dim(2), Nk = weights.dim(3);
  Tensor y(Shape{B, Nq, Nk});
  parallel_for(B * Nq, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      fuse_row(weights.data() + (i / Nq * heads * Nq + i % Nq) * Nk, heads, Nq * Nk, Nk, fusion,
               y.mutable_data() + i * Nk);
  });
  return y;
}

Tensor weight_rows(const AttentionMap& map, int64_t begin, int64_t count) {
  if (map.of != AttentionMap::Of::kTokens) fail("weight_rows: ", map.name, " weighs no tokens");
  const int64_t queries = map.value ? map.value.dim(2) : map.q.dim(1);
  if (begin < 0 || count < 1 || count > queries - begin)
    fail("weight_rows: queries ", begin, " to ", begin + count - 1, " of the ", queries, " of ", map.name);
  if (map.value) return slice(plain(map.value), 2, begin, count);
  AttentionArgs args = map.args;
  if (args.bias) args.bias = slice(plain(args.bias), args.bias.shape().rank() - 2, begin, count);
  return attention_weights(slice(plain(map.q), 1, begin, count), plain(map.k), args);
}

}  // namespace fovea
