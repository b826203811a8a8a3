#include "models/vit_names.h"

namespace fovea {
namespace {

constexpr NameRule kTransformersBackbone[] = {
    {"embeddings.cls_token", "class_token", Change::kDropLeadingOnes},
    {"embeddings.distillation_token", "distillation_token", Change::kDropLeadingOnes},
    {"embeddings.position_embeddings", "position", Change::kDropLeadingOnes},
    {"embeddings.patch_embeddings.projection.", "patch_embed.", Change::kPatchConvToMatrix},
    {"encoder.layer.*.attention.attention.query.", "layers.*.attn.q."},
    {"encoder.layer.*.attention.attention.key.", "layers.*.attn.k."},
    {"encoder.layer.*.attention.attention.value.", "layers.*.attn.v."},
    {"encoder.layer.*.attention.output.dense.", "layers.*.attn.out."},
    {"encoder.layer.*.intermediate.dense.", "layers.*.mlp.fc1."},
    {"encoder.layer.*.output.dense.", "layers.*.mlp.fc2."},
    {"encoder.layer.*.layernorm_before.", "layers.*.norm1."},
    {"encoder.layer.*.layernorm_after.", "layers.*.norm2."},
    {"layernorm.", "norm."},
};
constexpr NameRule kTransformersHead[] = {{"classifier.", "head."}};
constexpr NameRule kTransformersHeads[] = {
    {"cls_classifier.", "head."},
    {"distillation_classifier.", "distillation_head."},
};
constexpr NameRule kTimm[] = {
    {"cls_token", "class_token", Change::kDropLeadingOnes},
    {"dist_token", "distillation_token", Change::kDropLeadingOnes},
    {"pos_embed", "position", Change::kDropLeadingOnes},
    {"patch_embed.proj.", "patch_embed.", Change::kPatchConvToMatrix},
    {"blocks.*.attn.qkv.", "layers.*.attn.{q,k,v}.", Change::kSplit3},
    {"blocks.*.attn.proj.", "layers.*.attn.out."},
    {"blocks.*.mlp.fc1.", "layers.*.mlp.fc1."},
    {"blocks.*.mlp.fc2.", "layers.*.mlp.fc2."},
    {"blocks.*.norm1.", "layers.*.norm1."},
    {"blocks.*.norm2.", "layers.*.norm2."},
    {"norm.", "norm."},
    {"fc_norm.", "fc_norm."},
    {"head.", "head."},
    {"head_dist.", "distillation_head."},
};
constexpr NameRule kTorchvision[] = {
    {"class_token", "class_token", Change::kDropLeadingOnes},
    {"encoder.pos_embedding", "position", Change::kDropLeadingOnes},
    {"conv_proj.", "patch_embed.", Change::kPatchConvToMatrix},
    {"encoder.layers.encoder_layer_*.self_attention.in_proj_weight", "layers.*.attn.{q,k,v}.weight",
     Change::kSplit3},
    {"encoder.layers.encoder_layer_*.self_attention.in_proj_bias", "layers.*.attn.{q,k,v}.bias",
     Change::kSplit3},
    {"encoder.layers.encoder_layer_*.self_attention.out_proj.", "layers.*.attn.out."},
    {"encoder.layers.encoder_layer_*.mlp.0.", "layers.*.mlp.fc1."},
    {"encoder.layers.encoder_layer_*.mlp.3.", "layers.*.mlp.fc2."},
    {"encoder.layers.encoder_layer_*.mlp.linear_1.", "layers.*.mlp.fc1."},  // before torchvision 0.12
    {"encoder.layers.encoder_layer_*.mlp.linear_2.", "layers.*.mlp.fc2."},
    {"encoder.layers.encoder_layer_*.ln_1.", "layers.*.norm1."},
    {"encoder.layers.encoder_layer_*.ln_2.", "layers.*.norm2."},
    {"encoder.ln.", "norm."},
    {"heads.head.", "head."},
};

constexpr NameRule kMaskToken[] = {{"embeddings.mask_token", "", Change::kDrop}};  // of pretraining alone
constexpr NameRule kUnreadPooler[] = {{"pooler.", "", Change::kDrop}};
constexpr NameRule kPooler[] = {{"pooler.dense.", "pooler."}};

}  // namespace

NameTable transformers_vit_names(const std::string& backbone, bool both_heads) {
  NameTable names;
  names.add(kTransformersBackbone, backbone);
  names.add(kMaskToken, backbone);
  if (backbone.empty()) {
    names.add(kPooler);
  } else {  // a classifier reads the class token itself; some checkpoints carry their pooler along
    names.add(kUnreadPooler, backbone);
    if (!both_heads) names.add(kTransformersHead);  // the first of two is what it is saved as
    names.add(kTransformersHeads);
    if (both_heads) names.add(kTransformersHead);
  }
  return names;
}

NameTable timm_vit_names() {
  NameTable names;
  names.add(kTimm);
  return names;
}

NameTable torchvision_vit_names() {
  NameTable names;
  names.add(kTorchvision);
  return names;
}

}  // namespace fovea
