#pragma once
#include <string>

#include "attention/checkpoint/name_table.h"

namespace fovea {

NameTable transformers_vit_names(const std::string& backbone);  // "vit.", "deit.", "" for a bare backbone
NameTable timm_vit_names();
NameTable torchvision_vit_names();

}  // namespace fovea
