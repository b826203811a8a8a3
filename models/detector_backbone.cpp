#include "models/detector_backbone.h"

#include <algorithm>
#include <memory>

#include "attention/base/shown_name.h"
#include "attention/ops/resize.h"
#include "models/resnet_config.h"
#include "models/resnet_names.h"

namespace fovea {
namespace {

constexpr const char* kOurs = "backbone.";

// "stage2" -> 2: its place in ResNet::maps(), whose first is the stem's.
size_t map_named(const ConfigJson& config, const std::string& name, size_t stages) {
  if (name == "stem") return 0;
  for (size_t i = 1; i <= stages; ++i)
    if (name == "stage" + std::to_string(i)) return i;
  config.refuse("out_features", "has " + shown_name(name) + ", which is no stage of the backbone");
}

// Of a backbone of transformers: by name, by number, or the last.
std::vector<size_t> maps_of(const ConfigJson& config, size_t stages) {
  const nlohmann::json& json = config.json();
  std::vector<size_t> maps;
  if (config.has("out_features")) {
    if (!json["out_features"].is_array()) config.refuse("out_features", "is not a list of stages");
    for (const nlohmann::json& name : json["out_features"])
      maps.push_back(map_named(config, name.is_string() ? name.get<std::string>() : name.dump(), stages));
  } else {
    const auto count = static_cast<int64_t>(stages) + 1;  // with the stem, 0
    const nlohmann::json last = {-1};
    const nlohmann::json& indices = config.has("out_indices") ? json["out_indices"] : last;
    if (!indices.is_array()) config.refuse("out_indices", "is not a list of stages");
    for (const nlohmann::json& value : indices) {
      const int64_t index = value.is_number_integer() ? value.get<int64_t>() : count;
      if (index < -count || index >= count)
        config.refuse("out_indices",
                      "has " + shown_name(value.dump()) + ", which is no stage of the backbone");
      maps.push_back(static_cast<size_t>(index < 0 ? index + count : index));
    }
  }
  if (maps.empty()) config.refuse("out_features", "names no stage");
  return maps;
}

DetectorBackbone of_transformers(const ConfigJson& config) {
  if (const std::string type = config.text("model_type", "resnet"); type != "resnet")
    config.refuse("model_type", "of the backbone is " + shown_name(type) + "; Fovea builds resnet");
  nlohmann::json json = config.json();
  json.erase("architectures");  // whichever class it was taken from, it is a backbone here
  ModelInfo unread;
  std::string prefix;
  DetectorBackbone backbone;
  backbone.config = resnet_from_transformers(ConfigJson(config.file(), json.dump()), unread, prefix);
  backbone.config.classes = 0;
  backbone.maps = maps_of(config, backbone.config.stages.size());
  backbone.add_names = [](NameTable& names, const std::string& stored) {
    names.add(transformers_resnet_names("").rules(), stored, kOurs);
  };
  return backbone;
}

// Where the checkpoint keeps a timm ResNet: what stands before "layer1.0.conv1.weight".
std::string prefix_in(const Checkpoint& checkpoint) {
  constexpr std::string_view kFirst = "layer1.0.conv1.weight";
  for (const std::string& name : checkpoint.names())
    if (name.ends_with(kFirst)) return name.substr(0, name.size() - kFirst.size());
  return "";
}

// A checkpoint may be thinner than the network whose name its config gives.
void take_widths(const Checkpoint& checkpoint, ResNetConfig& c) {
  const std::string prefix = prefix_in(checkpoint);
  const auto take = [&](const std::string& name, int64_t& width) {
    constexpr int64_t kMost = int64_t{1} << 20;
    if (!checkpoint.has(prefix + name) || checkpoint.shape(prefix + name).rank() != 4) return;
    const int64_t size = checkpoint.shape(prefix + name)[0];
    if (size > 0 && size <= kMost) width = size;
  };
  for (size_t i = 0; i < c.stem.size(); ++i)
    take(c.stem.size() == 1 ? "conv1.weight" : "conv1." + std::to_string(3 * i) + ".weight", c.stem[i]);
  const std::string last = c.bottleneck ? ".0.conv3.weight" : ".0.conv2.weight";
  for (size_t i = 0; i < c.stages.size(); ++i)
    take("layer" + std::to_string(i + 1) + last, c.stages[i].width);
}

// Whether transformers has put timm's network in a class of its own, a name deeper.
bool is_wrapped(const ModelSource& source) {
  if (source.checkpoint) return prefix_in(*source.checkpoint).ends_with("._backbone.");
  return source.config->text("model_type") == "dab-detr" || source.config->has("backbone_config");
}

// Stages beyond the stride that is wanted dilate in place of striding.
void limit_stride(const ConfigJson& config, ResNetConfig& c) {
  const ConfigJson own = config.at("backbone_config");
  const ConfigJson more = own.has("output_stride") ? own : config.at("backbone_kwargs");
  const int64_t most = more.size("output_stride", config.flag("dilation", false) ? 16 : 32);
  if (most != 8 && most != 16 && most != 32) more.refuse("output_stride", "is not 8, 16 or 32");
  int64_t stride = 4, dilation = 1;
  for (ResNetConfig::Stage& stage : c.stages) {
    if (stride * stage.stride > most) {
      dilation *= stage.stride;
      stage.stride = 1;
    }
    stride *= stage.stride;
    stage.dilation = dilation;
  }
}

DetectorBackbone of_timm(const ModelSource& source, const ConfigJson& config, const std::string& name,
                         std::vector<size_t> maps) {
  if (!is_timm_resnet(name))
    config.refuse("backbone", "is " + shown_name(name) + "; Fovea builds timm's resnet18 to resnet152");
  ModelInfo unread;
  const nlohmann::json timm{{"architecture", name}};
  DetectorBackbone backbone;
  ResNetConfig& c = backbone.config;
  c = resnet_from_timm(ConfigJson(config.file(), timm.dump()), unread);
  c.classes = 0;
  c.channels = config.size("num_channels", 3);
  limit_stride(config, c);
  if (c.pooled_shortcut && c.stages.back().dilation > 1)
    config.refuse("backbone", "is " + shown_name(name) + ", which is not built with dilated stages");
  if (source.checkpoint) take_widths(*source.checkpoint, c);
  check_resnet(config, {.widths = "backbone", .blocks = "backbone"}, c);
  backbone.maps = std::move(maps);
  backbone.add_names = [deep = c.stem.size() > 1, below = is_wrapped(source) ? "_backbone." : ""](
                           NameTable& names, const std::string& stored) {
    names.add(timm_resnet_names(deep).rules(), stored + below, kOurs);
  };
  return backbone;
}

}  // namespace

DetectorBackbone detector_backbone(const ModelSource& source, std::vector<size_t> maps_of_timm) {
  const ConfigJson& config = *source.config;
  const ConfigJson own = config.at("backbone_config");
  if (own.text("model_type") == "timm_backbone")
    return of_timm(source, config, own.text("backbone"), std::move(maps_of_timm));
  if (config.has("backbone_config")) return of_transformers(own);
  if (!config.flag("use_timm_backbone", true)) {
    if (const std::string name = config.text("backbone", "resnet50"); name != "resnet50")
      config.refuse("backbone", "is " + shown_name(name) +
                                    ", a model whose config is in another file; give it as backbone_config");
    return of_transformers(own);
  }
  return of_timm(source, config, config.text("backbone", "resnet50"), std::move(maps_of_timm));
}

Tensor map_padding(const Tensor& padding, int64_t batch, int64_t height, int64_t width) {
  if (!padding) return Tensor::full({batch, height, width}, 0);
  const Resize nearest{.filter = Interpolation::kNearest};
  return resize(resize(padding, 1, height, nearest), 2, width, nearest);
}

}  // namespace fovea
