#pragma once
#include "models/detection_network.h"

namespace fovea {

// YOLOS of transformers. Whether a folder holds one, and the network.
bool is_yolos(const ModelSource& source);
DetectorPlan plan_yolos(const ModelSource& source);

}  // namespace fovea
