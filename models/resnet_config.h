#pragma once
#include <string>
#include <string_view>

#include "attention/checkpoint/checkpoint.h"
#include "models/config_json.h"
#include "models/model_info.h"
#include "models/resnet.h"

namespace fovea {

// A config.json of each library -> the model it describes. Each fills what `info` can know (architecture,
// labels, licence) and fails, naming file and key, on what is not a ResNet that we compute exactly.

// transformers' ResNetConfig. `backbone` becomes the prefix of its checkpoint's names: "resnet." or "".
ResNetConfig resnet_from_transformers(const ConfigJson& config, ModelInfo& info, std::string& backbone);

// timm's resnet18, 26, 34, 50, 101 and 152, with or without d, and a tag of weights.
bool is_timm_resnet(std::string_view architecture);
ResNetConfig resnet_from_timm(const ConfigJson& config, ModelInfo& info);

// torchvision saves no config: sizes follow from the tensors. A config may say the architecture
// torchvision_resnet, and name the classes.
ResNetConfig resnet_from_torchvision(const ConfigJson& config, const Checkpoint& checkpoint, ModelInfo& info);

// The file's keys for the sizes of the stages, for messages.
struct ResNetKeys {
  const char *widths, *blocks;
};
// Fails unless a model of these sizes can be built: at most 2^31 parameters in at most 1024 blocks.
void check_resnet(const ConfigJson& config, const ResNetKeys& keys, const ResNetConfig& sizes);

}  // namespace fovea
