#pragma once
#include <functional>
#include <string>
#include <vector>

#include "attention/checkpoint/name_table.h"
#include "models/detection_network.h"
#include "models/resnet.h"

namespace fovea {

// The ResNet that a detector of transformers reads its features from: transformers' own (`backbone_config`)
// or timm's (`backbone`: "resnet50", `dilation`), whose widths follow from the tensors if there are any.
struct DetectorBackbone {
  ResNetConfig config;       // without a classifier
  std::vector<size_t> maps;  // which of ResNet::maps() the detector takes: 2, 3 and 4
  // Adds the checkpoint's names below `stored` ("model.backbone.conv_encoder.model.") as ours below
  // "backbone.".
  std::function<void(NameTable& names, const std::string& stored)> add_names;
};
DetectorBackbone detector_backbone(const ModelSource& source, std::vector<size_t> maps_of_timm);

// The padding of a map of this size, by the nearest pixel: [B, H, W] -> [B, height, width]; zeros if there is
// none (then of `batch` pictures).
Tensor map_padding(const Tensor& padding, int64_t batch, int64_t height, int64_t width);

}  // namespace fovea
