#pragma once
#include <optional>
#include <string>
#include <vector>

#include "attention/blocks/encoder_layer.h"
#include "attention/blocks/non_local.h"
#include "attention/blocks/squeeze_excite.h"
#include "attention/nn/convolution_layers.h"
#include "models/views.h"

namespace fovea {

struct FoveaNetConfig {
  int64_t image_height = 32, image_width = 32, classes = 10;
  int64_t stem_width = 32;
  bool whitened_stem = true;  // the stem's filters are read off the pictures, not learned
  struct Stage {
    int64_t width, blocks;
  };
  std::vector<Stage> stages{{64, 1}, {192, 1}, {256, 0}};
  int64_t squeeze_reduction = 8;
  int64_t non_local_stage = 2;  // it follows this stage, counted from 1; 0: none
  int64_t attention_layers = 1, attention_mlp = 512;
  int heads = 4;
  Views views = {};  // a picture's embedding is the mean of theirs
};

// Our own compact classifier for small pictures. A convolution; stages of convolution, max pool and residual
// blocks weighed by squeeze-and-excitation; a non-local block; transformer layers over what is left of the
// grid; the mean token. Fully convolutional: any size that leaves one position. Checkpoint names: stem,
// stages.<i>.{conv, norm, blocks.<j>}, non_local, layers.<i>, norm, head.
class FoveaNet {
 public:
  FoveaNet(const FoveaNetConfig& config, const Weights& w);
  const FoveaNetConfig& config() const { return config_; }

  Tensor logits(const Tensor& images, const Pass& pass = {}) const;  // [B, H, W, 3] -> [B, classes]
  Tensor embed(const Tensor& images, const Pass& pass = {}) const;   // -> [B, last width]

 private:
  // x + squeeze_excite(norm(conv(relu(norm(conv(x)))))), then ReLU.
  struct Residual {
    Residual(int64_t width, int64_t reduction, const Weights& w);
    Tensor operator()(const Tensor& x, const Pass& pass) const;
    ConvNorm conv1, conv2;
    SqueezeExcite squeeze_excite;
  };
  // Halves the grid: relu(norm(max_pool(conv(x)))), then the residual blocks.
  struct Stage {
    Stage(int64_t in, const FoveaNetConfig::Stage& stage, int64_t reduction, const Weights& w);
    Tensor operator()(const Tensor& x, const Pass& pass) const;
    Conv2d conv;
    BatchNorm norm;
    std::vector<Residual> blocks;
  };

  Tensor features(const Tensor& images, const Pass& pass) const;

  FoveaNetConfig config_;
  std::optional<Conv2d> stem_;
  std::vector<Stage> stages_;
  std::optional<NonLocal> non_local_;
  std::vector<EncoderLayer> layers_;
  LayerNorm norm_;
  Linear head_;
};

// The filters of a whitened stem from pictures [B, H, W, 3]: the strongest principal directions of their 3 x
// 3 patches, each scaled to unit variance and taken with both signs (Page 2019, "How to train your ResNet").
// -> [width, 3, 3, 3].
Tensor whitening_filters(const Tensor& images, int64_t width);

}  // namespace fovea
