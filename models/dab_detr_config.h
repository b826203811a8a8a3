#pragma once
#include "models/dab_detr.h"
#include "models/detector_backbone.h"

namespace fovea {

// transformers' DabDetrConfig, whose tables follow from the checkpoint's names if there is one.
struct DabDetrDescription {
  DabDetrConfig config;
  NameTable names;
};
// `info` gets what can be known (architecture, labels). Fails, naming file and key, on what cannot be built.
DabDetrDescription dab_detr_from_transformers(const ModelSource& source, ModelInfo& info);

}  // namespace fovea
