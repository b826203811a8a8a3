#include "attention/blocks/spatial_attention.h"

#include "attention/base/error.h"
#include "attention/ops/pool.h"

namespace fovea {
namespace {

using Sees = SpatialAttentionConfig::Sees;

Tensor seen(Sees sees, const Tensor& x) {
  const Tensor top = channel_max(x), mean = channel_mean(x);
  if (sees == Sees::kBlend) return scale(top + mean, 0.5f);
  return sees == Sees::kMaxMean ? concat(top, mean, -1) : concat(mean, top, -1);
}

}  // namespace

SpatialAttention::SpatialAttention(const SpatialAttentionConfig& c, const Weights& w)
    : name_(w.path()), config_(c) {
  if (c.kernel < 1 || c.kernel % 2 == 0)
    fail("spatial attention: a kernel of ", c.kernel, " has no centre; it must be odd");
  const int64_t in = c.sees == Sees::kBlend ? 1 : 2;
  const Convolution how{.padding = {c.kernel / 2, c.kernel / 2}};
  const std::array<int64_t, 2> kernel{c.kernel, c.kernel};
  if (c.norm)
    conv_norm_.emplace(in, 1, kernel, w / "conv", w / "norm", how, Activation::kNone, c.norm_config);
  else
    conv_.emplace(in, 1, kernel, w / "conv", how);
}

Tensor SpatialAttention::operator()(const Tensor& x, const Pass& pass) const {
  const Tensor maps = seen(config_.sees, x);
  const Tensor gates = gated(config_.gate, conv_norm_ ? (*conv_norm_)(maps, pass) : (*conv_)(maps));
  if (!pass.taps) return gates;
  const Tensor map = reshape(gates, {gates.dim(0), 1, gates.dim(1), gates.dim(2)});
  return tapped(pass, {.name = name_, .of = AttentionMap::Of::kPositions, .value = map}, gates);
}

}  // namespace fovea
