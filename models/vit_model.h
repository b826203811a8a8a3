#pragma once
#include "models/network_plan.h"

namespace fovea {

// ViT and DeiT of transformers, timm and torchvision. Whether a folder holds one, and the network.
bool is_vit(const ModelSource& source);
NetworkPlan plan_vit(const ModelSource& source);

}  // namespace fovea
