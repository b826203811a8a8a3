#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/config_json.h"

namespace fovea {

// What the config.json of every model of timm has: beside "architecture" the constructor's "model_args" and,
// in "pretrained_cfg" or at the top of old files, what is known of the weights. Each fails, naming file and
// key.

// `known`: constructor arguments that the caller reads, or that change nothing at inference. `only`: others,
// with the one value that is built.
struct TimmOnly {
  const char *key, *json;
};
void timm_refuse_other_args(const ConfigJson& args, std::span<const char* const> known,
                            std::span<const TimmOnly> only, const char* family);

struct TimmInputSize {
  int64_t channels, height, width;
};
std::optional<TimmInputSize> timm_input_size(const ConfigJson& pretrained);

int64_t timm_classes(const ConfigJson& config, const ConfigJson& args, const ConfigJson& pretrained);
// Names that came along from another model, as its pretrained_cfg keeps them, do not count.
std::vector<std::string> timm_labels(const ConfigJson& config, const ConfigJson& pretrained, int64_t classes);

}  // namespace fovea
