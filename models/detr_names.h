#pragma once
#include <string>

#include "attention/checkpoint/name_table.h"

namespace fovea {

// All but the backbone's. `below` is "detr." for a model that draws masks, else "".
NameTable transformers_detr_names(const std::string& below = "");
NameTable original_detr_names(const std::string& below = "");
NameTable original_detr_transformer_names(const std::string& below);  // of encoder and decoder alone

}  // namespace fovea
