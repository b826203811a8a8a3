#include <tuple>

#include "models/transformers_config.h"
#include "models/vit_config.h"

namespace fovea {
namespace {

// The classes of transformers that we build.
std::vector<std::string> classes_of(const std::string& type) {
  if (type == "vit") return {"ViTForImageClassification", "ViTModel"};
  return {"DeiTForImageClassification", "DeiTForImageClassificationWithTeacher", "DeiTModel"};
}

VitConfig sizes_of(const ConfigJson& config) {
  VitConfig c;
  std::tie(c.image_height, c.image_width) = config.sides("image_size", 224);
  std::tie(c.patch_height, c.patch_width) = config.sides("patch_size", 16);
  c.channels = config.size("num_channels", 3);
  c.dim = config.size("hidden_size", 768);
  c.depth = config.size("num_hidden_layers", 12);
  c.mlp = config.size("intermediate_size", 3072);
  c.heads = static_cast<int>(config.size("num_attention_heads", 12));
  c.norm_eps = static_cast<float>(config.number("layer_norm_eps", 1e-12));
  c.activation = transformers_activation(config, "hidden_act", "gelu");
  c.qkv_bias = config.flag("qkv_bias", true);
  c.drops.embeddings = c.drops.added = config.share("hidden_dropout_prob", 0);
  c.drops.attention = config.share("attention_probs_dropout_prob", 0);
  return c;
}

}  // namespace

VitConfig vit_from_transformers(const ConfigJson& config, ModelInfo& info, std::string& backbone) {
  const std::string type = config.text("model_type");
  info.architecture = transformers_class(config, classes_of(type));
  const bool bare = info.architecture.ends_with("Model");
  backbone = bare ? "" : type + ".";

  VitConfig c = sizes_of(config);
  c.distillation_token = type == "deit";
  if (info.architecture.ends_with("WithTeacher")) c.pool = VitConfig::Pool::kBothTokens;
  c.pooler = bare;
  if (bare) {
    c.pooler_activation = transformers_activation(config, "pooler_act", "tanh");
    c.pooler_dim = config.size("pooler_output_size", c.dim);
    c.classes = 0;
  } else {
    info.labels = transformers_labels(config);
    c.classes = static_cast<int64_t>(info.labels.size());
  }
  check_vit(config.file(), c);
  info.multi_label = config.text("problem_type") == "multi_label_classification" || c.classes == 1;
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  return c;
}

}  // namespace fovea
