#pragma once
#include "models/detector_backbone.h"
#include "models/detr.h"

namespace fovea {

// What a folder describes. `info` gets what can be known (architecture, labels). Each fails, naming file and
// key, on what cannot be built.
struct DetrDescription {
  DetrConfig config;
  DetectorBackbone backbone;
  NameTable names;
};

// transformers' DetrConfig and TableTransformerConfig.
DetrDescription detr_from_transformers(const ModelSource& source, ModelInfo& info);

// The original repository's: sizes follow from the tensors. A config.json may say `architecture`
// (detr_resnet50, detr_resnet50_dc5, ...), `nheads` (8), `dilation` and the labels.
bool is_original_detr(const ModelSource& source);
DetrDescription detr_from_original(const ModelSource& source, ModelInfo& info);

// Fails unless a model of these sizes can be built.
void check_detr(const std::string& file, const DetrConfig& config);

// Tells `info` the sizes.
void describe_detr(const DetrConfig& config, ModelInfo& info);

}  // namespace fovea
