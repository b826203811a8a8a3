#include <algorithm>
#include <iterator>

#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

struct KindName {
  MapKind kind;
  const char* name;
  std::optional<ClassActivation> activation;
};
constexpr KindName kKinds[] = {
    {MapKind::kRaw, "raw", {}},
    {MapKind::kRollout, "rollout", {}},
    {MapKind::kGradientRollout, "gradient-rollout", {}},
    {MapKind::kGradient, "gradient", {}},
    {MapKind::kRelevance, "relevance", {}},
    {MapKind::kGradCam, "grad-cam", ClassActivation::kGradCam},
    {MapKind::kGradCamPlusPlus, "grad-cam++", ClassActivation::kGradCamPlusPlus},
    {MapKind::kXGradCam, "xgrad-cam", ClassActivation::kXGradCam},
    {MapKind::kLayerCam, "layer-cam", ClassActivation::kLayerCam},
    {MapKind::kHiResCam, "hires-cam", ClassActivation::kHiResCam},
    {MapKind::kElementWise, "element-wise", ClassActivation::kElementWise},
    {MapKind::kEigenCam, "eigen-cam", ClassActivation::kEigenCam},
    {MapKind::kEigenGradCam, "eigen-grad-cam", ClassActivation::kEigenGradCam},
    {MapKind::kCross, "cross", {}},
    {MapKind::kEncoderSelf, "encoder-self", {}},
    {MapKind::kPoints, "points", {}},
    {MapKind::kChannels, "channels", {}},
    {MapKind::kPositions, "positions", {}},
    {MapKind::kAffinity, "affinity", {}},
};

const KindName& entry_of(MapKind kind) {
  return *std::ranges::find(kKinds, kind, &KindName::kind);
}

bool is_affinity(const AttentionMap& map) {
  return map.of == AttentionMap::Of::kTokens && map.name.find("non_local") != std::string::npos;
}

bool is_cross(const AttentionMap& map) {
  return map.name.ends_with("cross_attn");
}

int64_t keys_of(const AttentionMap& map) {
  return map.value ? map.value.dim(3) : map.k.dim(1);
}

// Self-attention of tokens over the layout's grid; a decoder's is over queries.
bool is_self(const AttentionMap& map, const TokenLayout& layout) {
  return map.of == AttentionMap::Of::kTokens && layout.rows > 0 && !is_affinity(map) &&
         !map.name.starts_with("decoder") &&
         keys_of(map) == layout.before + layout.rows * layout.columns + layout.after;
}

bool belongs(MapKind kind, const AttentionMap& map, const TokenLayout& layout) {
  switch (kind) {
    case MapKind::kCross:
      return map.of == AttentionMap::Of::kTokens && is_cross(map) && layout.rows > 0;
    case MapKind::kPoints:
      return map.of == AttentionMap::Of::kPoints && is_cross(map);
    case MapKind::kChannels:
      return map.of == AttentionMap::Of::kChannels;
    case MapKind::kPositions:
      return map.of == AttentionMap::Of::kPositions;
    case MapKind::kAffinity:
      return is_affinity(map);
    default:
      return is_self(map, layout);
  }
}

// Goes over all layers.
bool combines(MapKind kind) {
  return kind == MapKind::kRollout || kind == MapKind::kGradientRollout || kind == MapKind::kRelevance;
}

bool has_heads(MapKind kind) {
  return !combines(kind) && kind != MapKind::kChannels && kind != MapKind::kPositions;
}

// Whether such a model has such a map; `decodes`: a decoder looks at the tokens.
bool exists(MapKind kind, bool any, bool decodes, const ExplainerState& model) {
  if (class_activation_of(kind)) return model.scores();
  if (kind == MapKind::kEncoderSelf) return any && decodes;
  if (kind == MapKind::kRelevance) return any && model.scores();
  if (explains_score(kind)) return any && !decodes && model.scores();
  if (kind == MapKind::kRaw || kind == MapKind::kRollout) return any && !decodes;
  return any;
}

