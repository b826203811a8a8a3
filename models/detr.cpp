#include "models/detr.h"

#include "attention/base/error.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

constexpr size_t kFiner = 3;  // maps that masks are drawn from

}  // namespace

Detr::Detr(const DetrConfig& c, const Weights& w)
    : config_(c),
      trains_(!w.packs()),
      picture_({.backbone = c.backbone,
                .map = c.map,
                .position = {.dim = c.transformer.dim},
                .learned_position = c.learned_position,
                .finer = c.masks ? kFiner : 0},
               w),
      queries_(w.get("queries", {c.queries, c.transformer.dim}, Init::kNormal)),
      encoder_(c.transformer, w / "encoder"),
      decoder_(c.transformer, w / "decoder"),
      class_head_(c.transformer.dim, c.classes + 1, w / "class_head"),
      box_head_({.in = c.transformer.dim, .hidden = c.transformer.dim, .out = 4}, w / "box_head") {
  if (!c.masks) return;
  DetrMasksConfig masks{.dim = c.transformer.dim, .heads = c.transformer.encoder_heads};
  for (size_t i = 0; i < kFiner; ++i) masks.widths[i] = c.backbone.stages[c.map - i - 2].width;
  masks_.emplace(masks, w / "masks");
}

Detr::Features Detr::encode(const DetectorInput& input, const Pass& pass) const {
  ImageTokens::Tokens tokens = picture_(input, pass);
  Features f{.projected = tokens.values, .memory = {}, .maps = {}};
  if (masks_) f.maps = tokens.maps;
  tokens.maps.clear();
  f.memory.values = encoder_(tokens.values, tokens.at, pass);
  f.memory.keys = f.memory.values + tokens.at.position;
  f.memory.padding = tokens.at.padding;
  return f;
}

std::vector<Tensor> Detr::decode(const Features& f, bool all, const Pass& pass) const {
  return decoder_(queries_, f.memory, all, pass);
}

BoxPredictions Detr::predict(const Tensor& queries) const {
  return {class_head_(queries), sigmoid(box_head_(queries))};
}

Tensor Detr::draw_masks(const Features& f, const Tensor& queries) const {
  if (!masks_) fail("detr: the model draws no masks");
  const Tensor& map = f.maps[config_.map];
  const Shape frame{map.dim(1), map.dim(2), config_.transformer.dim};
  Tensor all;
  for (int64_t b = 0; b < queries.dim(0); ++b) {
    const auto own = [b](const Tensor& batch) { return slice(batch, 0, b, 1); };
    DetrMaskSource source{reshape(own(f.projected), frame), own(f.memory.values), {}, {}};
    if (f.memory.padding) source.padding = own(f.memory.padding);
    for (size_t i = 0; i < kFiner; ++i) source.maps[i] = own(f.maps[config_.map - i - 1]);
    const Tensor masks = (*masks_)(own(queries), source);
    all = all ? concat(all, masks, 0) : masks;
  }
  return all;
}

DetectorOutput Detr::operator()(const DetectorInput& input, const Pass& pass) const {
  DetectorOutput out;
  for (const Tensor& queries : decode(encode(input, pass), trains_, pass))
    out.layers.push_back(predict(queries));
  return out;
}

}  // namespace fovea
