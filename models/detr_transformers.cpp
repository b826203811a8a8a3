#include "attention/base/shown_name.h"
#include "models/detr_config.h"
#include "models/detr_names.h"
#include "models/transformers_config.h"

namespace fovea {
namespace {

std::vector<std::string> classes_of(const std::string& type) {
  if (type == "detr") return {"DetrForObjectDetection", "DetrForSegmentation"};
  if (type == "conditional_detr") return {"ConditionalDetrForObjectDetection"};
  return {"TableTransformerForObjectDetection"};
}

DetrTransformerConfig transformer_of(const ConfigJson& config) {
  DetrTransformerConfig t;
  t.dim = config.size("d_model", 256);
  t.encoder_layers = config.size("encoder_layers", 6, 0);
  t.decoder_layers = config.size("decoder_layers", 6);
  t.encoder_mlp = config.size("encoder_ffn_dim", 2048);
  t.decoder_mlp = config.size("decoder_ffn_dim", 2048);
  t.encoder_heads = static_cast<int>(config.size("encoder_attention_heads", 8));
  t.decoder_heads = static_cast<int>(config.size("decoder_attention_heads", 8));
  t.activation = transformers_activation(config, "activation_function", "relu");
  t.norm_first = config.text("model_type") == "table-transformer";
  t.norm_between = config.flag("auxiliary_loss", false);
  t.dropout = t.input_dropout = config.share("dropout", 0.1);
  t.attention_dropout = config.share("attention_dropout", 0);
  t.activation_dropout = config.share("activation_dropout", 0);
  t.encoder_layer_drop = config.share("encoder_layerdrop", 0);
  t.decoder_layer_drop = config.share("decoder_layerdrop", 0);
  return t;
}

bool learned_position(const ConfigJson& config) {
  const std::string type = config.text("position_embedding_type", "sine");
  if (type != "sine" && type != "learned")
    config.refuse("position_embedding_type",
                  "is " + shown_name(type) + "; transformers has sine and learned");
  return type == "learned";
}

}  // namespace

DetrDescription detr_from_transformers(const ModelSource& source, ModelInfo& info) {
  constexpr const char* kBackbone = "model.backbone.conv_encoder.model.";
  const ConfigJson& config = *source.config;
  info.architecture = transformers_class(config, classes_of(config.text("model_type")));
  info.labels = transformers_labels(config);
  info.library = "transformers";
  info.id = config.text("_name_or_path");

  DetrDescription d;
  d.backbone = detector_backbone(source, {4});
  d.config.backbone = d.backbone.config;
  d.config.map = d.backbone.maps.back();
  d.config.transformer = transformer_of(config);
  d.config.queries = config.size("num_queries", info.architecture.starts_with("Conditional") ? 300 : 100);
  d.config.classes = static_cast<int64_t>(info.labels.size());
  d.config.learned_position = learned_position(config);
  d.config.every_layer = config.flag("auxiliary_loss", false);
  d.config.masks = info.architecture == "DetrForSegmentation";
  check_detr(config.file(), d.config);
  const std::string below = d.config.masks ? "detr." : "";
  d.names = transformers_detr_names(below);
  d.backbone.add_names(d.names, below + kBackbone);
  return d;
}

}  // namespace fovea