MapKind usual_of(const Survey& survey, bool convolutional, bool detects) {
  std::vector<MapKind> order{MapKind::kCross, MapKind::kPoints};
  if (detects) order.push_back(MapKind::kRelevance);
  if (convolutional) order.push_back(MapKind::kGradCam);
  order.insert(order.end(), {MapKind::kRollout, MapKind::kGradCam});
  for (const MapKind kind : order)
    if (survey.has(kind)) return kind;
  return survey.kinds.empty() ? MapKind::kRaw : survey.kinds.front();
}

}  // namespace

const char* name_of(MapKind kind) {
  return entry_of(kind).name;
}

std::optional<MapKind> kind_named(const std::string& name) {
  const auto* const found = std::ranges::find_if(kKinds, [&](const KindName& k) { return name == k.name; });
  if (found == std::end(kKinds)) return {};
  return found->kind;
}

bool needs_point(MapKind kind) {
  return kind == MapKind::kEncoderSelf || kind == MapKind::kAffinity;
}

bool takes_point(MapKind kind) {
  return needs_point(kind) || kind == MapKind::kRaw || kind == MapKind::kRollout ||
         kind == MapKind::kGradient || kind == MapKind::kGradientRollout;
}

bool fuses_heads(MapKind kind) {
  return is_rollout(kind) || kind == MapKind::kRaw || kind == MapKind::kGradient || kind == MapKind::kCross ||
         kind == MapKind::kEncoderSelf || kind == MapKind::kAffinity;
}

bool is_rollout(MapKind kind) {
  return kind == MapKind::kRollout || kind == MapKind::kGradientRollout;
}

std::optional<ClassActivation> class_activation_of(MapKind kind) {
  return entry_of(kind).activation;
}

bool explains_score(MapKind kind) {
  return (class_activation_of(kind) && kind != MapKind::kEigenCam) || kind == MapKind::kGradientRollout ||
         kind == MapKind::kGradient || kind == MapKind::kRelevance;
}

std::vector<AttentionMap> maps_for(MapKind kind, const std::vector<AttentionMap>& maps,
                                   const TokenLayout& layout) {
  std::vector<AttentionMap> found;
  std::ranges::copy_if(maps, std::back_inserter(found),
                       [&](const AttentionMap& map) { return belongs(kind, map, layout); });
  return found;
}

bool Explainer::asks_for_object(const MapRequest& request) const {
  if (!detects()) return false;
  switch (request.kind) {
    case MapKind::kEncoderSelf:
    case MapKind::kAffinity:
    case MapKind::kChannels:
    case MapKind::kPositions:
      return false;
    case MapKind::kRaw:
    case MapKind::kRollout:
      return !request.at;
    default:
      return true;
  }
}

bool Survey::has(MapKind kind) const {
  return std::ranges::find(kinds, kind) != kinds.end();
}

Survey survey_of(const Taps& taps, const TokenLayout& layout, const ExplainerState& model) {
  Survey survey;
  const bool decodes = !maps_for(MapKind::kCross, taps.maps, layout).empty();
  for (const KindName& entry : kKinds) {
    const std::vector<AttentionMap> maps = maps_for(entry.kind, taps.maps, layout);
    if (!exists(entry.kind, !maps.empty(), decodes, model)) continue;
    survey.kinds.push_back(entry.kind);
    if (entry.activation || combines(entry.kind)) continue;
    survey.layers[entry.kind] = static_cast<int>(maps.size());
    if (!has_heads(entry.kind)) continue;
    const AttentionMap& last = maps.back();
    survey.heads[entry.kind] = last.value ? static_cast<int>(last.value.dim(1)) : last.args.heads;
  }
  const bool convolutional =
      std::ranges::any_of(taps.states, [](const State& s) { return s.value.shape().rank() == 4; });
  survey.usual = usual_of(survey, convolutional, model.detects);
  return survey;
}

}  // namespace fovea
