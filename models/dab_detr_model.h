#pragma once
#include "models/detection_network.h"

namespace fovea {

// transformers' DabDetrForObjectDetection. Whether a folder holds one, and the network.
bool is_dab_detr(const ModelSource& source);
DetectorPlan plan_dab_detr(const ModelSource& source);

}  // namespace fovea
