#pragma once
#include <vector>

#include "attention/blocks/encoder_layer.h"
#include "models/detection_network.h"
#include "models/perceptron.h"

namespace fovea {

struct YolosConfig {
  int64_t image_height = 512, image_width = 864, patch_height = 16, patch_width = 16, channels = 3;
  int64_t dim = 768, depth = 12, mlp = 3072, queries = 100, classes = 91;
  int heads = 12;
  float norm_eps = 1e-12f;
  Activation activation = Activation::kGelu;
  bool qkv_bias = true;
  bool middle_positions = true;  // added after each layer but the last
  // Shares dropped in training: of the embeddings and of what each half of a layer adds; of attention's
  // weights.
  float dropout = 0, attention_dropout = 0;

  int64_t rows() const { return image_height / patch_height; }
  int64_t columns() const { return image_width / patch_width; }
  int64_t tokens() const { return 1 + rows() * columns() + queries; }
};

// YOLOS, Fang et al. 2021, https://arxiv.org/abs/2106.00666: a Vision Transformer whose last tokens are asked
// for boxes. Checkpoint names: patch_embed, class_token, detection_tokens, position, middle_position
// [layers - 1, 1, tokens, dim], layers.<i>, norm, class_head, box_head. Taps hand out the tokens before and
// after each layer, those for boxes first.
class Yolos {
 public:
  Yolos(const YolosConfig& config, const Weights& w);
  const YolosConfig& config() const { return config_; }

  // images [B, H, W, channels], of any size that holds a patch. After the last norm, [B, N, dim]: the tokens
  // that are asked for boxes, and if `all` the class token and the patches behind them.
  Tensor encode(const Tensor& images, bool all, const Pass& pass) const;
  BoxPredictions predict(const Tensor& tokens) const;  // [B, N, dim], of which it reads the first

 private:
  Tensor fitted(const Tensor& position, int64_t rows, int64_t columns) const;

  YolosConfig config_;
  Linear patch_embed_;
  Tensor class_token_, detection_tokens_;  // [1, dim], [queries, dim]
  Tensor position_, middle_position_;      // [tokens, dim], [depth - 1, 1, tokens, dim]
  std::vector<EncoderLayer> layers_;
  LayerNorm norm_;
  Perceptron class_head_, box_head_;
};

}  // namespace fovea
