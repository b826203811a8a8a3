#include "models/vit_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>

#include "attention/base/error.h"

namespace fovea {
namespace {

Activation activation_named(const ConfigJson& config, const char* key, const std::string& absent) {
  const std::string name = config.text(key, absent);
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return Activation::kGeluTanh;
  if (name == "quick_gelu") return Activation::kQuickGelu;
  if (name == "relu") return Activation::kRelu;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "tanh") return Activation::kTanh;
  config.refuse(key, "is '" + name + "', which Fovea does not compute");
}

// {"0": "tench", "1": ...} -> names by class index.
std::vector<std::string> labels_of(const ConfigJson& config, int64_t absent) {
  const ConfigJson map = config.at("id2label");
  const auto count =
      map.json().empty() ? config.size("num_labels", absent, 0) : static_cast<int64_t>(map.json().size());
  std::vector<std::string> labels;
  for (int64_t i = 0; i < count; ++i)
    labels.push_back(map.text(std::to_string(i).c_str(), "LABEL_" + std::to_string(i)));
  return labels;
}

void check_heads(const ConfigJson& config, const char* key, const VitConfig& c) {
  if (c.dim % c.heads)
    config.refuse(key, std::to_string(c.heads) + " does not divide the width " + std::to_string(c.dim));
  if (c.rows() < 1 || c.columns() < 1) config.refuse("image_size", "is smaller than a patch");
}

struct TimmSize {
  const char* name;
  int64_t dim, depth, mlp;
  int heads;
};
constexpr TimmSize kTimmSizes[] = {
    {"tiny", 192, 12, 768, 3},     {"small", 384, 12, 1536, 6},  {"base", 768, 12, 3072, 12},
    {"large", 1024, 24, 4096, 16}, {"huge", 1280, 32, 5120, 16},
};
const std::regex kTimmName(
    R"((vit|deit)_(tiny|small|base|large|huge)_(distilled_)?patch(\d+)_(\d+)(_in21k)?(\..*)?)");

// timm's constructor arguments that change nothing at inference, or that are read below.
constexpr std::array kTimmArgs = {"img_size",       "patch_size",    "embed_dim",       "depth",
                                  "num_heads",      "mlp_ratio",     "qkv_bias",        "in_chans",
                                  "class_token",    "global_pool",   "fc_norm",         "num_classes",
                                  "drop_rate",      "pos_drop_rate", "attn_drop_rate",  "proj_drop_rate",
                                  "drop_path_rate", "weight_init",   "dynamic_img_size"};

void refuse_unknown_args(const ConfigJson& args) {
  for (const auto& [key, value] : args.json().items())
    if (std::find(kTimmArgs.begin(), kTimmArgs.end(), key) == kTimmArgs.end())
      args.refuse("model_args." + key, "is not among what Fovea computes for timm's ViT");
}

}  // namespace

bool is_timm_vit(const std::string& architecture) {
  return std::regex_match(architecture, kTimmName);
}

bool is_torchvision_vit(const std::string& architecture) {
  return std::regex_match(architecture, std::regex("torchvision_vit|vit_(b|l|h)_\\d+"));
}

VitConfig vit_from_transformers(const ConfigJson& config, ModelInfo& info, std::string& backbone) {
  const std::string type = config.text("model_type");
  const std::string fallback = type == "deit" ? "DeiTForImageClassification" : "ViTForImageClassification";
  const nlohmann::json names = config.json().value("architectures", nlohmann::json::array({fallback}));
  if (!names.is_array() || names.empty() || !names[0].is_string())
    config.refuse("architectures", "names no class");
  info.architecture = names[0].get<std::string>();
  const bool bare = info.architecture == "ViTModel" || info.architecture == "DeiTModel";
  const bool teacher = info.architecture == "DeiTForImageClassificationWithTeacher";
  if (!bare && !teacher && info.architecture != "ViTForImageClassification" &&
      info.architecture != "DeiTForImageClassification")
    config.refuse("architectures", "is " + info.architecture + ", which Fovea cannot build");
  backbone = bare ? "" : type + ".";

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
  c.distillation_token = type == "deit";
  if (teacher) c.pool = VitConfig::Pool::kBothTokens;
  c.pooler = bare;
  if (bare) {
    c.pooler_activation = activation_named(config, "pooler_act", "tanh");
    c.pooler_dim = config.size("pooler_output_size", c.dim);
    c.classes = 0;
  } else {
    info.labels = labels_of(config, 2);  // transformers' default
    c.classes = static_cast<int64_t>(info.labels.size());
  }
  check_heads(config, "num_attention_heads", c);
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  return c;
}

