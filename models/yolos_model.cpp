#include "models/yolos_model.h"

#include "attention/ops/reorder.h"
#include "models/detector_outputs.h"
#include "models/yolos_config.h"

namespace fovea {
namespace {

constexpr NameRule kNames[] = {
    {"vit.embeddings.cls_token", "class_token", Change::kDropLeadingOnes},
    {"vit.embeddings.detection_tokens", "detection_tokens", Change::kDropLeadingOnes},
    {"vit.embeddings.position_embeddings", "position", Change::kDropLeadingOnes},
    {"vit.embeddings.patch_embeddings.projection.", "patch_embed.", Change::kPatchConvToMatrix},
    {"vit.encoder.mid_position_embeddings", "middle_position"},
    {"vit.encoder.layer.*.attention.attention.query.", "layers.*.attn.q."},
    {"vit.encoder.layer.*.attention.attention.key.", "layers.*.attn.k."},
    {"vit.encoder.layer.*.attention.attention.value.", "layers.*.attn.v."},
    {"vit.encoder.layer.*.attention.output.dense.", "layers.*.attn.out."},
    {"vit.encoder.layer.*.intermediate.dense.", "layers.*.mlp.fc1."},
    {"vit.encoder.layer.*.output.dense.", "layers.*.mlp.fc2."},
    {"vit.encoder.layer.*.layernorm_before.", "layers.*.norm1."},
    {"vit.encoder.layer.*.layernorm_after.", "layers.*.norm2."},
    {"vit.layernorm.", "norm."},
    {"class_labels_classifier.", "class_head."},
    {"bbox_predictor.", "box_head."},
};

std::map<std::string, Shape> stored_shapes(const YolosConfig& c) {
  return {{"vit.embeddings.cls_token", {1, 1, c.dim}},
          {"vit.embeddings.detection_tokens", {1, c.queries, c.dim}},
          {"vit.embeddings.position_embeddings", {1, c.tokens(), c.dim}},
          {"vit.embeddings.patch_embeddings.projection.weight",
           {c.dim, c.channels, c.patch_height, c.patch_width}}};
}

void describe_details(const YolosConfig& c, ModelInfo& info) {
  info.embedding = c.dim;
  info.input_height = c.image_height;
  info.input_width = c.image_width;
  info.details = {{"picture", std::to_string(c.image_height) + " x " + std::to_string(c.image_width)},
                  {"patch", std::to_string(c.patch_height) + " x " + std::to_string(c.patch_width)},
                  {"queries", std::to_string(c.queries)},
                  {"layers", std::to_string(c.depth)},
                  {"width", std::to_string(c.dim)},
                  {"heads", std::to_string(c.heads)},
                  {"hidden", std::to_string(c.mlp)},
                  {"classes", std::to_string(c.classes)}};
}

// transformers has the tokens that are asked for boxes last.
Tensor boxes_last(const Tensor& x, int axis, int64_t queries) {
  return concat(slice(x, axis, queries, x.dim(axis) - queries), slice(x, axis, 0, queries), axis);
}

NamedOutputs outputs_of(const Yolos& yolos, const Tensor& images, bool all) {
  const int64_t queries = yolos.config().queries;
  Taps taps;
  const Tensor tokens = yolos.encode(images, all, {.taps = all ? &taps : nullptr});
  NamedOutputs named;
  add_predictions({.layers = {yolos.predict(tokens)}, .tokens = {}, .denoised = {}}, named);
  if (!all) return named;
  named["last_hidden_state"] = boxes_last(tokens, 1, queries);
  for (size_t i = 0; i < taps.states.size(); ++i)
    named["hidden_states." + std::to_string(i)] = boxes_last(taps.states[i].value, 1, queries);
  for (size_t i = 0; i < taps.maps.size(); ++i)
    named["attentions." + std::to_string(i)] =
        boxes_last(boxes_last(taps.maps[i].weights(), 2, queries), 3, queries);
  return named;
}

DetectionNetwork wrap(std::shared_ptr<const Yolos> yolos, const ModelInfo& info) {
  DetectionNetwork network;
  network.info = info;
  network.detect = [yolos](const DetectorInput& input, const Pass& pass, const DenoisingQueries*) {
    DetectorOutput output;
    const bool whole = pass.taps && pass.taps->whole;
    output.layers.push_back(yolos->predict(yolos->encode(input.images, whole, pass)));
    return output;
  };
  network.outputs = [yolos](const DetectorInput& input, bool all) {
    return outputs_of(*yolos, input.images, all);
  };
  network.layout = [yolos](int64_t height, int64_t width) {
    const YolosConfig& c = yolos->config();
    return TokenLayout{.before = c.queries + 1,
                       .rows = height / c.patch_height,
                       .columns = width / c.patch_width,
                       .height = height - height % c.patch_height,
                       .width = width - width % c.patch_width};
  };
  return network;
}

}  // namespace

bool is_yolos(const ModelSource& source) {
  return source.config && source.config->text("model_type") == "yolos";
}

DetectorPlan plan_yolos(const ModelSource& source) {
  DetectorPlan plan;
  const YolosConfig config = yolos_from_transformers(*source.config, plan.info);
  describe_details(config, plan.info);
  NameTable names;
  names.add(kNames);
  plan.names = std::make_shared<const NameTable>(std::move(names));
  plan.stored_shapes = stored_shapes(config);
  plan.heads = {"class_head"};
  plan.build = [config](const Weights& w, const ModelInfo& info) {
    return wrap(std::make_shared<const Yolos>(config, w), info);
  };
  return plan;
}

}  // namespace fovea
