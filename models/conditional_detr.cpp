#include "models/conditional_detr.h"

#include <cmath>

#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"
#include "models/token_grid.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;

}  // namespace

Tensor rare_class_bias(int64_t classes, double probability) {
  return Tensor::full({classes}, static_cast<float>(-std::log((1 - probability) / probability)));
}

ConditionalDetr::ConditionalDetr(const ConditionalDetrConfig& c, const Weights& w)
    : config_(c),
      tokens_(c.picture, w),
      queries_(w.get("queries", {c.queries, c.transformer.dim}, Init::kNormal)),
      encoder_(c.transformer, w / "encoder"),
      norm_(c.transformer.dim, w / "decoder.norm", kNormEps),
      scale_({.in = c.transformer.dim, .hidden = c.transformer.dim, .out = c.transformer.dim, .layers = 2},
             w / "decoder.scale", Init::kXavier),
      centre_({.in = c.transformer.dim, .hidden = c.transformer.dim, .out = 2, .layers = 2},
              w / "decoder.centre", Init::kXavier),
      class_head_(c.transformer.dim, w / "class_head", Init::kXavier, rare_class_bias(c.classes)),
      box_head_({.in = c.transformer.dim, .hidden = c.transformer.dim, .out = 4}, w / "box_head",
                Init::kZeros) {
  for (int64_t i = 0; i < c.transformer.decoder_layers; ++i)
    layers_.emplace_back(c.transformer.decoder_layer(), i == 0, w / "decoder.layers" / i);
}

Tensor ConditionalDetr::centres() const {
  return sigmoid(reshape(centre_(queries_), {1, config_.queries, 2}));
}

ConditionalMemory ConditionalDetr::encode(const DetectorInput& input, const Pass& pass) const {
  ImageTokens::Tokens tokens = tokens_(input, pass);
  return {encoder_(tokens.values, tokens.at, pass), tokens.at};
}

std::vector<Tensor> ConditionalDetr::decode(const ConditionalMemory& memory, const Pass& pass) const {
  const int64_t dim = config_.transformer.dim;
  const Tensor waves = reshape(sine_of_coordinates(take(centres(), -1, {1, 0}), dim / 2),
                               {config_.queries, dim});  // of y, then of x
  const bool all = pass.training || memory.tokens.grad_node();
  Tensor x =
      tapped(pass, "decoder.embeddings", Tensor::full({memory.tokens.dim(0), config_.queries, dim}, 0));
  std::vector<Tensor> states;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    x = layers_[i](x, {queries_, i == 0 ? waves : mul(scale_(x), waves)}, memory, pass);
    if (config_.norms_between) x = norm_(x);
    if (last) {
      states.push_back(norm_(x));
    } else if (all) {
      states.push_back(config_.norms_between ? x : norm_(x));
    }
    Tensor& state = last ? states.back() : x;
    state = tapped(pass, "decoder.layers." + std::to_string(i), state);
  }
  return states;
}

BoxPredictions ConditionalDetr::predict(const Tensor& queries) const {
  const Tensor at = reshape(inverse_sigmoid(centres()), {config_.queries, 2});
  const Tensor base = concat(at, Tensor::full(at.shape(), 0), -1);
  return {class_head_(queries), sigmoid(box_head_(queries) + base)};
}

DetectorOutput ConditionalDetr::operator()(const DetectorInput& input, const Pass& pass) const {
  DetectorOutput out;
  for (const Tensor& queries : decode(encode(input, pass), pass)) out.layers.push_back(predict(queries));
  return out;
}

}  // namespace fovea
