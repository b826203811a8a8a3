#pragma once
#include <span>

#include "vision/coco_eval.h"

namespace fovea {

enum class Found : uint8_t { kNothing, kObject, kIgnored };

// What the detections that count met, at each area range and IoU threshold.
struct CocoMatches {
  std::vector<int64_t> first;    // [K + 1]: where each category's detections begin, in the order of pictures
  std::vector<double> scores;    // of each detection, descending within a picture
  std::vector<int64_t> ranks;    // its place in its picture (and category), from 0
  std::vector<Found> outcome;    // [A][T][detections]
  std::vector<int64_t> objects;  // to be found, [K][A]
};

// The categories that count, by ascending id: indices into truth.categories.
std::vector<int64_t> chosen_categories(const AnnotatedPictures& truth, const CocoParams& params);

CocoMatches match_detections(const AnnotatedPictures& truth, std::span<const ScoredBox> found,
                             const CocoParams& params);

}  // namespace fovea
