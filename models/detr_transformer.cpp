#include "models/detr_transformer.h"

#include "attention/nn/dropout.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;

DetrLayerConfig layer_of(const DetrTransformerConfig& c, int64_t mlp, int heads, float layer_drop) {
  return {.dim = c.dim,
          .mlp = mlp,
          .heads = heads,
          .activation = c.activation,
          .norm_first = c.norm_first,
          .dropout = c.dropout,
          .attention_dropout = c.attention_dropout,
          .activation_dropout = c.activation_dropout,
          .layer_drop = layer_drop};
}

}  // namespace

DetrLayerConfig DetrTransformerConfig::encoder_layer() const {
  return layer_of(*this, encoder_mlp, encoder_heads, encoder_layer_drop);
}

DetrLayerConfig DetrTransformerConfig::decoder_layer() const {
  return layer_of(*this, decoder_mlp, decoder_heads, decoder_layer_drop);
}

DetrEncoder::DetrEncoder(const DetrTransformerConfig& c, const Weights& w)
    : name_(w.path()), input_dropout_(c.input_dropout) {
  for (int64_t i = 0; i < c.encoder_layers; ++i) layers_.emplace_back(c.encoder_layer(), w / "layers" / i);
  if (c.norm_first) norm_.emplace(c.dim, w / "norm", kNormEps);
}

Tensor DetrEncoder::operator()(const Tensor& x, const DetrTokens& tokens, const Pass& pass) const {
  Tensor y = tapped(pass, name_ + ".embeddings", dropout(x, input_dropout_, pass));
  for (size_t i = 0; i < layers_.size(); ++i) {
    y = tapped(pass, name_ + ".layers." + std::to_string(i), layers_[i](y, tokens, pass));
  }
  return norm_ ? (*norm_)(y) : y;
}

DetrDecoder::DetrDecoder(const DetrTransformerConfig& c, const Weights& w)
    : name_(w.path()), norm_between_(c.norm_between), norm_(c.dim, w / "norm", kNormEps) {
  for (int64_t i = 0; i < c.decoder_layers; ++i) layers_.emplace_back(c.decoder_layer(), w / "layers" / i);
}

std::vector<Tensor> DetrDecoder::operator()(const Tensor& position, const DetrMemory& memory, bool all,
                                            const Pass& pass) const {
  Tensor x = Tensor::full({memory.values.dim(0), position.dim(0), position.dim(1)}, 0);
  x = tapped(pass, name_ + ".embeddings", x);
  std::vector<Tensor> states;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    x = layers_[i](x, position, memory, pass);
    if (norm_between_) x = norm_(x);
    x = tapped(pass, name_ + ".layers." + std::to_string(i), x);
    if (last || all) states.push_back(norm_between_ && !last ? x : norm_(x));
  }
  return states;
}

}  // namespace fovea
