#include <algorithm>
#include <iterator>

#include "attention/base/error.h"
#include "attention/explain/relevance.h"
#include "attention/ops/reorder.h"
#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

ExplainedMap begun(const LookState& look, const MapRequest& request, const ScoreOf& score) {
  return {.kind = request.kind, .subject = look.subject_of(score), .query = look.centre_of(score.object)};
}

EncoderDecoderMaps parts_of(const std::vector<AttentionMap>& maps, const TokenLayout& layout) {
  EncoderDecoderMaps parts{.encoder = maps_for(MapKind::kEncoderSelf, maps, layout),
                           .decoder_self = {},
                           .decoder_cross = maps_for(MapKind::kCross, maps, layout)};
  std::ranges::copy_if(maps, std::back_inserter(parts.decoder_self), [](const AttentionMap& map) {
    return map.name.starts_with("decoder") && map.name.ends_with("self_attn");
  });
  return parts;
}

ExplainedMap relevance_map(const LookState& look, const MapRequest& request, const ScoreOf& score) {
  const auto pass = look.gradient_pass(score);
  const EncoderDecoderMaps parts = parts_of(pass->taps.maps, look.layout);
  ExplainedMap made = begun(look, request, score);
  made.of = "encoder and " + std::to_string(parts.decoder_cross.size()) + " decoder layers";
  const Tensor row = relevance(parts, pass->gradients, pass->query);
  made.values = grid_of(row.data() + look.layout.before, look.layout.rows, look.layout.columns);
  return made;
}

// The places of one query, x and y in pixels of the picture, each with its weight in its head.
std::vector<cv::Point3d> points_of(const AttentionMap& map, int64_t query, std::optional<int> head,
                                   const FramePlace& place) {
  const int64_t heads = map.value.dim(1), Q = map.value.dim(2), each = map.value.dim(3);
  std::vector<cv::Point3d> points;
  for (int64_t h = 0; h < heads; ++h) {
    if (head && h != *head) continue;
    const float* weights = map.value.data() + (h * Q + query) * each;
    const float* places = map.places.data() + (query * heads + h) * each * 2;
    for (int64_t i = 0; i < each; ++i) {
      const cv::Point2d at = place.to_picture(
          {double{places[2 * i]} * place.frame.width, double{places[2 * i + 1]} * place.frame.height});
      points.emplace_back(at.x, at.y, weights[i]);
    }
  }
  return points;
}

}  // namespace

ExplainedMap decoder_map(const LookState& look, const MapRequest& request) {
  const ScoreOf score = look.score_of(request);
  if (request.kind == MapKind::kRelevance) return relevance_map(look, request, score);
  const auto pass = look.pass(false);
  const int64_t query = look.objects[static_cast<size_t>(score.object)].detection.query;
  const ChosenMap chosen = chosen_map(request, maps_for(request.kind, pass->taps.maps, look.layout));
  ExplainedMap made = begun(look, request, score);
  made.of = chosen.map.name;
  made.layer = chosen.layer;
  made.head = chosen.head;
  if (request.kind == MapKind::kPoints) {
    made.points = points_of(chosen.map, query, chosen.head, look.place);
    return made;
  }
  const Tensor rows = weight_rows(chosen.map, query, 1);
  const Tensor row = fused(chosen.head ? slice(rows, 1, *chosen.head, 1) : rows, request.fusion);
  made.values = grid_of(row.data(), look.layout.rows, look.layout.columns);
  return made;
}

}  // namespace fovea
