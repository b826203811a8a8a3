#pragma once
#include "models/deformable_detr.h"
#include "models/detector_backbone.h"

namespace fovea {

// transformers' DeformableDetrConfig -> the model it describes. Fills what `info` can know; fails, naming
// file and key, on what we do not compute exactly.
DeformableDetrConfig deformable_detr_from_transformers(const ModelSource& source, ModelInfo& info,
                                                       DetectorBackbone& backbone);

// transformers' names. Heads that several layers share have several; a checkpoint may leave some of them out.
NameTable deformable_detr_names(const ModelSource& source, const DeformableDetrConfig& config,
                                const DetectorBackbone& backbone);

}  // namespace fovea
