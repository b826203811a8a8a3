#pragma once
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "attention/explain/class_activation.h"
#include "attention/explain/faithfulness.h"
#include "attention/explain/heads.h"
#include "models/model_info.h"
#include "models/pipelines/map_kind.h"
#include "vision/detections.h"
#include "vision/frame_place.h"
#include "vision/recipe.h"

namespace fovea {

struct MapRequest {
  MapKind kind = MapKind::kRollout;
  std::optional<int> layer = {}, head = {};  // from 0, negative from the last; none: last layer, heads fused
  HeadFusion fusion = HeadFusion::kMean;
  double discard = 0;                    // of rollouts
  std::optional<cv::Point2d> at = {};    // pixels of the picture: the query
  std::optional<int64_t> class_id = {};  // whose score is explained; none: the best
  std::optional<int64_t> object = {};    // index among the found objects, best first
};

// One map as made.
struct ExplainedMap {
  MapKind kind = MapKind::kRaw;
  std::string of = {};  // what was mapped: "layers.11.attn", "stages.3", "layers 0 to 11"
  std::optional<int> layer = {}, head = {};
  std::string subject = {};  // "class 'tabby, tabby cat'", "object 0: dog", "the patch at 412, 230"
  cv::Mat values = {};       // CV_32F: a grid over the frame; of kChannels one row; empty for kPoints
  std::vector<cv::Point3d> points = {};   // of kPoints: x, y in pixels of the picture, weight
  std::optional<cv::Point2d> query = {};  // the point asked, or the object's reference; as `points`
};

// All self-attention of a picture, for the page and the contact sheet.
struct LayerWeights {
  std::string name;
  int heads = 0, rows = 0, columns = 0;
  std::vector<float> weights = {};  // [heads][rows * columns][rows * columns], special tokens dropped
  std::vector<float> reader = {};   // [heads][rows * columns]; empty for a model without such a token
};

struct FoundObject {
  Detection detection;
  std::string label;
};

struct ScoredClass {
  int64_t id = 0;
  std::string label;
  float score = 0;
};

struct ExplainerState;
struct LookState;

// A model that shows what it looks at. Safe to share between threads.
class Explainer {
 public:
  static Explainer load(const std::filesystem::path& folder);
  static Explainer random(const std::filesystem::path& folder, uint64_t seed);  // drawn anew

  const ModelInfo& info() const;
  const Recipe& recipe() const;
  bool detects() const;
  bool scores() const;  // whether it has classes, whose scores can be explained
  std::vector<MapKind> kinds() const;
  MapKind usual_kind() const;      // what `attend` makes when none is named
  int layers(MapKind kind) const;  // how many a request may name; 0: none
  int heads(MapKind kind) const;
  bool asks_for_object(const MapRequest& request) const;  // whether such a map is of one of the objects

  // One picture (8UC3, upright RGB), prepared once for any number of maps.
  class Look {
   public:
    cv::Size input() const;                           // what the model is given, in pixels
    const FramePlace& place() const;                  // of what its patches cover of that
    const std::vector<FoundObject>& objects() const;  // of a detector, above the threshold
    std::vector<ScoredClass> classes(int k) const;    // the likeliest of a classifier; empty without one
    // Fails with one line that lists what is possible, if something asked for does not exist.
    ExplainedMap map(const MapRequest& request) const;
    std::vector<LayerWeights> self_attention() const;  // empty if there is none over a grid
    // How a map (CV_32F over the frame) stands the test; of a classifier.
    Faithfulness score(const cv::Mat& map, std::optional<int64_t> class_id) const;

    explicit Look(std::shared_ptr<const LookState> state) : state_(std::move(state)) {}

   private:
    std::shared_ptr<const LookState> state_;
  };
  Look look(const cv::Mat& rgb, float threshold = 0.5f) const;

 private:
  explicit Explainer(std::shared_ptr<const ExplainerState> state) : state_(std::move(state)) {}
  std::shared_ptr<const ExplainerState> state_;
};

}  // namespace fovea
