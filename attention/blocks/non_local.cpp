#include "attention/blocks/non_local.h"

#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/attention.h"
#include "attention/ops/axis.h"
#include "attention/ops/matmul.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/pool.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

NonLocalConfig completed(NonLocalConfig c) {
  if (c.inner == 0) c.inner = std::max<int64_t>(1, c.channels / 2);
  return c;
}

Tensor positions(const Tensor& x) {  // [B, ..., H, W, C] -> [B, N, C]
  return reshape(x, {x.dim(0), split_at(x, 1, -2).n, x.dim(-1)});
}

// relu(a_i + c_j): the sum is a product of [a_i, 1] and [1, c_j].
Tensor concatenation_scores(const Tensor& q, const Tensor& k, const Tensor& project) {
  const int64_t inner = q.dim(2);
  const Tensor a = linear(q, slice(project, 1, 0, inner), {});
  const Tensor c = linear(k, slice(project, 1, inner, inner), {});
  const Tensor left = concat(a, Tensor::full(a.shape(), 1), -1);
  const Tensor right = concat(Tensor::full(c.shape(), 1), c, -1);
  return relu(matmul_transposed(left, right));
}

}  // namespace

NonLocal::NonLocal(const NonLocalConfig& config, const Weights& w)
    : name_(w.path()),
      config_(completed(config)),
      g_(config_.channels, config_.inner, w / "g"),
      out_(config_.inner, config_.channels, w / "out") {
  if (config_.affinity != Affinity::kGaussian) {
    theta_.emplace(config_.channels, config_.inner, w / "theta");
    phi_.emplace(config_.channels, config_.inner, w / "phi");
  }
  if (config_.affinity == Affinity::kConcatenation)
    project_ = (w / "project").get("weight", {1, 2 * config_.inner}, Init::kXavier);
  if (config_.norm) norm_.emplace(config_.channels, w / "norm");
}

Tensor NonLocal::sampled(const Tensor& x) const {
  if (!config_.sub_sample) return positions(x);
  const int64_t H = x.dim(-3), W = x.dim(-2), C = x.dim(-1), frames = split_at(x, 0, -4).n;
  const std::array<int64_t, 2> window{std::min<int64_t>(2, H), std::min<int64_t>(2, W)};
  const Tensor y = max_pool(reshape(x, {frames, H, W, C}), {.kernel = window, .stride = window});
  return reshape(y, {x.dim(0), frames / x.dim(0) * y.dim(1) * y.dim(2), C});
}

Tensor NonLocal::weighted_mean(const Tensor& q, const Tensor& k, const Tensor& v, const Pass& pass) const {
  if (config_.affinity == Affinity::kEmbeddedGaussian || config_.affinity == Affinity::kGaussian) {
    const AttentionArgs args{.scale = config_.scale};
    return tapped(pass, {.name = name_, .q = q, .k = k, .v = v, .args = args},
                  attention(q, k, v, args));  // fused: the weights never exist in memory
  }
  const Tensor scores = config_.affinity == Affinity::kDotProduct ? matmul_transposed(q, k)
                                                                  : concatenation_scores(q, k, project_);
  const Tensor weights = scale(scores, 1 / static_cast<float>(k.dim(1)));
  const Tensor map = reshape(weights, {q.dim(0), 1, q.dim(1), k.dim(1)});
  return tapped(pass, {.name = name_, .value = map, .v = v}, matmul(weights, v));
}

Tensor NonLocal::operator()(const Tensor& x, const Pass& pass) const {
  if (x.shape().rank() < 4 || x.dim(-1) != config_.channels || x.count() == 0)
    fail("non-local: a map ", x.shape(), " for a block of ", config_.channels, " channels");
  const Tensor q = positions(theta_ ? (*theta_)(x) : x), k = sampled(phi_ ? (*phi_)(x) : x);
  const Tensor y = reshape(out_(weighted_mean(q, k, sampled(g_(x)), pass)), x.shape());
  return x + (norm_ ? (*norm_)(y, pass) : y);
}

}  // namespace fovea
