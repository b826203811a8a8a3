#pragma once
#include "models/network_plan.h"

namespace fovea {

// ResNet of transformers, timm and torchvision. Whether a folder holds one, and the network.
bool is_resnet(const ModelSource& source);
NetworkPlan plan_resnet(const ModelSource& source);

}  // namespace fovea
