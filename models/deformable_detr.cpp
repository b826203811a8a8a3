#include "models/deformable_detr.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/nn/dropout.h"
#include "attention/ops/norm.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "models/detector_backbone.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;
constexpr int64_t kGroups = 32;  // of the input's norms

// The bias that makes every score 0.01.
Tensor rare(int64_t classes) {
  return Tensor::full({classes}, -std::log(99.f));
}

// Boxes begin small where nothing before has said their size.
Tensor first_correction(bool sized) {
  const float side = sized ? 0 : -2;
  return Tensor({4}, std::vector<float>{0, 0, side, side});
}

}  // namespace

DeformableDetr::DeformableDetr(const DeformableDetrConfig& c, const Weights& w)
    : config_(c), answers_all_(!w.packs()), backbone_(c.backbone, w / "backbone") {
  for (int64_t i = 0; i < c.levels; ++i) make_level(static_cast<size_t>(i), w / "input" / i);
  level_embed_ = w.get("level_embed", {c.levels, c.dim()}, Init::kNormal);
  if (c.learned_positions) learned_.emplace(c.dim(), w / "position");
  for (int64_t i = 0; i < c.encoder_layers; ++i) encoder_.emplace_back(c.encoder, w / "encoder" / i);
  for (int64_t i = 0; i < c.decoder_layers; ++i) decoder_.emplace_back(c.decoder, w / "decoder" / i);
  make_queries(w);
  const int64_t heads = c.refine ? c.decoder_layers + c.two_stage : 1;
  for (int64_t i = 0; i < heads; ++i) {
    class_heads_.emplace_back(c.dim(), w / "class_heads" / i, Init::kXavier, rare(c.classes));
    box_heads_.emplace_back(Perceptron::Sizes{c.dim(), c.dim(), 4}, w / "box_heads" / i, Init::kZeros,
                            first_correction(i > 0 || c.two_stage));
  }
}

void DeformableDetr::make_level(size_t level, const Weights& w) {
  const size_t maps = config_.maps.size();
  const int64_t dim = config_.dim();
  if (level < maps) {
    input_.emplace_back(config_.map_width(config_.maps[level]), dim, w / "proj");
  } else {
    const int64_t width = level == maps ? config_.map_width(config_.maps.back()) : dim;
    coarser_.emplace_back(width, dim, std::array<int64_t, 2>{3, 3}, w / "proj",
                          Convolution{.stride = {2, 2}, .padding = {1, 1}});
  }
  norms_.push_back((w / "norm").get("weight", {dim}, Init::kOnes));
  norms_.push_back((w / "norm").get("bias", {dim}, Init::kZeros));
}

void DeformableDetr::make_queries(const Weights& w) {
  const int64_t dim = config_.dim();
  if (config_.two_stage) {
    tokens_.emplace(dim, dim, w / "tokens");
    tokens_norm_.emplace(dim, w / "tokens_norm", kNormEps);
    pos_trans_.emplace(2 * dim, 2 * dim, w / "pos_trans");
    pos_trans_norm_.emplace(2 * dim, w / "pos_trans_norm", kNormEps);
  } else {
    queries_ = (w / "queries").get("weight", {config_.queries, 2 * dim}, Init::kNormal);
    reference_.emplace(dim, 2, w / "reference");
  }
}

std::vector<Tensor> DeformableDetr::levels(const Tensor& images, const Pass& pass) const {
  const size_t first = *std::min_element(config_.maps.begin(), config_.maps.end());
  std::vector<Tensor> maps = backbone_.maps(
      images, {.training = pass.training, .running = pass.running, .convolutions = pass.convolutions}, first);
  Tensor& last = maps[config_.maps.back()];
  last = tapped(pass, "backbone", last);
  std::vector<Tensor> levels;
  for (size_t i = 0; i < input_.size() + coarser_.size(); ++i) {
    const Tensor x = i < input_.size()    ? input_[i](maps[config_.maps[i]])
                     : i == input_.size() ? coarser_[0](maps[config_.maps.back()])
                                          : coarser_[i - input_.size()](levels.back());
    levels.push_back(group_norm(x, kGroups, norms_[2 * i], norms_[2 * i + 1], kNormEps));
  }
  return levels;
}

Tensor DeformableDetr::positions(const std::vector<MapSize>& maps, const std::vector<Tensor>& padding) const {
  const int64_t dim = config_.dim();
  Tensor all;
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto& [height, width] = maps[i];
    Tensor position;
    if (learned_) {
      position = reshape((*learned_)(height, width), {height * width, dim});
    } else {
      const bool padded = !padding.empty();
      const Tensor sine = sine_position(padded ? padding[i] : Tensor::full({1, height, width}, 0),
                                        {.dim = dim, .shift = -0.5f});
      position = padded ? sine.view({sine.dim(0), height * width, dim}) : sine.view({height * width, dim});
    }
    position = position + reshape(slice(level_embed_, 0, static_cast<int64_t>(i), 1), {dim});
    all = all ? concat(all, position, -2) : position;
  }
  return all;
}

DeformableDetr::Frame DeformableDetr::frame(const DetectorInput& input,
                                            const std::vector<Tensor>& levels) const {
  const int64_t B = input.images.dim(0);
  std::vector<MapSize> maps;
  std::vector<Tensor> padding;
  Frame frame;
  for (const Tensor& level : levels) {
    const int64_t height = level.dim(1), width = level.dim(2);
    maps.push_back({height, width});
    if (input.padding) padding.push_back(map_padding(input.padding, B, height, width));
    const Tensor tokens = reshape(level, {B, height * width, config_.dim()});
    frame.memory.tokens = frame.memory.tokens ? concat(frame.memory.tokens, tokens, 1) : tokens;
  }
  frame.grid = token_grid(maps, padding, B);
  frame.memory.maps = maps;
  frame.memory.padding = frame.grid.padding;
  frame.positions = positions(maps, padding);
  return frame;
}

void DeformableDetr::encode(Frame& frame, const Pass& pass, Trace* trace) const {
  Tensor& tokens = frame.memory.tokens;
  tokens = dropout(tokens, config_.encoder.dropout, pass);
  const Tensor reference = cell_centres(frame.grid);
  if (trace) trace->encoder_states.push_back(tokens);
  for (const DeformableEncoderLayer& layer : encoder_) {
    tokens = layer(frame.memory, frame.positions, reference, pass);
    if (trace) trace->encoder_states.push_back(tokens);
  }
}

DetectorOutput DeformableDetr::detect(const DetectorInput& input, const Pass& pass,
                                      const DenoisingQueries* denoising, Trace* trace) const {
  if (input.padding &&
      input.padding.shape() != Shape{input.images.dim(0), input.images.dim(1), input.images.dim(2)})
    fail("deformable_detr: padding ", input.padding.shape(), " for images ", input.images.shape());
  if (denoising && !config_.two_stage)
    fail("deformable_detr: only a two-stage model takes denoising queries");
  DetectorOutput output;
  Frame place = frame(input, levels(input.images, pass));
  encode(place, pass, trace);
  Queries queries = config_.two_stage ? proposed_queries(propose(place, output, trace), denoising)
                                      : learned_queries(input.images.dim(0));
  decode(place, std::move(queries), pass, output, trace);
  return output;
}

}  // namespace fovea
