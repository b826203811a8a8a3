#include "models/image_tokens.h"

#include "attention/ops/reorder.h"
#include "models/detector_backbone.h"

namespace fovea {

TokenLayout ImageTokensConfig::layout(int64_t height, int64_t width) const {
  int64_t stride = 4;  // the stem's
  for (size_t i = 0; i < map; ++i) stride *= backbone.stages[i].stride;
  return {.rows = (height + stride - 1) / stride, .columns = (width + stride - 1) / stride};
}

ImageTokens::ImageTokens(const ImageTokensConfig& c, const Weights& w)
    : config_(c), backbone_(c.backbone, w / "backbone"), input_(c.map_width(), c.position.dim, w / "input") {
  if (c.learned_position) learned_.emplace(c.position.dim, w / "position");
}

// padding [B, H, W], or none: then of one picture for all.
Tensor ImageTokens::position_of(const Tensor& padding, int64_t height, int64_t width) const {
  const int64_t dim = config_.position.dim;
  if (learned_) return reshape((*learned_)(height, width), {height * width, dim});
  if (padding)
    return reshape(sine_position(padding, config_.position), {padding.dim(0), height * width, dim});
  return reshape(sine_position(map_padding({}, 1, height, width), config_.position), {height * width, dim});
}

ImageTokens::Tokens ImageTokens::operator()(const DetectorInput& input, const Pass& pass) const {
  Tokens tokens;
  tokens.maps = backbone_.maps(
      input.images, {.training = pass.training, .running = pass.running, .convolutions = pass.convolutions},
      config_.map - config_.finer);
  Tensor& map = tokens.maps.at(config_.map);
  map = tapped(pass, "backbone", map);
  const int64_t B = map.dim(0), H = map.dim(1), W = map.dim(2);
  tokens.values = input_(reshape(map, {B, H * W, map.dim(3)}));
  Tensor padding;
  if (input.padding) {
    padding = map_padding(input.padding, B, H, W);
    tokens.at.padding = padding.view({B, H * W});
  }
  tokens.at.position = position_of(padding, H, W);
  return tokens;
}

}  // namespace fovea
