#pragma once
#include "models/detection_network.h"

namespace fovea {

// transformers' DeformableDetrForObjectDetection. Whether a folder holds one, and the network.
bool is_deformable_detr(const ModelSource& source);
DetectorPlan plan_deformable_detr(const ModelSource& source);

}  // namespace fovea
