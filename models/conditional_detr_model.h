#pragma once
#include "models/detection_network.h"

namespace fovea {

// transformers' ConditionalDetrForObjectDetection. Whether a folder holds one, and the network.
bool is_conditional_detr(const ModelSource& source);
DetectorPlan plan_conditional_detr(const ModelSource& source);

}  // namespace fovea
