#include "models/dab_detr.h"

#include "attention/ops/pointwise.h"
#include "attention/ops/pool.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"
#include "models/conditional_detr.h"
#include "models/detr_transformer.h"
#include "models/token_grid.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;

Perceptron two_layers(int64_t in, int64_t hidden, int64_t out, const Weights& w) {
  return Perceptron({.in = in, .hidden = hidden, .out = out, .layers = 2}, w, Init::kXavier);
}

Tensor class_bias(const DabDetrConfig& c) {
  return rare_class_bias(
      c.classes, c.class_probability > 0 ? c.class_probability : 1 / static_cast<double>(c.classes + 1));
}

}  // namespace

DabDetr::DabDetr(const DabDetrConfig& c, const Weights& w)
    : config_(c),
      tokens_(c.picture, w),
      queries_(w.get("queries", {c.queries, 4}, Init::kNormal)),
      encoder_scale_(two_layers(c.dim(), c.dim(), c.dim(), w / "encoder.scale")),
      norm_(c.dim(), w / "decoder.norm", kNormEps),
      scale_(two_layers(c.dim(), c.dim(), c.dim(), w / "decoder.scale")),
      position_(two_layers(2 * c.dim(), c.dim(), c.dim(), w / "decoder.position")),
      size_(two_layers(c.dim(), c.dim(), 2, w / "decoder.size")),
      class_head_(c.dim(), w / "class_head", Init::kXavier, class_bias(c)),
      box_head_({.in = c.dim(), .hidden = c.dim(), .out = 4}, w / "box_head", Init::kZeros) {
  if (c.patterns) patterns_ = w.get("patterns", {c.patterns, c.dim()}, Init::kNormal);
  for (int64_t i = 0; i < c.encoder_layers; ++i) encoder_.emplace_back(c.encoder, w / "encoder.layers" / i);
  if (c.encoder_norm) encoder_norm_.emplace(c.dim(), w / "encoder.norm", kNormEps);
  for (int64_t i = 0; i < c.decoder_layers; ++i)
    layers_.emplace_back(c.decoder, c.adds_positions || i == 0, w / "decoder.layers" / i);
}

ConditionalMemory DabDetr::encode(const DetectorInput& input, const Pass& pass) const {
  const ImageTokens::Tokens tokens = tokens_(input, pass);
  Tensor x = tapped(pass, "encoder.embeddings", tokens.values);
  for (size_t i = 0; i < encoder_.size(); ++i) {
    x = encoder_[i](x, {mul(encoder_scale_(x), tokens.at.position), tokens.at.padding}, pass);
    if (encoder_norm_ && i + 1 == encoder_.size()) x = (*encoder_norm_)(x);
    x = tapped(pass, "encoder.layers." + std::to_string(i), x);
  }
  return {x, tokens.at};
}

// Every query with the first pattern, then with the second ...: [B, patterns * queries, dim].
Tensor DabDetr::first_queries(int64_t batch) const {
  if (!patterns_) return Tensor::full({batch, config_.queries, config_.dim()}, 0);
  const Tensor each = permute(repeat(patterns_, config_.queries), {1, 0, 2});
  return repeat(reshape(each, {config_.patterns * config_.queries, config_.dim()}), batch);
}

Tensor DabDetr::first_boxes(int64_t batch) const {
  const Tensor boxes = sigmoid(queries_);
  if (!patterns_) return repeat(boxes, batch);
  return repeat(reshape(repeat(boxes, config_.patterns), {config_.patterns * config_.queries, 4}), batch);
}

QueryPlaces DabDetr::places(const Tensor& x, const Tensor& boxes, bool first) const {
  const int64_t B = x.dim(0), Q = x.dim(1), dim = config_.dim();
  const Tensor all = sine_of_coordinates(take(boxes, -1, {1, 0, 2, 3}), dim / 2);  // of y, x, w and h
  Tensor waves = slice(all, 2, 0, dim);
  if (!first) waves = mul(waves, scale_(x));
  const Tensor sizes = sigmoid(size_(x));  // {w, h}
  const Tensor shares = mul(sizes, reciprocal(slice(boxes, 2, 2, 2)));
  const Tensor gate = reshape(take(shares, -1, {1, 0}), {B, Q, 2, 1});
  return {position_(all), reshape(scale_positions(reshape(waves, {B, Q, 2, dim / 2}), gate), {B, Q, dim})};
}

Tensor DabDetr::corrected(const Tensor& queries, const Tensor& boxes) const {
  return sigmoid(box_head_(queries) + inverse_sigmoid(boxes));
}

// A layer's boxes learn from their own loss and from the next layer's, but not through what that layer sees.
std::vector<DabDetr::Layer> DabDetr::decode(const ConditionalMemory& memory, const Pass& pass) const {
  const int64_t B = memory.tokens.dim(0);
  const bool all = pass.training || memory.tokens.grad_node();
  Tensor x = first_queries(B), references = first_boxes(B), seen = references;
  x = tapped(pass, "decoder.embeddings", x);
  std::vector<Layer> states;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    x = layers_[i](x, places(x, seen, i == 0), memory, pass);
    if (all || last) states.push_back({norm_(x), references});
    Tensor& state = last ? states.back().queries : x;
    state = tapped(pass, "decoder.layers." + std::to_string(i), state);
    if (last) break;
    references = corrected(x, seen);
    seen = references.view(references.shape());
  }
  return states;
}

BoxPredictions DabDetr::predict(const Layer& layer) const {
  return {class_head_(layer.queries), corrected(layer.queries, layer.references)};
}

DetectorOutput DabDetr::operator()(const DetectorInput& input, const Pass& pass) const {
  DetectorOutput out;
  for (const Layer& layer : decode(encode(input, pass), pass)) out.layers.push_back(predict(layer));
  return out;
}

}  // namespace fovea
