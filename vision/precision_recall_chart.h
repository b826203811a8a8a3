#pragma once
#include <opencv2/core.hpp>

#include "vision/coco_eval.h"

namespace fovea {

// Precision over recall at IoU 0.5 and 0.75: a panel for the mean of all categories, then one for each
// category that has objects. Of very many, those with the most objects.
cv::Mat draw_precision_recall(const CocoEvaluation& evaluation);

}  // namespace fovea
