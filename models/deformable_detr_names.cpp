#include <algorithm>

#include "attention/checkpoint/name_pattern.h"
#include "models/deformable_detr_config.h"

namespace fovea {
namespace {

constexpr NameRule kModel[] = {
    {"backbone.position_embedding.row_embeddings.", "position.row."},
    {"backbone.position_embedding.column_embeddings.", "position.column."},
    {"input_proj.*.0.", "input.*.proj.", Change::kDropTrailingOnes},
    {"input_proj.*.1.", "input.*.norm."},
    {"level_embed", "level_embed"},
    {"query_position_embeddings.", "queries."},
    {"reference_points.", "reference."},
    {"enc_output.", "tokens."},
    {"enc_output_norm.", "tokens_norm."},
    {"pos_trans.", "pos_trans."},
    {"pos_trans_norm.", "pos_trans_norm."},
};
// Of deformable attention.
constexpr NameRule kAttention[] = {
    {"sampling_offsets.", "offsets."},
    {"attention_weights.", "weights."},
    {"value_proj.", "value."},
    {"output_proj.", "out."},
};
// Of both kinds of layers.
constexpr NameRule kMlp[] = {
    {"fc1.", "mlp.fc1."},
    {"fc2.", "mlp.fc2."},
    {"final_layer_norm.", "mlp.norm."},
};
constexpr NameRule kEncoder[] = {{"self_attn_layer_norm.", "norm."}};
constexpr NameRule kDecoder[] = {
    {"self_attn.q_proj.", "self_attn.q."},   {"self_attn.k_proj.", "self_attn.k."},
    {"self_attn.v_proj.", "self_attn.v."},   {"self_attn.out_proj.", "self_attn.out."},
    {"self_attn_layer_norm.", "self_norm."}, {"encoder_attn_layer_norm.", "cross_norm."},
};

// Heads that all layers share: only the first of their names is written.
constexpr NameRule kSharedHeads[] = {
    {"class_embed.0.", "class_heads.0."},
    {"bbox_embed.0.", "box_heads.0."},
    {"class_embed.*.", "", Change::kDrop},
    {"bbox_embed.*.", "", Change::kDrop},
};
constexpr NameRule kClassHeads{"class_embed.*.", "class_heads.*."};
constexpr NameRule kBoxHeads{"bbox_embed.*.", "box_heads.*."};

// Heads that the decoder holds too; files without twins keep them under either name.
void add_heads(NameTable& names, const ModelSource& source, const NameRule& rule, bool twins) {
  const std::string decoder = "model.decoder.";
  const std::vector<std::string> stored =
      source.checkpoint ? source.checkpoint->names() : std::vector<std::string>();
  const bool only_inner =
      twins && !stored.empty() && std::none_of(stored.begin(), stored.end(), [&](const std::string& name) {
        return match_pattern(rule.stored, name).has_value();
      });
  names.add({&rule, 1}, only_inner ? decoder : "");
  NameRule twin = rule;
  twin.change = Change::kTwin;
  if (twins) names.add({&twin, 1}, only_inner ? "" : decoder);
}

}  // namespace

NameTable deformable_detr_names(const ModelSource& source, const DeformableDetrConfig& config,
                                const DetectorBackbone& backbone) {
  NameTable names;
  backbone.add_names(names, "model.backbone.conv_encoder.model.");
  names.add(kModel, "model.");
  names.add(kEncoder, "model.encoder.layers.*.", "encoder.*.");
  names.add(kAttention, "model.encoder.layers.*.self_attn.", "encoder.*.attn.");
  names.add(kMlp, "model.encoder.layers.*.", "encoder.*.");
  names.add(kDecoder, "model.decoder.layers.*.", "decoder.*.");
  names.add(kAttention, "model.decoder.layers.*.encoder_attn.", "decoder.*.cross_attn.");
  names.add(kMlp, "model.decoder.layers.*.", "decoder.*.");
  if (config.refine) {
    add_heads(names, source, kClassHeads, config.two_stage);
    add_heads(names, source, kBoxHeads, true);
  } else {
    names.add(kSharedHeads);
  }
  return names;
}

}  // namespace fovea
