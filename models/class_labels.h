#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/config_json.h"

namespace fovea {

// LABEL_0, LABEL_1, ...: what transformers calls classes without names.
std::vector<std::string> numbered_labels(int64_t classes);
// The class that a key of {"0": "tench", ...} stands for, or -1.
int64_t class_of(const std::string& key, int64_t classes);

// config[key], which names classes by index: {"0": "tench", ...}, or ["tench", ...] with one name a class.
// A class that the former leaves out is LABEL_n.
std::vector<std::string> labels_at(const ConfigJson& config, const char* key, int64_t classes);

}  // namespace fovea
