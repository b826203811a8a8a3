#pragma once
#include <map>
#include <mutex>

#include "attention/autograd/grad.h"
#include "models/detection_network.h"
#include "models/pipelines/explainer.h"

namespace fovea {

// One of the two is there.
struct ExplainedNetwork {
  ImageNetwork image;
  DetectionNetwork detection;
  TokenLayout layout(int64_t height, int64_t width) const;  // rows 0: no tokens over a grid
};

// What a model's passes hand out.
struct Survey {
  std::vector<MapKind> kinds;  // in the order of the enum
  MapKind usual = MapKind::kRaw;
  std::map<MapKind, int> layers, heads;  // that a request may name; not those it may not
  bool has(MapKind kind) const;
};

struct ExplainerState {
  bool detects = false;
  ModelInfo info;
  Recipe recipe;
  ExplainedNetwork network;                 // packed
  std::function<ExplainedNetwork()> build;  // the same, through which gradients pass

  const ExplainedNetwork& with_gradients() const;  // built at first use
  const Survey& survey() const;                    // of a blank picture, unless look() came first
  void look(const Taps& taps, const TokenLayout& layout) const;
  bool scores() const { return detects || network.image.logits; }
  std::string class_name(int64_t id) const;

  mutable std::once_flag built, surveyed;
  mutable ExplainedNetwork gradient_network;
  mutable Survey known;
};

// Takes in what a pass handed out.
Survey survey_of(const Taps& taps, const TokenLayout& layout, const ExplainerState& model);
// The maps that a kind goes over, in the order of the pass.
std::vector<AttentionMap> maps_for(MapKind kind, const std::vector<AttentionMap>& maps,
                                   const TokenLayout& layout);
std::optional<ClassActivation> class_activation_of(MapKind kind);

// One pass over one picture.
struct ExplainedPass {
  Taps taps;
  Tensor logits;         // of a classifier, [1, classes]
  BoxPredictions boxes;  // of a detector
  Gradients gradients;   // of one score, if they were wanted
  int64_t query = -1;    // whose score that was, of a detector
};

struct ScoreOf {
  int64_t class_id = 0, object = -1;
  bool operator==(const ScoreOf&) const = default;
};

struct LookState {
  std::shared_ptr<const ExplainerState> model;
  FramePlace place;
  Tensor images, padding;
  TokenLayout layout;
  float threshold = 0.5f;
  std::vector<FoundObject> objects;

  // The packed network's pass; `whole` as of Taps.
  std::shared_ptr<const ExplainedPass> pass(bool whole) const;
  std::shared_ptr<const ExplainedPass> gradient_pass(const ScoreOf& score) const;

  ScoreOf score_of(const MapRequest& request) const;   // fails for what does not exist
  int64_t object_of(const MapRequest& request) const;  // likewise
  int64_t token_at(cv::Point2d at) const;              // of the layout's grid, counted in the grid
  int64_t cell_at(cv::Point2d at, int rows, int columns) const;
  std::string subject_of(const ScoreOf& score) const;
  cv::Point2d centre_of(int64_t object) const;

  mutable std::mutex mutex;
  mutable std::shared_ptr<const ExplainedPass> narrow, wide, latest;
  mutable ScoreOf latest_score;
};

// The map that a request names among those of its kind, and their index. Fails for what does not exist.
struct ChosenMap {
  AttentionMap map;
  int layer = 0;
  std::optional<int> head;
};
ChosenMap chosen_map(const MapRequest& request, std::vector<AttentionMap> maps);

// Values of a grid; of tokens, those of the layout's grid.
cv::Mat grid_of(const float* values, int64_t rows, int64_t columns);
std::string patch_name(cv::Point2d at);

// The families of kinds.
ExplainedMap self_attention_map(const LookState& look, const MapRequest& request);
ExplainedMap activation_map(const LookState& look, const MapRequest& request);
ExplainedMap decoder_map(const LookState& look, const MapRequest& request);
ExplainedMap block_map(const LookState& look, const MapRequest& request);

}  // namespace fovea
