#pragma once
#include <cstdint>
#include <opencv2/core.hpp>

#include "models/detection_network.h"
#include "vision/detections.h"

namespace fovea {

// Which of a model's answers count.
struct DetectionChoice {
  BoxScores scores = BoxScores::kSoftmax;
  float threshold = 0.5f;  // scores are above it
  // Sigmoid: the best of all pairs of query and class, before the threshold; 0: as many as there are queries.
  // Softmax: each query has its best class, and all of them are taken.
  int64_t top_k = 100;
  bool clip = false;  // boxes to the picture
};

// What one picture of a batch shows, best first, in pixels of a picture of `size`.
Detections select_detections(const BoxPredictions& predictions, int64_t picture, cv::Size size,
                             const DetectionChoice& choice);

// Whether all that it says are numbers; matching and ranking cannot work with anything else.
bool is_finite(const BoxPredictions& predictions);

}  // namespace fovea
