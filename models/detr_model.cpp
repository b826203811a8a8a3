#include "models/detr_model.h"

#include "models/detr_config.h"
#include "models/detr_network.h"

namespace fovea {
namespace {

// The names of transformers. Its last hidden state of the decoder is a normed one.
NamedOutputs outputs_of(const Detr& detr, const DetectorInput& input, bool all) {
  Taps taps;
  const Pass pass{.taps = all ? &taps : nullptr};
  const Detr::Features features = detr.encode(input, pass);
  const std::vector<Tensor> queries = detr.decode(features, detr.config().every_layer, pass);
  DetectorOutput output;
  for (const Tensor& layer : queries) output.layers.push_back(detr.predict(layer));
  NamedOutputs named;
  add_predictions(output, named);
  if (detr.config().masks) named["pred_masks"] = detr.draw_masks(features, queries.back());
  if (!all) return named;
  add_taps(taps, named);
  named["last_hidden_state"] = queries.back();
  named["decoder_hidden_states." + std::to_string(detr.config().transformer.decoder_layers)] = queries.back();
  named["encoder_last_hidden_state"] = features.memory.values;
  return named;
}

}  // namespace

bool is_detr(const ModelSource& source) {
  const std::string type = source.config ? source.config->text("model_type") : "";
  return type == "detr" || type == "table-transformer" || is_original_detr(source);
}

DetectorPlan plan_detr(const ModelSource& source) {
  DetectorPlan plan;
  DetrDescription d = is_original_detr(source) ? detr_from_original(source, plan.info)
                                               : detr_from_transformers(source, plan.info);
  describe_detr(d.config, plan.info);
  const int64_t dim = d.config.transformer.dim;
  plan.stored_shapes[stored_name(d.names.rules(), "input.weight")] = {dim, d.config.map_width(), 1, 1};
  plan.names = std::make_shared<const NameTable>(std::move(d.names));
  plan.heads = {"class_head"};
  if (d.config.masks) plan.fixed = {"masks"};  // boxes do not teach them
  plan.build = [config = d.config](const Weights& w, const ModelInfo& info) {
    const ImageTokensConfig picture{.backbone = config.backbone, .map = config.map, .position = {}};
    return detr_network(std::make_shared<const Detr>(config, w), info, BoxScores::kSoftmax, picture,
                        outputs_of);
  };
  return plan;
}

}  // namespace fovea
