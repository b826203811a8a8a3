#pragma once
#include <optional>
#include <vector>

#include "attention/blocks/encoder_layer.h"
#include "attention/ops/resample.h"

namespace fovea {

struct VitConfig {
  int64_t image_height = 224, image_width = 224, patch_height = 16, patch_width = 16, channels = 3;
  int64_t dim = 768, depth = 12, mlp = 3072, classes = 1000;  // classes 0: no classifier
  int heads = 12;
  float norm_eps = 1e-6f;
  Activation activation = Activation::kGelu;
  bool qkv_bias = true;
  bool class_token = true, distillation_token = false;
  // What the classifier reads: the class token, the class and the distillation token (each by a head of its
  // own, the two averaged), or the mean of the patches.
  enum class Pool { kClassToken, kBothTokens, kMean } pool = Pool::kClassToken;
  bool norm_after_pool = false;  // timm's fc_norm instead of a norm over all tokens
  bool pooler = false;  // transformers' ViTModel: a linear layer and an activation on the class token
  Activation pooler_activation = Activation::kTanh;
  int64_t pooler_dim = 0;
  GridResample resample = GridResample::kBicubic;
  // Shares dropped in training: of the embeddings; in each layer, as EncoderLayerConfig's (`path` is the last
  // layer's drop_path, the first has 0); of what a single classifier reads.
  struct Drops {
    float embeddings = 0, attention = 0, hidden = 0, added = 0, path = 0, pooled = 0;
  } drops = {};

  int64_t prefix() const { return class_token + distillation_token; }  // tokens before the patches
  int64_t rows() const { return image_height / patch_height; }
  int64_t columns() const { return image_width / patch_width; }
};

// The position embeddings [prefix + N, dim] of a model for as many rows and columns of patches.
Tensor fitted_positions(const VitConfig& config, const Tensor& position, int64_t rows, int64_t columns);

// Vision Transformer, Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929, and DeiT, Touvron et al.
// 2021, https://arxiv.org/abs/2012.12877. Taps hand out "layers.<i>.attn" maps and the tokens before and
// after each layer.
class Vit {
 public:
  Vit(const VitConfig& config, const Weights& w);
  const VitConfig& config() const { return config_; }

  // images [B, H, W, channels], of any size that holds a patch; position embeddings follow.
  Tensor logits(const Tensor& images, const Pass& pass = {}) const;  // [B, classes]
  Tensor embed(const Tensor& images, const Pass& pass = {}) const;   // [B, dim]: what the classifier reads

  struct Output {
    Tensor patches;   // [B, N, dim], before positions
    Tensor features;  // [B, prefix + N, dim], after the last norm where that comes before pooling
    Tensor logits, class_logits,
        distillation_logits;  // [B, classes]; the last two only with both tokens read
    Tensor pooled;            // [B, pooler_dim], with a pooler
  };
  Output operator()(const Tensor& images, const Pass& pass = {}) const;  // everything, for all tokens

  // The same model with its position embeddings fitted once to pictures of another size.
  Vit fitted(int64_t height, int64_t width) const;

 private:
  Tensor embed_patches(const Tensor& images) const;
  Tensor positions(int64_t rows, int64_t columns) const;
  Tensor tokens(const Tensor& images, const Tensor& patches, int64_t wanted, const Pass& pass) const;
  Tensor pool(const Tensor& x) const;
  Tensor classify(const Tensor& x, Output* parts, const Pass& pass) const;
  int64_t wanted_tokens(int64_t all) const;

  VitConfig config_;
  Linear patch_embed_;
  Tensor class_token_, distillation_token_, position_;  // [1, dim], [1, dim], [prefix + N, dim]
  struct {
    int64_t rows = 0, columns = 0;
    Tensor position;
  } fitted_;
  std::vector<EncoderLayer> layers_;
  std::optional<LayerNorm> norm_, pooled_norm_;  // before or after pooling
  std::optional<Linear> head_, distillation_head_, pooler_;
};

}  // namespace fovea
