#pragma once
#include <string>

#include "attention/checkpoint/name_table.h"

namespace fovea {

NameTable transformers_resnet_names(const std::string& backbone);  // "resnet.", "" for a bare backbone
NameTable timm_resnet_names(bool deep_stem);                       // of the D variants
NameTable torchvision_resnet_names();

}  // namespace fovea
