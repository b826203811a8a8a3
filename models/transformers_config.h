#pragma once
#include <string>
#include <vector>

#include "attention/ops/linear.h"
#include "models/config_json.h"

namespace fovea {

// What the config.json of every model of transformers has. Each fails, naming file and key.

// The class that wrote the checkpoint: one of `known`, the first if the file says none.
std::string transformers_class(const ConfigJson& config, const std::vector<std::string>& known);
std::vector<std::string> transformers_labels(const ConfigJson& config);
Activation transformers_activation(const ConfigJson& config, const char* key, const std::string& absent);

}  // namespace fovea
