#include "models/vit.h"

#include "attention/base/error.h"
#include "attention/nn/dropout.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"

namespace fovea {

Tensor fitted_positions(const VitConfig& c, const Tensor& position, int64_t rows, int64_t columns) {
  if (rows == c.rows() && columns == c.columns()) return position;
  if (c.resample != GridResample::kBicubicAntialias && c.rows() != c.columns())
    fail("vit: ", rows, " x ", columns, " patches, and position embeddings for ", c.rows(), " x ",
         c.columns(), " cannot be fitted to them: the reference does so from a square grid only");
  const Tensor grid = slice(position, 0, c.prefix(), c.rows() * c.columns());
  const Tensor fitted = resample_grid(grid, c.rows(), c.columns(), rows, columns, c.resample);
  return c.prefix() ? concat(slice(position, 0, 0, c.prefix()), fitted, 0) : fitted;
}

Vit::Vit(const VitConfig& c, const Weights& w)
    : config_(c), patch_embed_(c.patch_height * c.patch_width * c.channels, c.dim, w / "patch_embed") {
  if (c.class_token) class_token_ = w.get("class_token", {1, c.dim}, Init::kNormal002);
  if (c.distillation_token) distillation_token_ = w.get("distillation_token", {1, c.dim}, Init::kNormal002);
  position_ = w.get("position", {c.prefix() + c.rows() * c.columns(), c.dim}, Init::kNormal002);
  EncoderLayerConfig layer{.dim = c.dim,
                           .mlp = c.mlp,
                           .heads = c.heads,
                           .norm_eps = c.norm_eps,
                           .activation = c.activation,
                           .qkv_bias = c.qkv_bias,
                           .attention_dropout = c.drops.attention,
                           .hidden_dropout = c.drops.hidden,
                           .dropout = c.drops.added};
  for (int64_t i = 0; i < c.depth; ++i) {
    layer.drop_path = drop_path_at(i, c.depth, c.drops.path);
    layers_.emplace_back(layer, w / "layers" / i);
  }
  if (c.norm_after_pool) {
    pooled_norm_.emplace(c.dim, w / "fc_norm", c.norm_eps);
  } else {
    norm_.emplace(c.dim, w / "norm", c.norm_eps);
  }
  if (c.pooler) pooler_.emplace(c.dim, c.pooler_dim, w / "pooler");
  if (c.classes == 0) return;
  head_.emplace(c.dim, c.classes, w / "head");
  if (c.pool == VitConfig::Pool::kBothTokens)
    distillation_head_.emplace(c.dim, c.classes, w / "distillation_head");
}

Tensor Vit::embed_patches(const Tensor& images) const {
  if (images.shape().rank() != 4 || images.dim(3) != config_.channels)
    fail("vit: images are ", images.shape(), ", needs [B, H, W, ", config_.channels, "]");
  return patch_embed_(patches(images, config_.patch_height, config_.patch_width));
}

Tensor Vit::positions(int64_t rows, int64_t columns) const {
  if (rows == fitted_.rows && columns == fitted_.columns) return fitted_.position;
  return fitted_positions(config_, position_, rows, columns);
}

Vit Vit::fitted(int64_t height, int64_t width) const {
  Vit other = *this;
  other.fitted_ = {};
  const int64_t rows = height / config_.patch_height, columns = width / config_.patch_width;
  if (rows < 1 || columns < 1)
    fail("vit: pictures of ", height, " x ", width, " hold no patch of ", config_.patch_height, " x ",
         config_.patch_width);
  other.fitted_ = {rows, columns, positions(rows, columns)};
  return other;
}

Tensor Vit::tokens(const Tensor& images, const Tensor& patches, int64_t wanted, const Pass& pass) const {
  Tensor x = patches;
  const int64_t B = x.dim(0);
  if (config_.distillation_token) x = concat(repeat(distillation_token_, B), x, 1);
  if (config_.class_token) x = concat(repeat(class_token_, B), x, 1);
  x = x + positions(images.dim(1) / config_.patch_height, images.dim(2) / config_.patch_width);
  x = tapped(pass, "embeddings", dropout(x, config_.drops.embeddings, pass));
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    x = layers_[i](x, last && !(pass.taps && pass.taps->whole) ? wanted : x.dim(1), pass);
    x = tapped(pass, "layers." + std::to_string(i), x);
  }
  return x;
}

int64_t Vit::wanted_tokens(int64_t all) const {
  switch (config_.pool) {
    case VitConfig::Pool::kClassToken:
      return 1;
    case VitConfig::Pool::kBothTokens:
      return 2;
    case VitConfig::Pool::kMean:
      return all;
  }
  return all;
}

// [B, tokens, dim] after the layers -> what the classifier reads, [B, dim]; with two heads, both tokens [B,
// 2, dim].
Tensor Vit::pool(const Tensor& x) const {
  const int64_t prefix = config_.prefix();
  const auto normed = [this](const Tensor& t) { return norm_ ? (*norm_)(t) : t; };
  Tensor pooled;
  switch (config_.pool) {
    case VitConfig::Pool::kClassToken:
      pooled = select(normed(slice(x, 1, 0, 1)), 0);
      break;
    case VitConfig::Pool::kBothTokens:
      return normed(slice(x, 1, 0, 2));
    case VitConfig::Pool::kMean:
      pooled = mean_tokens(normed(slice(x, 1, prefix, x.dim(1) - prefix)));
      break;
  }
  return pooled_norm_ ? (*pooled_norm_)(pooled) : pooled;
}

Tensor Vit::classify(const Tensor& x, Output* parts, const Pass& pass) const {
  if (!head_) fail("vit: the model has no classifier; use its embeddings");
  const Tensor pooled = pool(x);
  if (config_.pool != VitConfig::Pool::kBothTokens)
    return (*head_)(dropout(pooled, config_.drops.pooled, pass));
  const Tensor by_class = (*head_)(select(pooled, 0));
  const Tensor by_distillation = (*distillation_head_)(select(pooled, 1));
  if (parts) {
    parts->class_logits = by_class;
    parts->distillation_logits = by_distillation;
  }
  return scale(by_class + by_distillation, 0.5f);
}

Tensor Vit::logits(const Tensor& images, const Pass& pass) const {
  const Tensor patches = embed_patches(images);
  return classify(tokens(images, patches, wanted_tokens(patches.dim(1) + config_.prefix()), pass), nullptr,
                  pass);
}

Tensor Vit::embed(const Tensor& images, const Pass& pass) const {
  const Tensor patches = embed_patches(images);
  const Tensor pooled = pool(tokens(images, patches, wanted_tokens(patches.dim(1) + config_.prefix()), pass));
  return config_.pool == VitConfig::Pool::kBothTokens ? mean_tokens(pooled) : pooled;
}

Vit::Output Vit::operator()(const Tensor& images, const Pass& pass) const {
  Output out;
  out.patches = embed_patches(images);
  const Tensor x = tokens(images, out.patches, out.patches.dim(1) + config_.prefix(), pass);
  out.features = norm_ ? (*norm_)(x) : x;
  if (head_) out.logits = classify(x, &out, pass);
  if (pooler_) out.pooled = (*pooler_)(select(out.features, 0), {.activation = config_.pooler_activation});
  return out;
}

}  // namespace fovea