VitConfig vit_from_timm(const ConfigJson& config, ModelInfo& info) {
  info.architecture = config.text("architecture");
  std::smatch parts;
  if (!std::regex_match(info.architecture, parts, kTimmName))
    config.refuse("architecture", "is " + info.architecture + ", which Fovea cannot build");
  const ConfigJson args = config.at("model_args"), pretrained = config.at("pretrained_cfg");
  refuse_unknown_args(args);

  VitConfig c;
  for (const TimmSize& size : kTimmSizes)
    if (parts[2] == size.name) {
      c.dim = size.dim, c.depth = size.depth, c.heads = size.heads, c.mlp = size.mlp;
    }
  const double mlp_ratio = static_cast<double>(c.mlp) / static_cast<double>(c.dim);
  c.dim = args.size("embed_dim", c.dim);
  c.depth = args.size("depth", c.depth);
  c.heads = static_cast<int>(args.size("num_heads", c.heads));
  c.mlp = static_cast<int64_t>(static_cast<double>(c.dim) * args.number("mlp_ratio", mlp_ratio));
  std::tie(c.patch_height, c.patch_width) = args.sides("patch_size", std::stoll(parts[4]));
  std::tie(c.image_height, c.image_width) = args.sides("img_size", std::stoll(parts[5]));
  if (!args.has("img_size") && pretrained.has("input_size")) {
    const nlohmann::json& input = pretrained.json()["input_size"];
    if (!input.is_array() || input.size() != 3)
      pretrained.refuse("input_size", "is not [channels, height, width]");
    c.image_height = input[1].is_number_integer() ? input[1].get<int64_t>() : 0;
    c.image_width = input[2].is_number_integer() ? input[2].get<int64_t>() : 0;
    if (c.image_height < 1 || c.image_width < 1) pretrained.refuse("input_size", "is out of range");
  }
  c.channels = args.size("in_chans", 3);
  c.classes =
      args.size("num_classes", config.size("num_classes", pretrained.size("num_classes", 1000, 0), 0), 0);
  c.qkv_bias = args.flag("qkv_bias", true);
  c.class_token = args.flag("class_token", true);
  c.distillation_token = parts[3].matched;
  const std::string pool = args.text("global_pool", config.text("global_pool", "token"));
  if (pool != "token" && pool != "avg")
    config.refuse("global_pool", "is '" + pool + "'; Fovea has token and avg");
  c.pool = pool == "avg"          ? VitConfig::Pool::kMean
           : c.distillation_token ? VitConfig::Pool::kBothTokens
                                  : VitConfig::Pool::kClassToken;
  c.norm_after_pool = args.flag("fc_norm", pool == "avg");
  c.resample = GridResample::kBicubicAntialias;
  check_heads(config, "num_heads", c);
  if (c.pool == VitConfig::Pool::kClassToken && !c.class_token)
    config.refuse("class_token", "is off, but pooled");

  const nlohmann::json& names = config.json().value("label_names", nlohmann::json::array());
  for (int64_t i = 0; i < c.classes; ++i) {
    const auto at = static_cast<size_t>(i);
    info.labels.push_back(at < names.size() && names[at].is_string() ? names[at].get<std::string>()
                                                                     : "LABEL_" + std::to_string(i));
  }
  info.library = "timm";
  info.licence = pretrained.text("license");
  return c;
}

VitConfig vit_from_torchvision(const ConfigJson& config, const Checkpoint& checkpoint, ModelInfo& info) {
  const auto shape = [&](const char* name, int rank) {
    if (!checkpoint.has(name) || checkpoint.shape(name).rank() != rank)
      fail(checkpoint.path().string(), ": no tensor ", name, " of rank ", rank,
           ", as torchvision's ViT has it");
    return checkpoint.shape(name);
  };
  const Shape patch = shape("conv_proj.weight", 4), position = shape("encoder.pos_embedding", 3);
  VitConfig c;
  c.dim = patch[0];
  c.channels = patch[1];
  c.patch_height = patch[2];
  c.patch_width = patch[3];
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(position[1] - 1))));
  std::tie(c.image_height, c.image_width) = config.sides("image_size", side * c.patch_height);
  c.depth = 0;
  while (checkpoint.has("encoder.layers.encoder_layer_" + std::to_string(c.depth) + ".ln_1.weight"))
    ++c.depth;
  const bool older = checkpoint.has("encoder.layers.encoder_layer_0.mlp.linear_1.weight");
  c.mlp = shape(older ? "encoder.layers.encoder_layer_0.mlp.linear_1.weight"
                      : "encoder.layers.encoder_layer_0.mlp.0.weight",
                2)[0];
  c.classes = shape("heads.head.weight", 2)[0];
  c.heads =
      static_cast<int>(config.size("num_heads", std::max<int64_t>(1, c.dim / (c.dim == 1280 ? 80 : 64))));
  c.resample = GridResample::kBicubicAlignCorners;
  check_heads(config, "num_heads", c);
  info.labels = labels_of(config, c.classes);
  info.labels.resize(static_cast<size_t>(c.classes));
  info.architecture = config.text("architecture", "torchvision_vit");
  info.library = "torchvision";
  return c;
}

}  // namespace fovea
