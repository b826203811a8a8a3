#pragma once
#include <string>
#include <string_view>

#include "attention/checkpoint/checkpoint.h"
#include "models/config_json.h"
#include "models/model_info.h"
#include "models/vit.h"

namespace fovea {

// A config.json of each library -> the model it describes. Each fills what `info` can know (architecture,
// labels, licence) and fails, naming file and key, on what is not a ViT or DeiT that we compute exactly.

// transformers' ViTConfig and DeiTConfig. `backbone` becomes the prefix of its checkpoint's names: "vit.",
// "deit.", "".
VitConfig vit_from_transformers(const ConfigJson& config, ModelInfo& info, std::string& backbone);

// timm's "architecture" with "model_args" and "pretrained_cfg": vit_<size>_patch<P>_<image> with or without
// _miil and _in21k, and deit_<size>_patch<P>_<image> with or without _distilled. Old files have what is in
// pretrained_cfg at their top.
VitConfig vit_from_timm(const ConfigJson& config, ModelInfo& info);

// torchvision saves no config: sizes follow from the tensors; heads are `num_heads` of the config if there is
// one, else 64 features each, or 80 at width 1280.
VitConfig vit_from_torchvision(const ConfigJson& config, const Checkpoint& checkpoint, ModelInfo& info);

bool is_timm_vit(std::string_view architecture);
bool is_torchvision_vit(std::string_view architecture);

// Fails, naming `file`, unless a model of these sizes can be built: each in its range, and all together at
// most 2^31 parameters.
void check_vit(const std::string& file, const VitConfig& config);

}  // namespace fovea
