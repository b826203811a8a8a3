#include "models/yolos.h"

#include "attention/base/error.h"
#include "attention/nn/dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resample.h"

namespace fovea {

Yolos::Yolos(const YolosConfig& c, const Weights& w)
    : config_(c),
      patch_embed_(c.patch_height * c.patch_width * c.channels, c.dim, w / "patch_embed"),
      class_token_(w.get("class_token", {1, c.dim}, Init::kNormal002)),
      detection_tokens_(w.get("detection_tokens", {c.queries, c.dim}, Init::kNormal002)),
      position_(w.get("position", {c.tokens(), c.dim}, Init::kNormal002)),
      norm_(c.dim, w / "norm", c.norm_eps),
      class_head_({.in = c.dim, .hidden = c.dim, .out = c.classes + 1}, w / "class_head"),
      box_head_({.in = c.dim, .hidden = c.dim, .out = 4}, w / "box_head") {
  if (c.middle_positions && c.depth > 1)
    middle_position_ = w.get("middle_position", {c.depth - 1, 1, c.tokens(), c.dim}, Init::kNormal002);
  const EncoderLayerConfig layer{.dim = c.dim,
                                 .mlp = c.mlp,
                                 .heads = c.heads,
                                 .norm_eps = c.norm_eps,
                                 .activation = c.activation,
                                 .qkv_bias = c.qkv_bias,
                                 .attention_dropout = c.attention_dropout,
                                 .dropout = c.dropout};
  for (int64_t i = 0; i < c.depth; ++i) layers_.emplace_back(layer, w / "layers" / i);
}

// [tokens, dim], class token first -> those of the boxes, the class token's, and the patches' of another
// size.
Tensor Yolos::fitted(const Tensor& position, int64_t rows, int64_t columns) const {
  const YolosConfig& c = config_;
  const int64_t patches = c.rows() * c.columns();
  Tensor grid = slice(position, 0, 1, patches);
  if (rows != c.rows() || columns != c.columns())
    grid = resample_grid(grid, c.rows(), c.columns(), rows, columns, GridResample::kBicubic);
  const Tensor boxes = slice(position, 0, 1 + patches, c.queries);
  return concat(boxes, concat(slice(position, 0, 0, 1), grid, 0), 0);
}

Tensor Yolos::encode(const Tensor& images, bool all, const Pass& pass) const {
  const YolosConfig& c = config_;
  if (images.shape().rank() != 4 || images.dim(3) != c.channels)
    fail("yolos: images are ", images.shape(), ", needs [B, H, W, ", c.channels, "]");
  const int64_t B = images.dim(0), rows = images.dim(1) / c.patch_height,
                columns = images.dim(2) / c.patch_width;
  Tensor x = patch_embed_(patches(images, c.patch_height, c.patch_width));
  x = concat(repeat(concat(detection_tokens_, class_token_, 0), B), x, 1) + fitted(position_, rows, columns);
  x = tapped(pass, "embeddings", dropout(x, c.dropout, pass));
  for (size_t i = 0; i < layers_.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const bool last = i + 1 == layers_.size();
    x = layers_[i](x, last && !all ? c.queries : x.dim(1), pass);
    if (!last && middle_position_) {
      const Tensor middle = reshape(slice(middle_position_, 0, at, 1), {c.tokens(), c.dim});
      x = x + fitted(middle, rows, columns);
    }
    x = tapped(pass, "layers." + std::to_string(i), x);
  }
  return norm_(x);
}

BoxPredictions Yolos::predict(const Tensor& tokens) const {
  const Tensor asked = tokens.dim(1) == config_.queries ? tokens : slice(tokens, 1, 0, config_.queries);
  return {class_head_(asked), sigmoid(box_head_(asked))};
}

}  // namespace fovea
