#include <algorithm>

#include "attention/base/error.h"
#include "attention/explain/relevance.h"
#include "attention/explain/rollout.h"
#include "attention/ops/reorder.h"
#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

// Which queries of a layer are read.
struct Readers {
  int64_t begin = 0, count = 1;
  std::string subject;
  int64_t token() const { return count == 1 ? begin : -1; }
};

Readers readers_of(const LookState& look, const MapRequest& request) {
  const TokenLayout& layout = look.layout;
  if (request.at) return {layout.before + look.token_at(*request.at), 1, patch_name(*request.at)};
  if (look.model->detects) {
    const int64_t object = look.object_of(request);
    const FoundObject& found = look.objects[static_cast<size_t>(object)];
    return {found.detection.query, 1, "object " + std::to_string(object) + ": " + found.label};
  }
  if (request.object) look.object_of(request);  // refused
  if (layout.reader >= 0) return {layout.reader, 1, "the class token"};
  return {layout.before, layout.rows * layout.columns, "all patches"};
}

// [B, heads, count, N] -> the grid's part of the rows' mean, of one head or of all heads fused.
cv::Mat row_grid(const Tensor& weights, std::optional<int> head, HeadFusion fusion,
                 const TokenLayout& layout) {
  const Tensor one = fused(head ? slice(weights, 1, *head, 1) : weights, fusion);
  const int64_t count = one.dim(1), N = one.dim(2), cells = layout.rows * layout.columns;
  if (count == 1) return grid_of(one.data() + layout.before, layout.rows, layout.columns);
  std::vector<float> mean(static_cast<size_t>(cells));
  for (int64_t j = 0; j < cells; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += one.data()[i * N + layout.before + j];
    mean[static_cast<size_t>(j)] = static_cast<float>(sum / static_cast<double>(count));
  }
  return grid_of(mean.data(), layout.rows, layout.columns);
}

// Rows of one layer's weights times their gradients, negative products left out: [B, heads, count, N].
Tensor positive_products(const AttentionMap& map, const Gradients& gradients, const Readers& readers) {
  const Tensor weights = weight_rows(map, readers.begin, readers.count);
  const Tensor slopes = slice(weight_gradients(map, gradients), 2, readers.begin, readers.count);
  Tensor products(weights.shape());
  std::transform(weights.data(), weights.data() + weights.count(), slopes.data(), products.mutable_data(),
                 [](float w, float g) { return std::max(w * g, 0.0f); });
  return products;
}

ExplainedMap layer_map(const LookState& look, const MapRequest& request, const Readers& readers) {
  ExplainedMap made{.kind = request.kind, .subject = readers.subject, .query = request.at};
  std::shared_ptr<const ExplainedPass> pass;
  if (request.kind == MapKind::kGradient) {
    const ScoreOf score = look.score_of(request);
    pass = look.gradient_pass(score);
    made.subject = look.subject_of(score) + (request.at ? ", " + readers.subject : "");
  } else {
    pass = look.pass(request.at.has_value());
  }
  const ChosenMap chosen = chosen_map(request, maps_for(request.kind, pass->taps.maps, look.layout));
  made.of = chosen.map.name;
  made.layer = chosen.layer;
  made.head = chosen.head;
  const Tensor rows = request.kind == MapKind::kGradient
                          ? positive_products(chosen.map, pass->gradients, readers)
                          : weight_rows(chosen.map, readers.begin, readers.count);
  made.values = row_grid(rows, chosen.head, request.fusion, look.layout);
  return made;
}

Tensor combined(const ExplainedPass& pass, const MapRequest& request, const std::vector<AttentionMap>& maps,
                int64_t token) {
  const RolloutConfig config{.fusion = request.fusion, .discard = request.discard};
  if (request.kind == MapKind::kRollout) return rollout(maps, token, config);
  if (request.kind == MapKind::kGradientRollout) return gradient_rollout(maps, pass.gradients, token, config);
  return relevance(maps, pass.gradients, token);
}

ExplainedMap layers_map(const LookState& look, const MapRequest& request, Readers readers) {
  ExplainedMap made{.kind = request.kind, .subject = readers.subject, .query = request.at};
  std::shared_ptr<const ExplainedPass> pass;
  if (explains_score(request.kind)) {
    const ScoreOf score = look.score_of(request);
    pass = look.gradient_pass(score);
    made.subject = look.subject_of(score) + (request.at ? ", " + readers.subject : "");
    if (look.model->detects && !request.at) readers.begin = pass->query;
  } else {
    pass = look.pass(request.at || readers.count > 1 || request.discard > 0);  // of each layer's all weights
  }
  const std::vector<AttentionMap> maps = maps_for(request.kind, pass->taps.maps, look.layout);
  made.of = maps.size() == 1 ? maps[0].name : "layers 0 to " + std::to_string(maps.size() - 1);
  const Tensor row = combined(*pass, request, maps, readers.token());
  made.values = grid_of(row.data() + look.layout.before, look.layout.rows, look.layout.columns);
  return made;
}

// Of each head of one layer's weights [1, heads, N, N], the tokens of the grid among themselves, and what
// the reader sees of them.
LayerWeights layer_weights(const AttentionMap& map, const TokenLayout& layout, bool reads) {
  const Tensor weights = map.weights();
  const int64_t heads = weights.dim(1), Nq = weights.dim(2), Nk = weights.dim(3),
                cells = layout.rows * layout.columns;
  LayerWeights layer{.name = map.name,
                     .heads = static_cast<int>(heads),
                     .rows = static_cast<int>(layout.rows),
                     .columns = static_cast<int>(layout.columns)};
  layer.weights.reserve(static_cast<size_t>(heads * cells * cells));
  const auto take = [&](std::vector<float>& to, int64_t head, int64_t query) {
    const float* row = weights.data() + (head * Nq + query) * Nk + layout.before;
    to.insert(to.end(), row, row + cells);
  };
  for (int64_t h = 0; h < heads; ++h) {
    for (int64_t i = 0; i < cells; ++i) take(layer.weights, h, layout.before + i);
    if (reads) take(layer.reader, h, layout.reader);
  }
  return layer;
}

}  // namespace

ExplainedMap self_attention_map(const LookState& look, const MapRequest& request) {
  const Readers readers = readers_of(look, request);
  const bool combines = request.kind != MapKind::kRaw && request.kind != MapKind::kGradient &&
                        request.kind != MapKind::kEncoderSelf;
  return combines ? layers_map(look, request, readers) : layer_map(look, request, readers);
}

std::vector<LayerWeights> Explainer::Look::self_attention() const {
  const std::shared_ptr<const ExplainedPass> pass = state_->pass(true);
  const bool reads = state_->layout.reader >= 0 && !state_->model->detects;
  std::vector<LayerWeights> layers;
  for (const AttentionMap& map : maps_for(MapKind::kRaw, pass->taps.maps, state_->layout))
    layers.push_back(layer_weights(map, state_->layout, reads));
  return layers;
}

}  // namespace fovea
