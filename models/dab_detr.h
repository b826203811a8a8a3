#pragma once
#include <optional>
#include <vector>

#include "models/conditional_layers.h"
#include "models/image_tokens.h"
#include "models/perceptron.h"

namespace fovea {

struct DabDetrConfig {
  ImageTokensConfig picture{.backbone = {}, .position = {.temperature_y = 20, .temperature_x = 20}};
  DetrLayerConfig encoder{.learned_slope = true}, decoder{.learned_slope = true};
  int64_t encoder_layers = 6, decoder_layers = 6;
  bool encoder_norm = false;    // after the encoder's last layer
  bool adds_positions = false;  // to contents in every cross-attention, not the first alone
  int64_t queries = 300, classes = 91;
  int64_t patterns = 0;          // contents that each query is tried with; 0: one of zeros
  double class_probability = 0;  // that training from nothing begins with; 0: 1 / (classes + 1)
  int64_t dim() const { return picture.position.dim; }
};

// DAB-DETR, Liu et al. 2022, https://arxiv.org/abs/2201.12329: queries are boxes that each layer corrects,
// and look further where they are larger. Checkpoint names: backbone, input, queries, patterns,
// encoder.{scale, layers.<i>, norm}, decoder.{layers.<i>, norm, scale, position, size}, class_head, box_head.
// Taps hand out what encoder and decoder do.
class DabDetr {
 public:
  DabDetr(const DabDetrConfig& config, const Weights& w);
  const DabDetrConfig& config() const { return config_; }

  // What the last decoder layer says; of all layers in training, and when gradients are recorded.
  DetectorOutput operator()(const DetectorInput& input, const Pass& pass) const;

  // The same in steps.
  struct Layer {
    Tensor queries;     // [B, Q, dim], normed
    Tensor references;  // [B, Q, 4]: the boxes that the layer began with
  };
  ConditionalMemory encode(const DetectorInput& input, const Pass& pass) const;
  std::vector<Layer> decode(const ConditionalMemory& memory, const Pass& pass) const;
  BoxPredictions predict(const Layer& layer) const;

 private:
  Tensor first_queries(int64_t batch) const;
  Tensor first_boxes(int64_t batch) const;
  // What a layer is told of the boxes, given what it reads.
  QueryPlaces places(const Tensor& x, const Tensor& boxes, bool first) const;
  Tensor corrected(const Tensor& queries, const Tensor& boxes) const;

  DabDetrConfig config_;
  ImageTokens tokens_;
  Tensor queries_, patterns_;
  Perceptron encoder_scale_;
  std::vector<DetrEncoderLayer> encoder_;
  std::optional<LayerNorm> encoder_norm_;
  std::vector<ConditionalDecoderLayer> layers_;
  LayerNorm norm_;
  Perceptron scale_, position_, size_;
  Linear class_head_;
  Perceptron box_head_;
};

}  // namespace fovea
