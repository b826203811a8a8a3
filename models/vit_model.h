#pragma once
#include "models/image_network.h"

namespace fovea {

// ViT and DeiT of transformers, timm and torchvision. Whether a folder holds one, and the network.
bool is_vit(const ModelSource& source);
ImageNetwork load_vit(const ModelSource& source);

}  // namespace fovea
