#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "models/pipelines/detector.h"
#include "vision/batch.h"
#include "vision/coco_eval.h"

namespace fovea {

// What a detector found in the pictures of a data set.
struct FoundBoxes {
  std::vector<ScoredBox> boxes;          // in the order of the pictures
  std::vector<int64_t> pictures;         // ids of those that could be read and taken
  std::vector<PictureFailure> failures;  // the others
};

// `matches`: see match_categories(). `step` hears of every picture, and ends it by false: then there is
// nothing. Throws NotFinite (models/training/training_error.h) where the model says what is no number.
std::optional<FoundBoxes> find_boxes(const Detector& detector, const AnnotatedPictures& truth,
                                     const std::vector<int64_t>& matches, float threshold,
                                     const std::function<bool()>& step);

}  // namespace fovea
