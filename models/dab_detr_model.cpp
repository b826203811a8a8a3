#include "models/dab_detr_model.h"

#include "models/dab_detr_config.h"
#include "models/detr_network.h"

namespace fovea {
namespace {

void describe_details(const DabDetrConfig& c, ModelInfo& info) {
  info.embedding = c.dim();
  info.input_height = 800;  // the shorter side; the longer at most 1333
  info.input_width = 1333;
  info.details = {{"queries", std::to_string(c.queries)},
                  {"patterns", std::to_string(c.patterns)},
                  {"encoder layers", std::to_string(c.encoder_layers)},
                  {"decoder layers", std::to_string(c.decoder_layers)},
                  {"width", std::to_string(c.dim())},
                  {"heads", std::to_string(c.encoder.heads)},
                  {"hidden", std::to_string(c.encoder.mlp)},
                  {"backbone's width", std::to_string(c.picture.map_width())},
                  {"classes", std::to_string(c.classes)}};
}

NamedOutputs outputs_of(const DabDetr& detr, const DetectorInput& input, bool all) {
  Taps taps;
  const Pass pass{.taps = all ? &taps : nullptr};
  const ConditionalMemory memory = detr.encode(input, pass);
  const DabDetr::Layer layer = detr.decode(memory, pass).back();
  DetectorOutput output;
  output.layers = {detr.predict(layer)};
  NamedOutputs named;
  add_predictions(output, named);
  if (!all) return named;
  add_taps(taps, named);
  named["last_hidden_state"] = layer.queries;
  named["encoder_last_hidden_state"] = memory.tokens;
  return named;
}

}  // namespace

bool is_dab_detr(const ModelSource& source) {
  return source.config && source.config->text("model_type") == "dab-detr";
}

DetectorPlan plan_dab_detr(const ModelSource& source) {
  DetectorPlan plan;
  DabDetrDescription d = dab_detr_from_transformers(source, plan.info);
  describe_details(d.config, plan.info);
  plan.stored_shapes[stored_name(d.names.rules(), "input.weight")] = {d.config.dim(),
                                                                      d.config.picture.map_width(), 1, 1};
  plan.names = std::make_shared<const NameTable>(std::move(d.names));
  plan.heads = {"class_head"};
  plan.build = [config = d.config](const Weights& w, const ModelInfo& info) {
    return detr_network(std::make_shared<const DabDetr>(config, w), info, BoxScores::kSigmoid, config.picture,
                        outputs_of);
  };
  return plan;
}

}  // namespace fovea
