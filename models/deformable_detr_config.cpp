#include "models/deformable_detr_config.h"

#include "attention/base/shown_name.h"
#include "models/transformers_config.h"

namespace fovea {
namespace {

int64_t up_to(const ConfigJson& config, const char* key, int64_t absent, int64_t most, int64_t least = 1) {
  const int64_t value = config.size(key, absent, least);
  if (value > most)
    config.refuse(key, "is " + std::to_string(value) + ", more than the " + std::to_string(most) +
                           " that Fovea builds");
  return value;
}

// Of "encoder" or "decoder".
DeformableLayerConfig layer_of(const ConfigJson& config, const std::string& part) {
  constexpr int64_t kMostWidth = 1 << 14, kMostPoints = 64;
  DeformableLayerConfig layer;
  DeformableConfig& attention = layer.attention;
  const std::string heads = part + "_attention_heads";
  attention.dim = up_to(config, "d_model", 256, kMostWidth);
  attention.heads = static_cast<int>(config.size(heads.c_str(), 8));
  attention.levels = static_cast<int>(up_to(config, "num_feature_levels", 4, 16));
  attention.points = static_cast<int>(up_to(config, (part + "_n_points").c_str(), 4, kMostPoints));
  if (attention.dim % attention.heads)
    config.refuse(heads, "is " + std::to_string(attention.heads) + ", which does not divide d_model " +
                             std::to_string(attention.dim));
  layer.mlp = up_to(config, (part + "_ffn_dim").c_str(), 1024, kMostWidth);
  layer.activation = transformers_activation(config, "activation_function", "relu");
  layer.dropout = config.share("dropout", 0.1);
  layer.activation_dropout = config.share("activation_dropout", 0);
  layer.attention_dropout = config.share("attention_dropout", 0);
  return layer;
}

bool learned_positions(const ConfigJson& config) {
  const std::string type = config.text("position_embedding_type", "sine");
  if (type != "sine" && type != "learned")
    config.refuse("position_embedding_type",
                  "is " + shown_name(type) + "; transformers has sine and learned");
  return type == "learned";
}

void check(const ConfigJson& config, const DeformableDetrConfig& c) {
  constexpr int64_t kGroups = 32;  // that the projected maps are normalised in
  const auto maps = static_cast<int64_t>(c.maps.size());
  if (c.dim() % kGroups)
    config.refuse("d_model",
                  "is " + std::to_string(c.dim()) + ", not a multiple of " + std::to_string(kGroups));
  if (c.levels < maps)
    config.refuse("num_feature_levels", "is " + std::to_string(c.levels) + ", and the backbone gives " +
                                            std::to_string(maps) + " maps");
  if (c.two_stage && !c.refine) config.refuse("two_stage", "needs with_box_refine");
}

void describe(const DeformableDetrConfig& c, ModelInfo& info) {
  const auto text = [](int64_t n) { return std::to_string(n); };
  info.embedding = c.dim();
  info.input_height = 800;  // the shorter side; the longer at most 1333
  info.input_width = 1333;
  info.details = {{"levels", text(c.levels)},
                  {"encoder layers", text(c.encoder_layers)},
                  {"decoder layers", text(c.decoder_layers)},
                  {"width", text(c.dim())},
                  {"heads", text(c.decoder.attention.heads)},
                  {"queries", text(c.queries)},
                  {"boxes", c.two_stage ? "proposed, then refined"
                            : c.refine  ? "refined"
                                        : "from points"},
                  {"classes", text(c.classes)}};
}

}  // namespace

DeformableDetrConfig deformable_detr_from_transformers(const ModelSource& source, ModelInfo& info,
                                                       DetectorBackbone& backbone) {
  constexpr int64_t kMostLayers = 64, kMostQueries = 1 << 14;
  const ConfigJson& config = *source.config;
  info.architecture = transformers_class(config, {"DeformableDetrForObjectDetection"});
  info.labels = transformers_labels(config);
  info.library = "transformers";
  info.id = config.text("_name_or_path");
  info.multi_label = true;
  DeformableDetrConfig c;
  c.encoder = layer_of(config, "encoder");
  c.decoder = layer_of(config, "decoder");
  c.levels = c.encoder.attention.levels;
  backbone = detector_backbone(source, c.levels > 1 ? std::vector<size_t>{2, 3, 4} : std::vector<size_t>{4});
  c.backbone = backbone.config;
  c.maps = backbone.maps;
  c.classes = static_cast<int64_t>(info.labels.size());
  c.encoder_layers = up_to(config, "encoder_layers", 6, kMostLayers, 0);
  c.decoder_layers = up_to(config, "decoder_layers", 6, kMostLayers);
  c.learned_positions = learned_positions(config);
  c.refine = config.flag("with_box_refine", false);
  c.two_stage = config.flag("two_stage", false);
  c.queries = up_to(config, c.two_stage ? "two_stage_num_proposals" : "num_queries", 300, kMostQueries);
  check(config, c);
  describe(c, info);
  return c;
}

}  // namespace fovea
