#include "models/conditional_detr_model.h"

#include "models/conditional_detr.h"
#include "models/detr_config.h"
#include "models/detr_names.h"
#include "models/detr_network.h"

namespace fovea {
namespace {

// Where its names are not DETR's.
constexpr NameRule kNames[] = {
    {"model.decoder.layers.*.sa_qcontent_proj.", "decoder.layers.*.self_attn.q."},
    {"model.decoder.layers.*.sa_qpos_proj.", "decoder.layers.*.self_attn.q_position."},
    {"model.decoder.layers.*.sa_kcontent_proj.", "decoder.layers.*.self_attn.k."},
    {"model.decoder.layers.*.sa_kpos_proj.", "decoder.layers.*.self_attn.k_position."},
    {"model.decoder.layers.*.sa_v_proj.", "decoder.layers.*.self_attn.v."},
    {"model.decoder.layers.*.ca_qcontent_proj.", "decoder.layers.*.cross_attn.q."},
    {"model.decoder.layers.*.ca_qpos_proj.", "decoder.layers.*.cross_attn.q_position."},
    {"model.decoder.layers.*.ca_qpos_sine_proj.", "decoder.layers.*.cross_attn.q_waves."},
    {"model.decoder.layers.*.ca_kcontent_proj.", "decoder.layers.*.cross_attn.k."},
    {"model.decoder.layers.*.ca_kpos_proj.", "decoder.layers.*.cross_attn.k_position."},
    {"model.decoder.layers.*.ca_v_proj.", "decoder.layers.*.cross_attn.v."},
    {"model.decoder.query_scale.", "decoder.scale."},
    {"model.decoder.ref_point_head.", "decoder.centre."},
};

ConditionalDetrConfig config_of(const ConfigJson& json, const DetrConfig& c) {
  if (c.transformer.dim % 4)  // for the queries' centres, whatever the tokens' positions are
    json.refuse("d_model", "is " + std::to_string(c.transformer.dim) + ", which 4 does not divide");
  return {.picture = {.backbone = c.backbone,
                      .map = c.map,
                      .position = {.dim = c.transformer.dim},
                      .learned_position = c.learned_position},
          .transformer = c.transformer,
          .queries = c.queries,
          .classes = c.classes,
          .norms_between = json.flag("auxiliary_loss", false)};
}

NamedOutputs outputs_of(const ConditionalDetr& detr, const DetectorInput& input, bool all) {
  Taps taps;
  const Pass pass{.taps = all ? &taps : nullptr};
  const ConditionalMemory memory = detr.encode(input, pass);
  const Tensor queries = detr.decode(memory, pass).back();
  DetectorOutput output;
  output.layers = {detr.predict(queries)};
  NamedOutputs named;
  add_predictions(output, named);
  if (!all) return named;
  add_taps(taps, named);
  named["last_hidden_state"] = queries;
  named["encoder_last_hidden_state"] = memory.tokens;
  return named;
}

}  // namespace

bool is_conditional_detr(const ModelSource& source) {
  return source.config && source.config->text("model_type") == "conditional_detr";
}

DetectorPlan plan_conditional_detr(const ModelSource& source) {
  DetectorPlan plan;
  const DetrDescription d = detr_from_transformers(source, plan.info);
  const ConditionalDetrConfig config = config_of(*source.config, d.config);
  describe_detr(d.config, plan.info);
  NameTable names;
  names.add(kNames);  // of ours, the first that fits counts
  names.add(transformers_detr_names().rules());
  d.backbone.add_names(names, "model.backbone.conv_encoder.model.");
  plan.stored_shapes[stored_name(names.rules(), "input.weight")] = {config.transformer.dim,
                                                                    config.picture.map_width(), 1, 1};
  plan.names = std::make_shared<const NameTable>(std::move(names));
  plan.heads = {"class_head"};
  plan.build = [config](const Weights& w, const ModelInfo& info) {
    return detr_network(std::make_shared<const ConditionalDetr>(config, w), info, BoxScores::kSigmoid,
                        config.picture, outputs_of);
  };
  return plan;
}

}  // namespace fovea
