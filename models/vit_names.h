#pragma once
#include <string>

#include "attention/checkpoint/name_table.h"

namespace fovea {

// `backbone`: "vit.", "deit.", "" for a bare one. A model with both of DeiT's heads calls its classifier
// otherwise.
NameTable transformers_vit_names(const std::string& backbone, bool both_heads = false);
NameTable timm_vit_names();
NameTable torchvision_vit_names();

}  // namespace fovea
