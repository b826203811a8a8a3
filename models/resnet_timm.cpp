#include <optional>

#include "attention/base/shown_name.h"
#include "models/resnet_config.h"
#include "models/timm_config.h"

namespace fovea {
namespace {

struct TimmName {
  std::string_view name;
  std::vector<int64_t> blocks;
  bool bottleneck;
};

const TimmName kTimmNames[] = {{"resnet18", {2, 2, 2, 2}, false},  {"resnet26", {2, 2, 2, 2}, true},
                               {"resnet34", {3, 4, 6, 3}, false},  {"resnet50", {3, 4, 6, 3}, true},
                               {"resnet101", {3, 4, 23, 3}, true}, {"resnet152", {3, 8, 36, 3}, true}};

// resnet<layers>[d][.<tag>]; a tag names weights, not an architecture. `deep` is set for the D variants.
const TimmName* timm_name(std::string_view architecture, bool& deep) {
  std::string_view name = architecture.substr(0, architecture.find('.'));
  deep = name.ends_with('d');
  if (deep) name.remove_suffix(1);
  for (const TimmName& known : kTimmNames)
    if (name == known.name) return &known;
  return nullptr;
}

// Read below, or without a part in inference: DropBlock, and how weights are drawn, are not built.
constexpr const char* kTimmArgs[] = {"layers",         "channels",        "stem_width",
                                     "in_chans",       "num_classes",     "drop_rate",
                                     "drop_path_rate", "drop_block_rate", "zero_init_last"};

constexpr TimmOnly kTimmOnly[] = {
    {"global_pool", R"("avg")"}, {"output_stride", "32"}, {"cardinality", "1"}, {"base_width", "64"}};

void read_stages(const ConfigJson& args, const TimmName& name, ResNetConfig& c) {
  constexpr size_t kStages = 4;
  const std::vector<int64_t> blocks = args.sizes("layers", name.blocks);
  const std::vector<int64_t> channels = args.sizes("channels", {64, 128, 256, 512});
  if (blocks.size() != kStages) args.refuse("layers", "is not one number for each of four stages");
  if (channels.size() != kStages) args.refuse("channels", "is not one number for each of four stages");
  c.stages.clear();
  for (size_t i = 0; i < kStages; ++i)
    c.stages.push_back({channels[i] * (c.bottleneck ? 4 : 1), blocks[i], i ? 2 : 1});
}

TimmInputSize input_of(const ConfigJson& pretrained) {
  const TimmInputSize input = timm_input_size(pretrained).value_or(TimmInputSize{3, 224, 224});
  for (int64_t size : {input.channels, input.height, input.width})
    if (size < 1 || size > 8192)
      pretrained.refuse("input_size", "has " + std::to_string(size) + ", out of range");
  return input;
}

}  // namespace

bool is_timm_resnet(std::string_view architecture) {
  bool deep = false;
  return timm_name(architecture, deep) != nullptr;
}

ResNetConfig resnet_from_timm(const ConfigJson& config, ModelInfo& info) {
  info.architecture = config.text("architecture");
  ResNetConfig c;
  const TimmName* const name = timm_name(info.architecture, c.pooled_shortcut);
  if (!name) config.refuse("architecture", "is " + shown_name(info.architecture) + ", not built here");
  const ConfigJson args = config.at("model_args");
  const ConfigJson pretrained = config.has("pretrained_cfg") ? config.at("pretrained_cfg") : config;
  timm_refuse_other_args(args, kTimmArgs, kTimmOnly, "ResNet");
  if (const std::string pool = args.text("global_pool", pretrained.text("global_pool", "avg")); pool != "avg")
    config.refuse("global_pool", "is " + shown_name(pool) + "; Fovea has avg");
  c.bottleneck = name->bottleneck;
  if (const int64_t width = args.size("stem_width", 32); c.pooled_shortcut)
    c.stem = {width, width, 2 * width};
  read_stages(args, *name, c);
  c.drop_path = args.share("drop_path_rate", 0);
  c.dropout = args.share("drop_rate", 0);
  const TimmInputSize input = input_of(pretrained);
  c.channels = args.size("in_chans", input.channels);
  info.input_height = input.height;
  info.input_width = input.width;
  c.classes = timm_classes(config, args, pretrained);
  check_resnet(config, {.widths = "channels", .blocks = "layers"}, c);
  info.labels = timm_labels(config, pretrained, c.classes);
  info.multi_label = c.classes == 1;
  info.library = "timm";
  info.licence = pretrained.text("license");
  return c;
}

}  // namespace fovea
