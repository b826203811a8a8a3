#pragma once
#include <optional>
#include <string>

namespace fovea {

// What a map can be made by. Which of them a model has: Explainer::kinds().
enum class MapKind {
  kRaw,  // attention weights: the reader's row, or a point's
  kRollout,
  kGradientRollout,
  kGradient,   // attention times gradient, one layer, the reader's row or a point's
  kRelevance,  // Chefer et al.; of a detector: for one object
  kGradCam,
  kGradCamPlusPlus,
  kXGradCam,
  kLayerCam,
  kHiResCam,
  kElementWise,
  kEigenCam,
  kEigenGradCam,
  kCross,        // a detector's cross-attention of one object
  kEncoderSelf,  // a detector's encoder, at a point
  kPoints,       // the places that one object of a deformable detector looked at
  kChannels,     // gates of channels
  kPositions,    // gates of positions
  kAffinity      // a non-local block, at a point
};
const char* name_of(MapKind kind);  // "rollout", "grad-cam", "encoder-self"; the words of --kind
std::optional<MapKind> kind_named(const std::string& name);
bool needs_point(MapKind kind), takes_point(MapKind kind);  // whether MapRequest::at must, or may, be given
bool explains_score(MapKind kind);                          // whether MapRequest::class_id matters
bool fuses_heads(MapKind kind), is_rollout(MapKind kind);   // whether fusion, or discard, matters

}  // namespace fovea
