#include "models/deformable_detr_model.h"

#include <memory>

#include "attention/base/error.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"
#include "models/deformable_detr_config.h"

namespace fovea {
namespace {

using Outputs = std::map<std::string, Tensor>;

// [B, ...] each -> [B, tensors, ...]
Tensor stacked(const std::vector<Tensor>& tensors) {
  Tensor all;
  for (const Tensor& x : tensors) {
    const Tensor one = x.view({x.dim(0), 1, x.dim(1), x.dim(2)});
    all = all ? concat(all, one, 1) : one;
  }
  return all;
}

// [B, heads, N, levels * points] -> [B, N, heads, levels, points]
Tensor by_point(const Tensor& weights, const DeformableConfig& c) {
  const Tensor turned = permute(weights, {0, 2, 1, 3});
  return turned.view({turned.dim(0), turned.dim(1), turned.dim(2), c.levels, c.points});
}

void add_series(Outputs& named, const std::string& name, const std::vector<Tensor>& series) {
  for (size_t i = 0; i < series.size(); ++i) named[name + "." + std::to_string(i)] = series[i];
}

void add_maps(Outputs& named, const std::vector<AttentionMap>& maps, const DeformableDetrConfig& c) {
  std::vector<Tensor> encoder, self, cross;
  for (const AttentionMap& map : maps) {
    if (map.name.starts_with("encoder.")) {
      encoder.push_back(by_point(map.value, c.encoder.attention));
    } else if (map.name.ends_with(".cross_attn")) {
      cross.push_back(by_point(map.value, c.decoder.attention));
    } else {
      self.push_back(map.weights());
    }
  }
  add_series(named, "encoder_attentions", encoder);
  add_series(named, "decoder_attentions", self);
  add_series(named, "cross_attentions", cross);
}

// The names and shapes of transformers.
Outputs outputs_of(const DeformableDetr& net, const DetectorInput& input, bool all) {
  Taps taps;
  DeformableDetr::Trace trace;
  const DetectorOutput out = net.detect(input, {.taps = all ? &taps : nullptr}, nullptr, &trace);
  const auto behind_first = [](const std::vector<Tensor>& x) {
    return std::vector<Tensor>(x.begin() + 1, x.end());
  };
  Outputs named{{"logits", out.layers.back().logits},
                {"pred_boxes", out.layers.back().boxes},
                {"init_reference_points", trace.references.front()},
                {"last_hidden_state", trace.decoder_states.back()},
                {"intermediate_hidden_states", stacked(behind_first(trace.decoder_states))},
                {"intermediate_reference_points", stacked(behind_first(trace.references))},
                {"encoder_last_hidden_state", trace.encoder_states.back()}};
  if (trace.token_logits) {
    named["enc_outputs_class"] = trace.token_logits;
    named["enc_outputs_coord_logits"] = trace.token_coordinates;
  }
  if (!all) return named;
  add_series(named, "encoder_hidden_states", trace.encoder_states);
  add_series(named, "decoder_hidden_states", trace.decoder_states);
  add_maps(named, taps.maps, net.config());
  return named;
}

DetectionNetwork wrap(std::shared_ptr<const DeformableDetr> net, const ModelInfo& info) {
  DetectionNetwork network;
  network.info = info;
  network.scores = BoxScores::kSigmoid;
  network.takes_denoising = net->config().two_stage;
  network.detect = [net](const DetectorInput& input, const Pass& pass, const DenoisingQueries* denoising) {
    return net->detect(input, pass, denoising);
  };
  network.outputs = [net](const DetectorInput& input, bool all) { return outputs_of(*net, input, all); };
  return network;
}

// The projections of the backbone's maps are convolutions of one position.
std::map<std::string, Shape> stored_shapes(const DeformableDetrConfig& c, const NameTable& names) {
  std::map<std::string, Shape> shapes;
  for (size_t i = 0; i < c.maps.size(); ++i)
    shapes[stored_name(names.rules(), "input." + std::to_string(i) + ".proj.weight")] = {
        c.dim(), c.map_width(c.maps[i]), 1, 1};
  return shapes;
}

}  // namespace

bool is_deformable_detr(const ModelSource& source) {
  return source.config && source.config->text("model_type") == "deformable_detr";
}

DetectorPlan plan_deformable_detr(const ModelSource& source) {
  DetectorPlan plan;
  DetectorBackbone backbone;
  const DeformableDetrConfig config = deformable_detr_from_transformers(source, plan.info, backbone);
  auto names = std::make_shared<NameTable>(deformable_detr_names(source, config, backbone));
  plan.stored_shapes = stored_shapes(config, *names);
  plan.names = std::move(names);
  plan.heads = {"class_heads"};
  plan.build = [config](const Weights& w, const ModelInfo& info) {
    return wrap(std::make_shared<const DeformableDetr>(config, w), info);
  };
  return plan;
}

}  // namespace fovea
