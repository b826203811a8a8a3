#include "models/dab_detr_config.h"

#include "models/detr_config.h"
#include "models/transformers_config.h"

namespace fovea {
namespace {

constexpr NameRule kNames[] = {
    {"model.input_projection.", "input.", Change::kDropTrailingOnes},
    {"model.query_refpoint_embeddings.weight", "queries"},
    {"model.patterns.weight", "patterns"},
    {"model.encoder.query_scale.", "encoder.scale."},
    {"model.encoder.layers.*.self_attn.q_proj.", "encoder.layers.*.attn.q."},
    {"model.encoder.layers.*.self_attn.k_proj.", "encoder.layers.*.attn.k."},
    {"model.encoder.layers.*.self_attn.v_proj.", "encoder.layers.*.attn.v."},
    {"model.encoder.layers.*.self_attn.out_proj.", "encoder.layers.*.attn.out."},
    {"model.encoder.layers.*.self_attn_layer_norm.", "encoder.layers.*.norm1."},
    {"model.encoder.layers.*.activation_fn.weight", "encoder.layers.*.mlp.slope"},
    {"model.encoder.layers.*.fc*.", "encoder.layers.*.mlp.fc*."},
    {"model.encoder.layers.*.final_layer_norm.", "encoder.layers.*.norm2."},
    {"model.encoder.norm.", "encoder.norm."},
    {"model.decoder.layers.*.mlp.activation_fn.weight", "decoder.layers.*.mlp.slope"},
    {"model.decoder.layers.*.mlp.fc*.", "decoder.layers.*.mlp.fc*."},
    {"model.decoder.layers.*.mlp.final_layer_norm.", "decoder.layers.*.norm3."},
    {"model.decoder.layernorm.", "decoder.norm."},
    {"model.decoder.query_scale.", "decoder.scale."},
    {"model.decoder.ref_point_head.", "decoder.position."},
    {"model.decoder.ref_anchor_head.", "decoder.size."},
    {"class_embed.", "class_head."},
};

constexpr NameRule kSelfAttention[] = {
    {"self_attn_query_content_proj.", "self_attn.q."},
    {"self_attn_query_pos_proj.", "self_attn.q_position."},
    {"self_attn_key_content_proj.", "self_attn.k."},
    {"self_attn_key_pos_proj.", "self_attn.k_position."},
    {"self_attn_value_proj.", "self_attn.v."},
    {"self_attn.output_proj.", "self_attn.out."},
    {"self_attn_layer_norm.", "norm1."},
};

constexpr NameRule kCrossAttention[] = {
    {"cross_attn_query_content_proj.", "cross_attn.q."},
    {"cross_attn_query_pos_proj.", "cross_attn.q_position."},
    {"cross_attn_query_pos_sine_proj.", "cross_attn.q_waves."},
    {"cross_attn_key_content_proj.", "cross_attn.k."},
    {"cross_attn_key_pos_proj.", "cross_attn.k_position."},
    {"cross_attn_value_proj.", "cross_attn.v."},
    {"cross_attn.output_proj.", "cross_attn.out."},
    {"cross_attn_layer_norm.", "norm2."},
};

// One tensor has both names; a checkpoint has one of them, or both.
constexpr NameRule kBoxesOfDecoder[] = {{"model.decoder.bbox_embed.", "box_head."},
                                        {"bbox_predictor.", "", Change::kDrop}};
constexpr NameRule kBoxesOfHead[] = {{"bbox_predictor.", "box_head."}};

bool has(const ModelSource& source, const std::string& name) {
  return source.checkpoint && source.checkpoint->has(name);
}

NameTable names_of(const ModelSource& source, const DetectorBackbone& backbone) {
  NameTable names;
  names.add(kNames);
  names.add(kSelfAttention, "model.decoder.layers.*.self_attn.", "decoder.layers.*.");
  names.add(kCrossAttention, "model.decoder.layers.*.cross_attn.", "decoder.layers.*.");
  const bool of_head = has(source, "bbox_predictor.layers.0.weight") &&
                       !has(source, "model.decoder.bbox_embed.layers.0.weight");
  names.add(of_head ? NameRules(kBoxesOfHead) : NameRules(kBoxesOfDecoder));
  backbone.add_names(names, "model.backbone.conv_encoder.model.");
  return names;
}

DetrLayerConfig layer_of(const ConfigJson& config, const char* mlp, const char* heads) {
  DetrLayerConfig layer{.dim = config.size("hidden_size", 256),
                        .mlp = config.size(mlp, 2048),
                        .heads = static_cast<int>(config.size(heads, 8))};
  layer.learned_slope = config.text("activation_function", "prelu") == "prelu";
  if (!layer.learned_slope)
    layer.activation = transformers_activation(config, "activation_function", "prelu");
  layer.dropout = config.share("dropout", 0.1);
  layer.attention_dropout = config.share("attention_dropout", 0);
  layer.activation_dropout = config.share("activation_dropout", 0);
  return layer;
}

SinePosition position_of(const ConfigJson& config) {
  SinePosition position{.dim = config.size("hidden_size", 256)};
  position.temperature_y = config.number("temperature_height", 20);
  position.temperature_x = config.number("temperature_width", 20);
  if (!(position.temperature_y > 0)) config.refuse("temperature_height", "is not above 0");
  if (!(position.temperature_x > 0)) config.refuse("temperature_width", "is not above 0");
  position.scale = config.number("sine_position_embedding_scale", position.scale);
  return position;
}

double class_probability(const ConfigJson& config) {
  const double probability = config.number("initializer_bias_prior_prob", 0);
  if (!(probability >= 0 && probability < 1))
    config.refuse("initializer_bias_prior_prob", "is not a probability below 1");
  return probability;
}

// The sizes are such as a DETR may have.
void check(const std::string& file, const DabDetrConfig& c) {
  check_detr(file, {.backbone = c.picture.backbone,
                    .map = c.picture.map,
                    .transformer = {.dim = c.dim(),
                                    .encoder_layers = c.encoder_layers,
                                    .decoder_layers = c.decoder_layers,
                                    .encoder_mlp = c.encoder.mlp,
                                    .decoder_mlp = c.decoder.mlp,
                                    .encoder_heads = c.encoder.heads,
                                    .decoder_heads = c.decoder.heads},
                    .queries = c.queries * (c.patterns + 1),
                    .classes = c.classes});
}

}  // namespace

DabDetrDescription dab_detr_from_transformers(const ModelSource& source, ModelInfo& info) {
  const ConfigJson& config = *source.config;
  info.architecture = transformers_class(config, {"DabDetrForObjectDetection"});
  info.labels = transformers_labels(config);
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  if (config.size("query_dim", 4) != 4) config.refuse("query_dim", "is not 4, a box");

  const DetectorBackbone backbone = detector_backbone(source, {4});
  DabDetrDescription d;
  DabDetrConfig& c = d.config;
  c.picture = {.backbone = backbone.config, .map = backbone.maps.back(), .position = position_of(config)};
  c.encoder = layer_of(config, "encoder_ffn_dim", "encoder_attention_heads");
  c.encoder.activation_dropout = c.encoder.dropout;  // as the library's; it has its own for the decoder only
  c.decoder = layer_of(config, "decoder_ffn_dim", "decoder_attention_heads");
  c.encoder_layers = config.size("encoder_layers", 6);
  c.decoder_layers = config.size("decoder_layers", 6);
  c.encoder_norm = config.flag("normalize_before", false);
  c.adds_positions = config.flag("keep_query_pos", false);
  c.queries = config.size("num_queries", 300);
  c.classes = static_cast<int64_t>(info.labels.size());
  c.patterns = config.size("num_patterns", 0, 0);
  c.class_probability = class_probability(config);
  check(config.file(), c);
  d.names = names_of(source, backbone);
  return d;
}

}  // namespace fovea
