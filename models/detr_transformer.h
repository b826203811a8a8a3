#pragma once
#include "models/detr_layers.h"

namespace fovea {

struct DetrTransformerConfig {
  int64_t dim = 256, encoder_layers = 6, decoder_layers = 6, encoder_mlp = 2048, decoder_mlp = 2048;
  int encoder_heads = 8, decoder_heads = 8;
  Activation activation = Activation::kRelu;
  bool norm_first = false;  // then the encoder ends with a norm too
  // The decoder's layers read the norm of the one before, and the last one is normed twice: what transformers
  // makes of auxiliary_loss.
  bool norm_between = false;
  // As a layer's; layers of encoder and decoder are left out each with its own share.
  float dropout = 0, attention_dropout = 0, activation_dropout = 0;
  float input_dropout = 0;  // of what the encoder gets
  float encoder_layer_drop = 0, decoder_layer_drop = 0;

  DetrLayerConfig encoder_layer() const;
  DetrLayerConfig decoder_layer() const;
};

// Checkpoint names: layers.<i>; norm, of an encoder whose layers norm first. Taps hand out the tokens before
// and after each layer, and the layers' attention maps.
class DetrEncoder {
 public:
  DetrEncoder(const DetrTransformerConfig& config, const Weights& w);
  Tensor operator()(const Tensor& x, const DetrTokens& tokens, const Pass& pass) const;  // [B, N, dim]

 private:
  std::string name_;
  float input_dropout_;
  std::vector<DetrEncoderLayer> layers_;
  std::optional<LayerNorm> norm_;
};

// Checkpoint names: layers.<i>, norm. Taps as the encoder's.
class DetrDecoder {
 public:
  DetrDecoder(const DetrTransformerConfig& config, const Weights& w);
  // The queries, from zeros, after each layer and the norm, [B, Q, dim]; only after the last unless `all`.
  // position [Q, dim]
  std::vector<Tensor> operator()(const Tensor& position, const DetrMemory& memory, bool all,
                                 const Pass& pass) const;

 private:
  std::string name_;
  bool norm_between_;
  std::vector<DetrDecoderLayer> layers_;
  LayerNorm norm_;
};

}  // namespace fovea
