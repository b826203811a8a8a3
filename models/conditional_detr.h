#pragma once
#include <vector>

#include "models/conditional_layers.h"
#include "models/detr_transformer.h"
#include "models/image_tokens.h"
#include "models/perceptron.h"

namespace fovea {

struct ConditionalDetrConfig {
  ImageTokensConfig picture;
  DetrTransformerConfig transformer;  // its width is that of picture.position
  int64_t queries = 300, classes = 91;
  // transformers' model with auxiliary losses: the next layer gets the norm of the one before, and the last
  // layer is normed twice.
  bool norms_between = false;
};

// Conditional DETR, Meng et al. 2021, https://arxiv.org/abs/2108.06152: queries with a centre each, from
// which boxes are counted. Checkpoint names: backbone, input, position, queries, encoder,
// decoder.{layers.<i>, norm, scale, centre}, class_head, box_head. Taps hand out what encoder and decoder do.
class ConditionalDetr {
 public:
  ConditionalDetr(const ConditionalDetrConfig& config, const Weights& w);
  const ConditionalDetrConfig& config() const { return config_; }

  // What the last decoder layer says; of all layers in training, and when gradients are recorded.
  DetectorOutput operator()(const DetectorInput& input, const Pass& pass) const;

  // The same in steps.
  ConditionalMemory encode(const DetectorInput& input, const Pass& pass) const;
  std::vector<Tensor> decode(const ConditionalMemory& memory, const Pass& pass) const;  // normed, [B, Q, dim]
  BoxPredictions predict(const Tensor& queries) const;

 private:
  Tensor centres() const;  // [1, queries, 2]: {x, y}

  ConditionalDetrConfig config_;
  ImageTokens tokens_;
  Tensor queries_;
  DetrEncoder encoder_;
  std::vector<ConditionalDecoderLayer> layers_;
  LayerNorm norm_;
  Perceptron scale_, centre_;
  Linear class_head_;
  Perceptron box_head_;
};

// How every class's logit begins, so that all scores do as low as objects are rare: Lin et al. 2017,
// https://arxiv.org/abs/1708.02002. [classes]
Tensor rare_class_bias(int64_t classes, double probability = 0.01);

}  // namespace fovea
