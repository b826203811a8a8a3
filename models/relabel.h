#pragma once
#include <string>
#include <vector>

#include "models/config_json.h"

namespace fovea {

// The text of a config.json with other classes, in the words of its library (id2label and label2id, or
// num_classes and label_names), and without `bound`, the keys that hold for its own classes alone.
std::string relabelled(const ConfigJson& config, const std::vector<std::string>& labels,
                       const std::vector<std::string>& bound = {});

}  // namespace fovea
