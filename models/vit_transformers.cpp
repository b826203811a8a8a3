#include <tuple>

#include "attention/checkpoint/shown_name.h"
#include "models/class_labels.h"
#include "models/vit_config.h"

namespace fovea {
namespace {

struct NamedActivation {
  const char* name;
  Activation activation;
};
constexpr NamedActivation kActivations[] = {
    {"gelu", Activation::kGelu},          {"gelu_python", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},  {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh}, {"quick_gelu", Activation::kQuickGelu},
    {"relu", Activation::kRelu},          {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},         {"sigmoid", Activation::kSigmoid},
    {"tanh", Activation::kTanh},
};

Activation activation_named(const ConfigJson& config, const char* key, const std::string& absent) {
  const std::string name = config.text(key, absent);
  for (const NamedActivation& known : kActivations)
    if (name == known.name) return known.activation;
  config.refuse(key, "is " + shown_name(name) + ", which Fovea does not compute");
}

// The class of transformers that wrote the checkpoint.
std::string class_of(const ConfigJson& config, const std::string& type) {
  const std::string family = type == "deit" ? "DeiT" : "ViT";
  if (!config.has("architectures")) return family + "ForImageClassification";
  const nlohmann::json& names = config.json().at("architectures");
  if (!names.is_array() || names.empty() || !names[0].is_string())
    config.refuse("architectures", "names no class");
  const auto name = names[0].get<std::string>();
  if (name == family + "Model" || name == family + "ForImageClassification" ||
      (type == "deit" && name == "DeiTForImageClassificationWithTeacher"))
    return name;
  config.refuse("architectures",
                "is " + shown_name(name) + ", which Fovea cannot build for model_type '" + type + "'");
}

std::vector<std::string> labels_of(const ConfigJson& config) {
  constexpr int64_t kClassesByDefault = 2;  // transformers'
  if (!config.has("id2label")) return numbered_labels(config.size("num_labels", kClassesByDefault, 0));
  return labels_at(config, "id2label", static_cast<int64_t>(config.at("id2label").json().size()));
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
  c.activation = activation_named(config, "hidden_act", "gelu");
  c.qkv_bias = config.flag("qkv_bias", true);
  return c;
}

}  // namespace

VitConfig vit_from_transformers(const ConfigJson& config, ModelInfo& info, std::string& backbone) {
  const std::string type = config.text("model_type");
  info.architecture = class_of(config, type);
  const bool bare = info.architecture.ends_with("Model");
  backbone = bare ? "" : type + ".";

  VitConfig c = sizes_of(config);
  c.distillation_token = type == "deit";
  if (info.architecture.ends_with("WithTeacher")) c.pool = VitConfig::Pool::kBothTokens;
  c.pooler = bare;
  if (bare) {
    c.pooler_activation = activation_named(config, "pooler_act", "tanh");
    c.pooler_dim = config.size("pooler_output_size", c.dim);
    c.classes = 0;
  } else {
    info.labels = labels_of(config);
    c.classes = static_cast<int64_t>(info.labels.size());
  }
  check_vit(config.file(), c);
  info.multi_label = config.text("problem_type") == "multi_label_classification" || c.classes == 1;
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  return c;
}

}  // namespace fovea
