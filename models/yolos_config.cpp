#include "models/yolos_config.h"

#include <tuple>

#include "models/transformers_config.h"
#include "models/vit_config.h"

namespace fovea {
namespace {

YolosConfig sizes_of(const ConfigJson& config) {
  YolosConfig c;
  std::tie(c.image_height, c.image_width) = config.sides("image_size", 512);
  if (!config.has("image_size")) c.image_width = 864;
  std::tie(c.patch_height, c.patch_width) = config.sides("patch_size", 16);
  c.channels = config.size("num_channels", 3);
  c.dim = config.size("hidden_size", 768);
  c.depth = config.size("num_hidden_layers", 12);
  c.mlp = config.size("intermediate_size", 3072);
  c.heads = static_cast<int>(config.size("num_attention_heads", 12));
  c.norm_eps = static_cast<float>(config.number("layer_norm_eps", 1e-12));
  c.activation = transformers_activation(config, "hidden_act", "gelu");
  c.qkv_bias = config.flag("qkv_bias", true);
  c.dropout = config.share("hidden_dropout_prob", 0);
  c.attention_dropout = config.share("attention_probs_dropout_prob", 0);
  c.queries = config.size("num_detection_tokens", 100);
  c.middle_positions = config.flag("use_mid_position_embeddings", true);
  return c;
}

// The same Vision Transformer, for its checks.
VitConfig vit_of(const YolosConfig& c) {
  VitConfig vit;
  vit.image_height = c.image_height;
  vit.image_width = c.image_width;
  vit.patch_height = c.patch_height;
  vit.patch_width = c.patch_width;
  vit.channels = c.channels;
  vit.dim = c.dim;
  vit.depth = c.depth;
  vit.mlp = c.mlp;
  vit.classes = c.classes;
  vit.heads = c.heads;
  vit.norm_eps = c.norm_eps;
  return vit;
}

}  // namespace

YolosConfig yolos_from_transformers(const ConfigJson& config, ModelInfo& info) {
  constexpr double kMostPositions = 0x1p30;
  info.architecture = transformers_class(config, {"YolosForObjectDetection"});
  info.labels = transformers_labels(config);
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  YolosConfig c = sizes_of(config);
  c.classes = static_cast<int64_t>(info.labels.size());
  check_vit(config.file(), vit_of(c));
  if (static_cast<double>(c.depth * c.tokens()) * static_cast<double>(c.dim) > kMostPositions)
    config.refuse("num_detection_tokens", "and image_size make too many tokens");
  return c;
}

}  // namespace fovea
