#include "attention/blocks/cbam.h"

#include "attention/ops/pool.h"

namespace fovea {

Cbam::Cbam(const CbamConfig& config, const Weights& w)
    : channel_(config.channel, w / "channel"), residual_(config.residual) {
  if (config.spatial) spatial_.emplace(*config.spatial, w / "spatial");
}

Tensor Cbam::operator()(const Tensor& x, const Pass& pass) const {
  Tensor y = scale_channels(x, channel_(x, pass));
  if (spatial_) y = scale_positions(y, (*spatial_)(y, pass));
  return residual_ ? x + y : y;
}

}  // namespace fovea
