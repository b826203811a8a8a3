#pragma once
#include <optional>

#include "attention/blocks/position_encoding.h"
#include "models/detection_network.h"
#include "models/detr_layers.h"
#include "models/resnet.h"

namespace fovea {

struct ImageTokensConfig {
  ResNetConfig backbone;
  size_t map = 4;                 // which of ResNet::maps() is read
  SinePosition position;          // its dim is the tokens'
  bool learned_position = false;  // in its place
  size_t finer = 0;               // so many maps before the one that is read are handed out too
  int64_t map_width() const { return backbone.map_width(map); }
  TokenLayout layout(int64_t height, int64_t width) const;  // of frames of this size
};

// The tokens that transformers of DETR's family read: a map of a backbone, projected, and each token's
// position. Checkpoint names: backbone, input, position.{row, column}.
class ImageTokens {
 public:
  ImageTokens(const ImageTokensConfig& config, const Weights& w);
  struct Tokens {
    Tensor values;             // [B, N, dim]
    DetrTokens at;             // one position for all pictures if none has padding
    std::vector<Tensor> maps;  // of the backbone; those that nobody asked for are none
  };
  Tokens operator()(const DetectorInput& input, const Pass& pass) const;

 private:
  Tensor position_of(const Tensor& padding, int64_t height, int64_t width) const;

  ImageTokensConfig config_;
  ResNet backbone_;
  Linear input_;
  std::optional<LearnedPosition> learned_;
};

}  // namespace fovea
