#include <fmt/format.h>

#include <algorithm>

#include "apps/attend_maps.h"
#include "apps/attend_settings.h"

namespace fovea {
namespace {

constexpr int64_t kObjectsShown = 16;  // more would make the page slow to load

// Whether a map lies over the picture and can be made with what was asked.
bool fits(MapKind kind, const MapRequest& request) {
  return kind != MapKind::kPoints && kind != MapKind::kChannels && (!needs_point(kind) || request.at);
}

// A backward pass for each object is dear, so of a detector not every way to weigh features is shown.
bool cheap_enough(MapKind kind, const MapRequest& request, bool detects) {
  return !detects || kind == request.kind || kind == MapKind::kGradCam || kind < MapKind::kGradCam ||
         kind > MapKind::kEigenGradCam;
}

// The kind that was asked for first.
std::vector<MapKind> kinds_for(const Explainer& explainer, const MapRequest& request) {
  std::vector<MapKind> kinds = explainer.kinds();
  std::erase_if(kinds, [&](MapKind kind) {
    return !fits(kind, request) || !cheap_enough(kind, request, explainer.detects());
  });
  const auto asked = std::ranges::find(kinds, request.kind);
  if (asked != kinds.end()) std::rotate(kinds.begin(), asked, asked + 1);
  return kinds;
}

void add_map(AttentionPage& page, const Explainer::Look& look, const MapRequest& request) {
  const ExplainedMap map = look.map(request);
  page.maps.push_back({.method = name_of(map.kind),
                       .note = map.subject + ", " + map.of + "; by its own least and greatest value",
                       .object = request.object ? static_cast<int>(*request.object) : -1,
                       .values = map.values});
}

void add_layers(AttentionPage& page, std::vector<LayerWeights> layers) {
  for (LayerWeights& layer : layers) {
    if (page.layers.empty()) {
      page.rows = layer.rows;
      page.columns = layer.columns;
    }
    if (layer.rows != page.rows || layer.columns != page.columns) continue;  // the page has one grid
    page.layers.push_back(
        {std::move(layer.name), layer.heads, std::move(layer.weights), std::move(layer.reader)});
  }
}

}  // namespace

AttentionPage page_of(const Explainer& explainer, const Explainer::Look& look, const MapRequest& request) {
  AttentionPage page;
  page.model = explainer.info().id;
  page.fovea = FOVEA_VERSION;
  page.place = look.place();
  const int64_t objects =
      std::min(std::ssize(look.objects()), std::max(kObjectsShown, request.object.value_or(0) + 1));
  for (int64_t i = 0; i < objects; ++i) {
    const FoundObject& object = look.objects()[static_cast<size_t>(i)];
    page.objects.push_back(
        {fmt::format("{} {:.2f}", object.label, object.detection.score), object.detection.box});
  }
  add_layers(page, look.self_attention());
  // Object by object, as the maps of one share a backward pass.
  for (int64_t i = -1; i < objects; ++i)
    for (const MapKind kind : kinds_for(explainer, request)) {
      MapRequest one = request;
      one.kind = kind;
      if (!takes_point(kind)) one.at.reset();
      if (explainer.asks_for_object(one) != (i >= 0)) continue;
      one.object = i >= 0 ? std::optional<int64_t>(i) : std::nullopt;
      if (kind != request.kind) one.layer = one.head = std::nullopt;  // of the kind that was asked for
      add_map(page, look, one);
    }
  return page;
}

}  // namespace fovea
