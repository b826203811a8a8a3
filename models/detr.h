#pragma once
#include <optional>
#include <vector>

#include "models/detr_masks.h"
#include "models/detr_transformer.h"
#include "models/image_tokens.h"
#include "models/perceptron.h"

namespace fovea {

struct DetrConfig {
  ResNetConfig backbone;
  size_t map = 4;  // which of ResNet::maps() is read
  DetrTransformerConfig transformer;
  int64_t queries = 100, classes = 91;
  bool learned_position = false;  // of the map: a table of rows and one of columns; else sines
  bool every_layer = false;       // outputs() tells what all of the decoder's layers say
  bool masks = false;             // a mask for each query, from the three maps before
  int64_t map_width() const { return backbone.map_width(map); }
};

// DETR, Carion et al. 2020, https://arxiv.org/abs/2005.12872, and Table Transformer, Smock et al. 2022,
// https://arxiv.org/abs/2110.00061. Checkpoint names: backbone, input, position.{row, column}, queries,
// encoder, decoder, class_head, box_head, masks. Taps hand out what encoder and decoder do.
class Detr {
 public:
  Detr(const DetrConfig& config, const Weights& w);
  const DetrConfig& config() const { return config_; }

  struct Features {
    Tensor projected;          // [B, H * W, dim], before the encoder
    DetrMemory memory;         // and after it
    std::vector<Tensor> maps;  // of the backbone, for a model that draws masks
  };
  // What the last decoder layer says; all of them if the model was built to be trained.
  DetectorOutput operator()(const DetectorInput& input, const Pass& pass) const;

  // The same in steps.
  Features encode(const DetectorInput& input, const Pass& pass) const;
  // Queries after the last layer, or after each of `all`, [B, queries, dim].
  std::vector<Tensor> decode(const Features& features, bool all, const Pass& pass) const;
  BoxPredictions predict(const Tensor& queries) const;
  Tensor draw_masks(const Features& features, const Tensor& queries) const;  // -> [B, queries, h, w]

 private:
  DetrConfig config_;
  bool trains_;
  ImageTokens picture_;
  Tensor queries_;
  DetrEncoder encoder_;
  DetrDecoder decoder_;
  Linear class_head_;
  Perceptron box_head_;
  std::optional<DetrMasks> masks_;
};

}  // namespace fovea
