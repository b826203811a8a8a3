#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/pipelines/explainer.h"
#include "vision/attention_page.h"
#include "vision/attention_view.h"

namespace fovea {

// One map of a picture, and what is said of it.
struct AttendedMap {
  ExplainedMap map;
  std::optional<int64_t> object;    // among those found
  ValueRange range;                 // of its values, or of its points' weights
  std::optional<cv::Point2d> peak;  // where the greatest value lies, in pixels of the picture
  std::optional<Faithfulness> faithfulness, by_chance;  // of the map, and of one drawn at random
  std::optional<double> drawn_weights;  // rank correlation with the map of the same model, drawn anew
  std::string file, raw;                // where it was written; empty: nowhere
};

struct AttendedSheet {
  std::vector<SheetTile> tiles;
  std::vector<std::string> rows, columns;
  std::string title, file;
};

// What `attend` makes of one picture.
struct Attended {
  cv::Size input;
  FramePlace place;
  std::vector<FoundObject> objects;
  std::vector<ScoredClass> classes;
  std::vector<AttendedMap> maps;
  std::optional<AttendedSheet> sheet;
  std::optional<AttentionPage> page;
  std::string page_file;
};

// What every picture is asked for.
struct AttendPlan {
  MapRequest request;
  float threshold = 0.5f;
  bool each_object = false;  // else, of a detector's objects, the one in the request, or the surest
  bool sheet = false, page = false, score = false;
  std::shared_ptr<const Explainer> drawn;  // to check the weights against; or none
};

// `source`: the page's title.
std::shared_ptr<Attended> attend(const Explainer& explainer, const cv::Mat& rgb, const AttendPlan& plan,
                                 const std::string& source);

// Where in the picture the greatest of the cells lies whose centres it shows.
std::optional<cv::Point2d> peak_of(const cv::Mat& values, const FramePlace& place);

// Which part of the model: "layers.5.attn head 2".
std::string part_of(const ExplainedMap& map);

AttentionPage page_of(const Explainer& explainer, const Explainer::Look& look, const MapRequest& request);

}  // namespace fovea
