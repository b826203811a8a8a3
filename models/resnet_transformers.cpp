#include "attention/base/shown_name.h"
#include "models/resnet_config.h"
#include "models/transformers_config.h"

namespace fovea {
namespace {

bool bottleneck_of(const ConfigJson& config) {
  const std::string type = config.text("layer_type", "bottleneck");
  if (type != "bottleneck" && type != "basic")
    config.refuse("layer_type", "is " + shown_name(type) + "; transformers has basic and bottleneck");
  return type == "bottleneck";
}

std::vector<ResNetConfig::Stage> stages_of(const ConfigJson& config) {
  const std::vector<int64_t> widths = config.sizes("hidden_sizes", {256, 512, 1024, 2048});
  const std::vector<int64_t> blocks = config.sizes("depths", {3, 4, 6, 3});
  if (widths.size() != blocks.size())
    config.refuse("depths", "has " + std::to_string(blocks.size()) + " stages, and hidden_sizes " +
                                std::to_string(widths.size()));
  const int64_t first_stride = config.flag("downsample_in_first_stage", false) ? 2 : 1;
  std::vector<ResNetConfig::Stage> stages;
  for (size_t i = 0; i < widths.size(); ++i) stages.push_back({widths[i], blocks[i], i ? 2 : first_stride});
  return stages;
}

}  // namespace

ResNetConfig resnet_from_transformers(const ConfigJson& config, ModelInfo& info, std::string& backbone) {
  info.architecture = transformers_class(config, {"ResNetForImageClassification", "ResNetModel"});
  const bool bare = info.architecture == "ResNetModel";
  backbone = bare ? "" : "resnet.";
  ResNetConfig c;
  c.channels = config.size("num_channels", c.channels);
  c.stem = {config.size("embedding_size", 64)};
  c.stages = stages_of(config);
  c.bottleneck = bottleneck_of(config);
  c.stride_in_first = config.flag("downsample_in_bottleneck", false);
  c.activation = transformers_activation(config, "hidden_act", "relu");
  if (!bare) info.labels = transformers_labels(config);
  c.classes = static_cast<int64_t>(info.labels.size());
  check_resnet(config, {.widths = "hidden_sizes", .blocks = "depths"}, c);
  info.multi_label = config.text("problem_type") == "multi_label_classification" || c.classes == 1;
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  info.input_height = info.input_width = 224;
  return c;
}

}  // namespace fovea
