#include "attention/blocks/squeeze_excite.h"

#include <algorithm>

#include "attention/ops/pool.h"

namespace fovea {
namespace {

SqueezeExciteConfig completed(SqueezeExciteConfig c) {
  if (c.hidden == 0) c.hidden = std::max<int64_t>(1, c.channels / 16);
  return c;
}

Tensor squeezed(const Tensor& x, bool max_pool) {
  const Tensor mean = global_average_pool(x);
  return max_pool ? scale(mean + global_max_pool(x), 0.5f) : mean;
}

}  // namespace

SqueezeExcite::SqueezeExcite(const SqueezeExciteConfig& config, const Weights& w)
    : name_(w.path()),
      config_(completed(config)),
      squeeze_(config_.channels, config_.hidden, w / "fc1", config_.bias),
      excite_(config_.hidden, config_.channels, w / "fc2", config_.bias) {}

Tensor SqueezeExcite::operator()(const Tensor& x, const Pass& pass) const {
  const Tensor hidden = squeeze_(squeezed(x, config_.max_pool), {.activation = config_.activation});
  const Tensor gates = gated(config_.gate, excite_(hidden));  // [B, C]
  tap_channels(pass, name_, gates);
  return scale_channels(x, gates);
}

EffectiveSqueezeExcite::EffectiveSqueezeExcite(const EffectiveSqueezeExciteConfig& config, const Weights& w)
    : name_(w.path()), config_(config), excite_(config.channels, config.channels, w / "fc") {}

Tensor EffectiveSqueezeExcite::operator()(const Tensor& x, const Pass& pass) const {
  const Tensor gates = gated(config_.gate, excite_(squeezed(x, config_.max_pool)));  // [B, C]
  tap_channels(pass, name_, gates);
  return scale_channels(x, gates);
}

}  // namespace fovea
