#pragma once
#include <string>

#include "attention/checkpoint/name_table.h"

namespace fovea {

// `backbone`: "vit.", "deit.", "" for a bare one. With both of DeiT's heads the classifier is
// cls_classifier.
NameTable transformers_vit_names(const std::string& backbone, bool both_heads = false);
NameTable timm_vit_names();
NameTable torchvision_vit_names();

}  // namespace fovea
