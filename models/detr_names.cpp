#include "models/detr_names.h"

namespace fovea {
namespace {

constexpr NameRule kTransformers[] = {
    {"model.backbone.position_embedding.row_embeddings.", "position.row."},
    {"model.backbone.position_embedding.column_embeddings.", "position.column."},
    {"model.input_projection.", "input.", Change::kDropTrailingOnes},
    {"model.query_position_embeddings.weight", "queries"},
    {"model.encoder.layers.*.self_attn.q_proj.", "encoder.layers.*.attn.q."},
    {"model.encoder.layers.*.self_attn.k_proj.", "encoder.layers.*.attn.k."},
    {"model.encoder.layers.*.self_attn.v_proj.", "encoder.layers.*.attn.v."},
    {"model.encoder.layers.*.self_attn.out_proj.", "encoder.layers.*.attn.out."},
    {"model.encoder.layers.*.self_attn_layer_norm.", "encoder.layers.*.norm1."},
    {"model.encoder.layers.*.fc*.", "encoder.layers.*.mlp.fc*."},
    {"model.encoder.layers.*.final_layer_norm.", "encoder.layers.*.norm2."},
    {"model.encoder.layernorm.", "encoder.norm."},
    {"model.decoder.layers.*.self_attn.q_proj.", "decoder.layers.*.self_attn.q."},
    {"model.decoder.layers.*.self_attn.k_proj.", "decoder.layers.*.self_attn.k."},
    {"model.decoder.layers.*.self_attn.v_proj.", "decoder.layers.*.self_attn.v."},
    {"model.decoder.layers.*.self_attn.out_proj.", "decoder.layers.*.self_attn.out."},
    {"model.decoder.layers.*.self_attn_layer_norm.", "decoder.layers.*.norm1."},
    {"model.decoder.layers.*.encoder_attn.q_proj.", "decoder.layers.*.cross_attn.q."},
    {"model.decoder.layers.*.encoder_attn.k_proj.", "decoder.layers.*.cross_attn.k."},
    {"model.decoder.layers.*.encoder_attn.v_proj.", "decoder.layers.*.cross_attn.v."},
    {"model.decoder.layers.*.encoder_attn.out_proj.", "decoder.layers.*.cross_attn.out."},
    {"model.decoder.layers.*.encoder_attn_layer_norm.", "decoder.layers.*.norm2."},
    {"model.decoder.layers.*.fc*.", "decoder.layers.*.mlp.fc*."},
    {"model.decoder.layers.*.final_layer_norm.", "decoder.layers.*.norm3."},
    {"model.decoder.layernorm.", "decoder.norm."},
    {"class_labels_classifier.", "class_head."},
    {"bbox_predictor.", "box_head."},
};

constexpr NameRule kTransformer[] = {
    {"encoder.layers.*.self_attn.in_proj_weight", "encoder.layers.*.attn.{q,k,v}.weight", Change::kSplit3},
    {"encoder.layers.*.self_attn.in_proj_bias", "encoder.layers.*.attn.{q,k,v}.bias", Change::kSplit3},
    {"encoder.layers.*.self_attn.out_proj.", "encoder.layers.*.attn.out."},
    {"encoder.layers.*.linear*.", "encoder.layers.*.mlp.fc*."},
    {"encoder.layers.*.norm*.", "encoder.layers.*.norm*."},
    {"encoder.norm.", "encoder.norm."},
    {"decoder.layers.*.self_attn.in_proj_weight", "decoder.layers.*.self_attn.{q,k,v}.weight",
     Change::kSplit3},
    {"decoder.layers.*.self_attn.in_proj_bias", "decoder.layers.*.self_attn.{q,k,v}.bias", Change::kSplit3},
    {"decoder.layers.*.self_attn.out_proj.", "decoder.layers.*.self_attn.out."},
    {"decoder.layers.*.multihead_attn.in_proj_weight", "decoder.layers.*.cross_attn.{q,k,v}.weight",
     Change::kSplit3},
    {"decoder.layers.*.multihead_attn.in_proj_bias", "decoder.layers.*.cross_attn.{q,k,v}.bias",
     Change::kSplit3},
    {"decoder.layers.*.multihead_attn.out_proj.", "decoder.layers.*.cross_attn.out."},
    {"decoder.layers.*.linear*.", "decoder.layers.*.mlp.fc*."},
    {"decoder.layers.*.norm*.", "decoder.layers.*.norm*."},
    {"decoder.norm.", "decoder.norm."},
};
constexpr NameRule kOriginal[] = {
    {"backbone.1.row_embed.", "position.row."},
    {"backbone.1.col_embed.", "position.column."},
    {"input_proj.", "input.", Change::kDropTrailingOnes},
    {"query_embed.weight", "queries"},
    {"class_embed.", "class_head."},
    {"bbox_embed.", "box_head."},
};

// Of a model that draws masks, in both.
constexpr NameRule kMasks[] = {
    {"bbox_attention.q_linear.", "masks.q."},   {"bbox_attention.k_linear.", "masks.k."},
    {"mask_head.lay*.", "masks.conv*."},        {"mask_head.gn*.", "masks.norm*."},
    {"mask_head.adapter*.", "masks.adapter*."}, {"mask_head.out_lay.", "masks.out."},
};

}  // namespace

NameTable transformers_detr_names(const std::string& below) {
  NameTable names;
  names.add(kTransformers, below);
  if (!below.empty()) names.add(kMasks);
  return names;
}

NameTable original_detr_transformer_names(const std::string& below) {
  NameTable names;
  names.add(kTransformer, below);
  return names;
}

NameTable original_detr_names(const std::string& below) {
  NameTable names = original_detr_transformer_names(below + "transformer.");
  names.add(kOriginal, below);
  if (!below.empty()) names.add(kMasks);
  return names;
}

}  // namespace fovea
