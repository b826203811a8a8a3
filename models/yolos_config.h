#pragma once
#include "models/config_json.h"
#include "models/model_info.h"
#include "models/yolos.h"

namespace fovea {

// transformers' YolosConfig. Fills what `info` can know; fails, naming file and key, on what cannot be built.
YolosConfig yolos_from_transformers(const ConfigJson& config, ModelInfo& info);

}  // namespace fovea
