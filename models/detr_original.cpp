#include "attention/base/error.h"
#include "models/class_labels.h"
#include "models/detr_config.h"
#include "models/detr_names.h"

namespace fovea {
namespace {

// Names of the original; those of a model that draws masks stand below "detr.".
std::string below_of(const Checkpoint& checkpoint) {
  return checkpoint.has("detr.query_embed.weight") ? "detr." : "";
}

std::string body_of(const Checkpoint& checkpoint) {
  return below_of(checkpoint) + "backbone.0.body.";
}

// One axis of a tensor that every checkpoint of the original has.
int64_t size_at(const Checkpoint& checkpoint, const std::string& place, int axis) {
  const std::string name = below_of(checkpoint) + place;
  if (!checkpoint.has(name) || checkpoint.shape(name).rank() <= axis)
    fail(checkpoint.path().string(), ": no tensor ", name,
         ", as the original DETR has it; use a checkpoint of that model");
  return checkpoint.shape(name)[axis];
}

int64_t layers_below(const Checkpoint& checkpoint, const std::string& stack) {
  int64_t layers = 0;
  while (checkpoint.has(below_of(checkpoint) + stack + std::to_string(layers) + ".linear1.weight")) ++layers;
  return layers;
}

// Which ResNet it is, by its deepest blocks.
std::string backbone_of(const Checkpoint& checkpoint) {
  const auto has = [&](const char* block) {
    return checkpoint.has(body_of(checkpoint) + block + ".conv1.weight");
  };
  if (!checkpoint.has(body_of(checkpoint) + "layer1.0.conv3.weight"))
    return has("layer3.5") ? "resnet34" : "resnet18";
  if (has("layer3.35")) return "resnet152";
  return has("layer3.22") ? "resnet101" : has("layer3.5") ? "resnet50" : "resnet26";
}

DetrTransformerConfig transformer_of(const Checkpoint& checkpoint, const ConfigJson& config) {
  const std::string encoder = "transformer.encoder.layers.", decoder = "transformer.decoder.layers.";
  DetrTransformerConfig t;
  t.dim = size_at(checkpoint, "query_embed.weight", 1);
  t.encoder_layers = layers_below(checkpoint, encoder);
  t.decoder_layers = layers_below(checkpoint, decoder);
  if (t.encoder_layers > 0) t.encoder_mlp = size_at(checkpoint, encoder + "0.linear1.weight", 0);
  t.decoder_mlp = size_at(checkpoint, decoder + "0.linear1.weight", 0);
  t.encoder_heads = t.decoder_heads = static_cast<int>(config.size("nheads", 8));
  t.norm_first = checkpoint.has(below_of(checkpoint) + "transformer.encoder.norm.weight");
  t.dropout = t.attention_dropout = t.activation_dropout = 0.1f;  // one for all
  return t;
}

}  // namespace

bool is_original_detr(const ModelSource& source) {
  if (source.config && source.config->has("model_type")) return false;
  if (source.config && source.config->has("architecture"))
    return source.config->text("architecture").starts_with("detr_resnet");
  if (!source.checkpoint) return false;
  const auto has = [&](const char* name) {
    return source.checkpoint->has(below_of(*source.checkpoint) + name);
  };
  return has("transformer.decoder.layers.0.self_attn.in_proj_weight") && has("query_embed.weight") &&
         has("bbox_embed.layers.0.weight");
}

DetrDescription detr_from_original(const ModelSource& source, ModelInfo& info) {
  if (!source.checkpoint)
    fail(source.folder.string(),
         ": the original DETR keeps its sizes in its weights; give a model.safetensors");
  const Checkpoint& checkpoint = *source.checkpoint;
  const ConfigJson config =
      source.config ? *source.config : ConfigJson(source.name("config.json"), std::string("{}"));
  const std::string backbone = backbone_of(checkpoint), below = below_of(checkpoint);
  const bool dilation =
      config.flag("dilation", config.text("architecture").find("_dc5") != std::string::npos);
  ModelSource body = source;
  body.config.emplace(config.file(), nlohmann::json{{"backbone", backbone}, {"dilation", dilation}}.dump());

  DetrDescription d;
  d.backbone = detector_backbone(body, {4});
  d.config.backbone = d.backbone.config;
  d.config.transformer = transformer_of(checkpoint, config);
  d.config.queries = size_at(checkpoint, "query_embed.weight", 0);
  d.config.classes = size_at(checkpoint, "class_embed.weight", 0) - 1;
  d.config.learned_position = checkpoint.has(below + "backbone.1.row_embed.weight");
  d.config.masks = !below.empty();
  const char* const labels = config.has("label_names") ? "label_names" : "id2label";
  if (config.has(labels)) d.config.classes = static_cast<int64_t>(config.json().at(labels).size());
  check_detr(config.file(), d.config);
  info.labels =
      config.has(labels) ? labels_at(config, labels, d.config.classes) : numbered_labels(d.config.classes);
  info.architecture = config.text("architecture", "detr_" + backbone + (dilation ? "_dc5" : ""));
  info.library = "facebookresearch/detr";
  d.names = original_detr_names(below);
  d.backbone.add_names(d.names, body_of(checkpoint));
  return d;
}

}  // namespace fovea
