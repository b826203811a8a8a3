#pragma once
#include "models/detection_network.h"

namespace fovea {

// DETR of transformers and of its authors, and transformers' Table Transformer. Whether a folder holds one,
// and the network.
bool is_detr(const ModelSource& source);
DetectorPlan plan_detr(const ModelSource& source);

}  // namespace fovea
