#include "models/detector_outputs.h"

namespace fovea {
namespace {

class Numbered {
 public:
  explicit Numbered(NamedOutputs& named) : named_(named) {}
  void add(const std::string& list, const Tensor& value) {
    named_[list + "." + std::to_string(counts_[list]++)] = value;
  }

 private:
  NamedOutputs& named_;
  std::map<std::string, int> counts_;
};

}  // namespace

void add_predictions(const DetectorOutput& output, NamedOutputs& named) {
  named["logits"] = output.layers.back().logits;
  named["pred_boxes"] = output.layers.back().boxes;
  for (size_t i = 0; i + 1 < output.layers.size(); ++i) {
    const std::string layer = "auxiliary_outputs." + std::to_string(i) + ".";
    named[layer + "logits"] = output.layers[i].logits;
    named[layer + "pred_boxes"] = output.layers[i].boxes;
  }
}

void add_taps(const Taps& taps, NamedOutputs& named) {
  Numbered numbered(named);
  for (const State& state : taps.states) {
    if (state.name.starts_with("encoder.")) numbered.add("encoder_hidden_states", state.value);
    if (state.name.starts_with("decoder.")) numbered.add("decoder_hidden_states", state.value);
  }
  for (const AttentionMap& map : taps.maps) {
    if (map.name.starts_with("encoder.")) numbered.add("encoder_attentions", map.weights());
    if (map.name.ends_with(".self_attn")) numbered.add("decoder_attentions", map.weights());
    if (map.name.ends_with(".cross_attn")) numbered.add("cross_attentions", map.weights());
  }
}

}  // namespace fovea
